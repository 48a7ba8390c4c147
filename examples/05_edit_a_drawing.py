"""Edit an SVG with two prompts: a red heart becomes a blue one, in the same file with new numbers.

Needs `pip install potstill[vector]`.
"""

from pathlib import Path

import torch
from torch import Generator

from potstill import Guided, distill, load
from potstill.io.files import writable_folder, write
from potstill.io.images import png_bytes
from potstill.io.svg import read_svg
from potstill.methods import DDS
from potstill.optimizers import Adam
from potstill.scenes import Chosen, Drawing

HEART = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <!-- a heart, and the light on it -->
  <path id="heart" fill="#f8312f" d="M16 28.5C9 24 2 18 2 11.3C2 6.5 5.4 4 9 4c3 0 5.6 1.8 7 4.6C17.4 5.8 20 4 23 4
    c3.6 0 7 2.5 7 7.3C30 18 23 24 16 28.5z"/>
  <ellipse id="light" cx="8.5" cy="9.5" rx="2.2" ry="3" fill="#ff8c8a" transform="rotate(30 8.5 9.5)"/>
</svg>
"""
TRUTH = HEART.replace("#f8312f", "#0074ba").replace("#ff8c8a", "#5ab4e6")
SIZE = 64

model, rng = load("emoji"), Generator().manual_seed(0)


def drawing(text: str) -> Drawing:
    """The scene of a file."""
    return Drawing(read_svg(text.encode()).sketch, model.codec, SIZE, SIZE, chosen=Chosen(("points", "colours")))


svg, scene = read_svg(HEART.encode()), drawing(HEART)
steps = distill(
    scene,
    Guided(model, 3.0),
    DDS(),
    source=model.encode_prompt("fluent red heart"),
    target=model.encode_prompt("fluent blue heart"),
    steps=60,
    rng=rng,
    optimizer=Adam(scene.groups({"points": 0.0005, "colours": 0.02})),
)
for step in steps:
    if step.index % 20 == 0:
        print(f"step {step.index}: distance from the source {step.distance:.2f}")

text = svg.text(scene.numbers[0])
print(text)
with torch.no_grad():
    red, blue, result = (drawing(each).images for each in (HEART, TRUTH, text))
before, after = ((picture - blue).square().mean().sqrt() for picture in (red, result))
print(f"root mean square error to the blue heart: {before:.3f} before, {after:.3f} after")
folder = writable_folder(Path("docs/pictures"))
write(folder / "drawing.svg", text.encode())
write(folder / "drawing.png", png_bytes(torch.cat([red, result, blue], 3), {}))
