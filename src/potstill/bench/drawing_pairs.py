"""Drawings with true edits: pairs of emoji as SVG, both ends of the same elements.

The file is made by `training/drawing_pairs.py` from the pairs of pictures. The groups are `colour`, `background`,
`skin`, `recolour` and `part` (one of two emoji changes its colour). The splits are those of the pictures: the bundled
model was trained on every source and on the answers of `seen`, but not on those of `held-out`.
"""

import json
import lzma
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from potstill.bench.emoji_pairs import Pair
from potstill.io.svg import SvgFile, read_svg
from potstill.tensors import Images
from potstill.vectors import Renderer

FILE = Path(__file__).parent / "drawing_pairs.jsonl.xz"
SIDE = 256
"""Pixels of the pictures of a pair."""


@dataclass(frozen=True)
class DrawingPair:
    """An edit of a drawing and its true answer, as SVG."""

    name: str
    group: str
    split: str
    source: str
    """The prompt that describes the drawing."""
    target: str
    """The prompt that describes the answer."""
    drawing: str
    """The SVG."""
    answer: str
    """The SVG of the true result."""

    def pair(self) -> Pair:
        """As a pair of pictures, with the drawings beside them."""
        about = (self.name, self.group, self.split, self.source, self.target)
        pictures = (picture(read(text)) for text in (self.drawing, self.answer))
        return Pair(*about, *pictures, drawing=self.drawing, drawn_answer=self.answer)


@cache
def drawing_pairs() -> tuple[DrawingPair, ...]:
    """All pairs of drawings."""
    lines = lzma.decompress(FILE.read_bytes()).decode().splitlines()
    return tuple(DrawingPair(**json.loads(line)) for line in lines)


@cache
def read(text: str) -> SvgFile:
    """The SVG of one end of a pair."""
    return read_svg(text.encode())


def picture(file: SvgFile, side: int = SIDE) -> Images:
    """The picture of a drawing over white."""
    sketch = file.sketch
    with torch.no_grad():
        return Renderer(sketch, side, side)(sketch.numbers[None].float(), torch.ones(1, 3)).clamp(0, 1)
