"""A drawing as data: one list of numbers, and shapes that say which of them they are made of.

Every coordinate, radius, width, colour, opacity and stop of an SVG is one number, and stays it: shapes that share a
number in the file share it here. A circle is its centre and radius, of which the control points are sums.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from potstill.vectors.paints import Spread
from potstill.vectors.strokes import Cap, Join

Kind = Literal["points", "widths", "colours", "opacities", "stops", "gradients"]
"""What a number is: a length of an outline, the width of a stroke, a part of a colour, an opacity, the offset of a
gradient's stop, or a length of a gradient."""
KINDS: tuple[Kind, ...] = ("points", "widths", "colours", "opacities", "stops", "gradients")
Matrix = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f) of SVG: x' = a x + c y + e, y' = b x + d y + f."""
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
Refs = tuple[int, ...]
"""Places in the list of numbers."""


def compose(outer: Matrix, inner: Matrix) -> Matrix:
    """The matrix that applies `inner` first."""
    a, b, c, d, e, f = outer
    g, h, i, j, k, l = inner
    return (a * g + c * h, b * g + d * h, a * i + c * j, b * i + d * j, a * k + c * l + e, b * k + d * l + f)


def scale_of(matrix: Matrix) -> float:
    """By how much a matrix lengthens, at most about."""
    a, b, c, d, *_ = matrix
    return max((a * a + b * b) ** 0.5, (c * c + d * d) ** 0.5)


def inverse(matrix: Matrix) -> Matrix:
    """The inverse; of a matrix without one, that of the identity, as it draws nothing."""
    a, b, c, d, e, f = matrix
    det = a * d - b * c
    if not math.isfinite(det) or abs(det) < 1e-300:
        return IDENTITY
    return (d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det)


def apply(matrix: Matrix, points: Float[Tensor, "*s 2"]) -> Float[Tensor, "*s 2"]:
    """The points, moved by a matrix."""
    a, b, c, d, e, f = matrix
    x, y = points[..., 0], points[..., 1]
    return torch.stack([a * x + c * y + e, b * x + d * y + f], -1)


@dataclass(frozen=True)
class Outline:
    """Cubic curves whose coordinates are sums of a few numbers with constant weights."""

    index: Int64[Tensor, "curves 4 2 terms"]
    weight: Float64[Tensor, "curves 4 2 terms"]
    straight: Bool[Tensor, " curves"]
    """Lines."""
    implied: Bool[Tensor, " curves"]
    """Lines that close an open path for its fill, and are not stroked."""
    following: Int64[Tensor, " curves"]
    """The curve that goes on at the end of each, or -1 at the end of an open line."""
    starts: Bool[Tensor, " curves"]
    """Where an open line begins."""


@dataclass(frozen=True)
class Flat:
    """One colour, by the place of its red; green and blue come after it."""

    colour: int


@dataclass(frozen=True)
class Gradient:
    """A linear or radial gradient."""

    geometry: Refs
    """(x1, y1, x2, y2) of a linear one, (cx, cy, r, fx, fy) of a radial one."""
    offsets: Refs
    colours: Refs
    """The red of each stop."""
    opacities: Refs
    spread: Spread = "pad"
    boxed: bool = True
    """Whether its units are the bounding box of the shape."""
    matrix: Matrix = IDENTITY


Paint: TypeAlias = Flat | Gradient


@dataclass(frozen=True)
class Stroke:
    """The pen of a stroke."""

    width: int
    """The place of the number."""
    cap: Cap = Cap.BUTT
    join: Join = Join.MITER
    miter_limit: float = 4.0


@dataclass(frozen=True)
class Shape:
    """An outline that is filled, or stroked if it has a stroke."""

    outline: Outline
    paint: Paint
    opacities: Refs = ()
    """Their product is its opacity."""
    matrix: Matrix = IDENTITY
    """From its own units to those of the drawing."""
    even_odd: bool = False
    stroke: Stroke | None = None

    def places(self) -> set[int]:
        """All the numbers that it is made of."""
        found = {*self.outline.index[self.outline.weight != 0].tolist(), *self.opacities}
        if self.stroke:
            found.add(self.stroke.width)
        reds = (self.paint.colour,) if isinstance(self.paint, Flat) else self.paint.colours
        found |= {red + part for red in reds for part in range(3)}
        if isinstance(self.paint, Gradient):
            found |= {*self.paint.geometry, *self.paint.offsets, *self.paint.opacities}
        return found


@dataclass(frozen=True)
class Layer:
    """Nodes that are painted together, and then over what is below with one opacity and clip."""

    nodes: tuple["Node", ...]
    opacities: Refs = ()
    clip: tuple["Node", ...] | None = None
    """Its alpha is the clip."""


@dataclass(frozen=True)
class Still:
    """What is drawn by another program and does not move: RGBA [4, h, w] in [0, 1] for a height and a width."""

    draw: Callable[[int, int], Float[Tensor, "4 h w"]]


Node: TypeAlias = Shape | Layer | Still


@dataclass(frozen=True)
class Sketch:
    """A whole drawing."""

    numbers: Float64[Tensor, " n"]
    kinds: tuple[Kind, ...]
    """Of each number."""
    nodes: tuple[Node, ...]
    """The lowest first."""
    width: float
    """The width of the page, in the units of the nodes."""
    height: float
    page: Matrix = IDENTITY
    """From those units to the page."""
    constant: frozenset[int] = frozenset()
    """The numbers that have no place in a file of their own, or belong to a clip path: they do not move."""
    named: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """The numbers of each element that has an id, and of all within it; a shape without one is called `path:3`, the
    third <path> of its file."""

    def fit(self, height: int, width: int) -> Matrix:
        """The matrix that puts the whole page in the middle of a canvas, as large as it fits."""
        scale = min(width / self.width, height / self.height)
        left, top = (width - scale * self.width) / 2, (height - scale * self.height) / 2
        return compose((scale, 0.0, 0.0, scale, left, top), self.page)

    def frame(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the page on a canvas, in whole pixels: nothing is drawn beyond."""
        scale = min(width / self.width, height / self.height)
        left, top = (width - scale * self.width) / 2, (height - scale * self.height) / 2
        near = 1e-6  # of a pixel
        right, bottom = width - left, height - top
        return math.floor(left + near), math.floor(top + near), math.ceil(right - near), math.ceil(bottom - near)

    def places(self, kind: Kind) -> Int64[Tensor, " k"]:
        """Where the numbers of a kind are."""
        return torch.tensor([place for place, each in enumerate(self.kinds) if each == kind], dtype=torch.int64)
