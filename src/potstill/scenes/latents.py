"""Latents: an image that is optimised where the network sees it."""

from torch import nn

from potstill.diffusion.codec import Codec
from potstill.scenes.scene import Scene, View
from potstill.tensors import Grid, Images


class Latents(Scene):
    """Latents [b, c, h, w], each its own render: encoded once before the run, decoded to be looked at."""

    def __init__(self, latents: Grid, codec: Codec) -> None:
        """Start at the latents given."""
        super().__init__()
        self.latents = nn.Parameter(latents.detach().clone())
        self.codec = codec

    @property
    def images(self) -> Images:
        """The latents, decoded."""
        return self.codec.decode(self.latents)

    def forward(self, view: View) -> Grid:
        """The latents."""
        return self.latents
