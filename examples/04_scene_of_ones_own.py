"""Text to a scene of one's own: a picture of few colours, each pixel a mixture of them, becomes a red heart.

`distill` optimises any `torch.nn.Module` whose `forward` renders it. This one has no views, so `forward` takes nothing.
"""

from pathlib import Path

import torch
from torch import Generator, nn
from torch.optim import Adam

from potstill import Guided, distill, load
from potstill.io.files import writable_folder, write
from potstill.io.images import png_bytes
from potstill.methods import SDI
from potstill.methods.noise import Inverted

COLOURS, SIZE = 5, 64


class PalettePicture(nn.Module):
    """A palette, and how much of each of its colours every pixel has."""

    def __init__(self, codec, rng: Generator) -> None:
        """Start from random colours, all of which every pixel has."""
        super().__init__()
        self.codec = codec
        self.palette = nn.Parameter(torch.rand(COLOURS, 3, generator=rng))
        self.shares = nn.Parameter(torch.randn(COLOURS, SIZE, SIZE, generator=rng) / 10)

    def image(self) -> torch.Tensor:
        """The picture, [1, 3, h, w] in [0, 1]."""
        shares = (3 * self.shares).softmax(0)
        return torch.einsum("khw,kc->chw", shares, self.palette.clamp(0, 1))[None]

    def forward(self) -> torch.Tensor:
        """The render, in the space of the model."""
        return self.codec.encode(self.image())


model, rng = load("emoji"), Generator().manual_seed(0)
scene = PalettePicture(model.codec, rng)
steps = distill(
    scene,
    Guided(model, 7.5),
    SDI(noise=Inverted(steps=4)),
    target=model.encode_prompt("red heart"),
    steps=40,
    rng=rng,
    optimizer=Adam(scene.parameters(), lr=0.07),
)
for step in steps:
    if step.index % 10 == 0:
        print(f"step {step.index}: t = {int(step.t[0])}, loss {step.loss:.0f}, {step.evaluations} evaluations")
with torch.no_grad():
    print("palette:", [[round(part, 2) for part in colour] for colour in scene.palette.clamp(0, 1).tolist()])
    write(writable_folder(Path("docs/pictures")) / "palette.png", png_bytes(scene.image(), {}))
