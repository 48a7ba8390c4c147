"""Exact coverage: the share of every pixel that a path covers, and its exact derivative.

The winding area of a pixel, the integral of the winding number over it, is found as font rasterisers find it. Every
edge is cut where it crosses from a pixel into another. A piece that goes down by dy at the distance f in [0, 1] from
the left side of its pixel covers dy (1 - f) of this pixel and dy of all pixels to the right of it, so it adds
dy (1 - f) here and dy f to the next pixel of a row whose running sum is the area.

The derivative needs no running sum. If the points of an edge from a to b move by v, the area of a pixel changes by

    - integral over the piece in the pixel of (v_x (b_y - a_y) - v_y (b_x - a_x)) du,

the area that the piece sweeps (the terms of the ends cancel along a closed path).

All sums are of multiples of 2^-44 in float64 and hence exact: their order does not matter, the rows of all boxes are
summed in one running sum, and no path depends on another.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable

Edges = Float[Tensor, "edges 2 2"]
"""Directed straight edges from [:, 0] to [:, 1], in pixels, x before y."""

_GRID = 2.0**44


@dataclass(frozen=True)
class Boxes:
    """Where each path lies on the canvas, in pixels, and its place in the packed areas.

    Attributes:
        left, top, width, height: of each path.
        start: where its rows begin; a row has `width` + 1 entries, the last of which collects what is beyond.
        size: the number of entries in all.
    """

    left: Int64[Tensor, " paths"]
    top: Int64[Tensor, " paths"]
    width: Int64[Tensor, " paths"]
    height: Int64[Tensor, " paths"]
    start: Int64[Tensor, " paths"]
    size: int


@dataclass(frozen=True)
class _Pieces:
    """The edges, cut at every side of a pixel. From u - du / 2 to u + du / 2 along `edge`, in the pixel `place`."""

    edge: Int64[Tensor, " pieces"]
    place: Int64[Tensor, " pieces"]
    inside: Float[Tensor, " pieces"]
    """1 within the box, 0 to its left or right."""
    u: Float[Tensor, " pieces"]
    du: Float[Tensor, " pieces"]
    dy: Float[Tensor, " pieces"]
    """How far it goes down, a multiple of the grid."""
    share: Float[Tensor, " pieces"]
    """How much of dy belongs to the next pixel."""


def winding_areas(edges: Edges, path: Int64[Tensor, " edges"], boxes: Boxes) -> Float[Tensor, " size"]:
    """The winding areas of all boxes, packed: positive where edges run counter-clockwise on the screen.

    Args:
        edges: the edges; those of a path must close, and may leave its box.
        path: the path of each edge.
        boxes: the boxes of the paths.
    """
    return _WindingAreas.apply(edges, path, boxes)


class _WindingAreas(torch.autograd.Function):
    @staticmethod
    def forward(ctx, edges: Edges, path: Int64[Tensor, " edges"], boxes: Boxes) -> Float[Tensor, " size"]:
        pieces = _cut(edges.detach().double(), path, boxes)
        ctx.pieces = pieces
        ctx.save_for_backward(edges)
        second = _on_grid(pieces.dy * pieces.share)
        areas = edges.new_zeros(boxes.size, dtype=torch.float64)
        areas.index_add_(0, pieces.place, pieces.dy - second)
        areas.index_add_(0, pieces.place + (pieces.inside > 0), second)
        return areas.cumsum_(0).to(edges.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx, *outputs: Float[Tensor, " size"]):  # type: ignore[override]
        (edges,), pieces = ctx.saved_tensors, ctx.pieces
        slope = outputs[0][pieces.place] * (pieces.du * pieces.inside).to(outputs[0])
        at_end = slope * pieces.u.to(slope)
        weights = slope.new_zeros(len(edges), 2)
        weights.index_add_(0, pieces.edge, torch.stack([slope - at_end, at_end], 1))
        along = edges[:, 1] - edges[:, 0]
        normal = torch.stack([-along[:, 1], along[:, 0]], 1)
        return weights[:, :, None] * normal[:, None], None, None


def _on_grid(values: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    return (values * _GRID).round_() / _GRID


def _spread(counts: Int64[Tensor, " n"]) -> tuple[Int64[Tensor, " m"], Int64[Tensor, " m"]]:
    """For every one of `counts`, its index that many times, and 0, 1, 2, ... beside it."""
    index = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    return index, torch.arange(len(index), device=counts.device) - (counts.cumsum(0) - counts)[index]


def _cut(edges: Edges, path: Int64[Tensor, " edges"], boxes: Boxes) -> _Pieces:
    """Cut edges first at rows, then at columns.

    In a row, an edge runs from (x, y) to (x + dx, y + dy) from above to below, or along it if it is horizontal.
    """
    (xa, xb), y = edges[:, :, 0].T, _on_grid(edges[:, :, 1])
    ya, yb = y.T
    falls = yb >= ya
    y_low, y_high = torch.where(falls, ya, yb), torch.where(falls, yb, ya)
    x_low, rise = torch.where(falls, xa, xb), torch.where(falls, xb - xa, xa - xb)
    drop = y_high - y_low
    top, bottom = boxes.top[path], boxes.top[path] + boxes.height[path]
    above = y_low.floor()
    first = torch.maximum(above, top.double()).minimum(bottom.double()).long()
    last = torch.maximum(y_high.ceil() - 1, above).minimum(bottom - 1.0).maximum(top - 1.0).long()
    edge, row = _spread((last - first + 1).clamp_(min=0))
    row += first[edge]

    low, fall = y_low[edge], drop[edge]
    from_y = torch.maximum(low, row.double())
    to_y = torch.minimum(y_high[edge], row.double() + 1)
    level = fall == 0
    scale = torch.where(level, 0.0, 1 / torch.where(level, 1.0, fall))
    v = (from_y - low) * scale
    dv = torch.where(level, 1.0, (to_y - low) * scale - v)
    owner = path[edge]
    x, dx = x_low[edge] + v * rise[edge] - boxes.left[owner], dv * rise[edge]
    dy = to_y - from_y

    width = boxes.width[owner]
    back = dx < 0
    x_left, across = torch.where(back, x + dx, x), dx.abs()
    start = x_left.clamp(min=-1).minimum(width.double()).floor_().long()
    last = (x_left + across).clamp(min=-1).minimum(width + 1.0).ceil_().long() - 1
    piece, column = _spread(torch.maximum(last - start, torch.zeros_like(last)) + 1)
    first, last = column == 0, column == (last - start).clamp_(min=0)[piece]
    column += start[piece]
    x_left, across, dy, wide = x_left[piece], across[piece], dy[piece], width[piece]
    offset = column - x_left
    upright = across == 0
    scale = torch.where(upright, 0.0, 1 / torch.where(upright, 1.0, across))
    # The end of a piece is the beginning of the next one to the bit, so that nothing of an edge is lost
    begin = torch.where(first, 0.0, (offset * scale).clamp_(0, 1))
    end = torch.where(last, 1.0, ((column + 1 - x_left) * scale).clamp_(0, 1))
    inside = ((column >= 0) & (column < wide)).double()
    share = ((begin + end) * across / 2 - offset).clamp_(0, 1) * inside
    edge, owner = edge[piece], owner[piece]
    signed = torch.where(falls[edge], 1.0, -1.0)
    down = signed * (_on_grid(dy * end) - _on_grid(dy * begin))
    middle = (begin + end) / 2
    u = v[piece] + dv[piece] * torch.where(back[piece], 1 - middle, middle)
    u = torch.where(falls[edge], u, 1 - u)
    place = boxes.start[owner] + (row[piece] - boxes.top[owner]) * (wide + 1) + column.clamp_(min=0)
    return _Pieces(edge, place, inside, u, (end - begin) * dv[piece], down, share)


def non_zero(areas: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """The coverage under the non-zero rule, min(|area|, 1).

    Exact wherever a pixel has no two overlapping parts of one path; otherwise an approximation, and only in the pixels
    along their outlines.
    """
    return areas.abs().clamp(max=1)


def even_odd(areas: Float[Tensor, "*s"]) -> Float[Tensor, "*s"]:
    """The coverage under the even-odd rule: the distance of the area to the nearest even number."""
    return (areas - 2 * (areas / 2).round()).abs()
