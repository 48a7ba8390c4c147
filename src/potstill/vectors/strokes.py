"""Strokes as outlines: filled under the non-zero rule they cover what the pen does.

The two sides of a curve are its offsets p + h n and p - h n by half the width, with n the normal at the point, the one
forward and the other back. Where curves meet, the outer side has the join and the inner one goes through the corner;
the ends have caps. All of it is differentiable in the points and in the width.
"""

from dataclasses import dataclass
from enum import IntEnum

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from potstill.vectors.coverage import Edges
from potstill.vectors.curves import TOLERANCE, Curves, bernstein, edge_counts, positions, tangents, weighted

Vectors = Float[Tensor, "*s 2"]


class Join(IntEnum):
    """How two segments meet on the outer side."""

    MITER = 0
    ROUND = 1
    BEVEL = 2


class Cap(IntEnum):
    """How an open line ends."""

    BUTT = 0
    ROUND = 1
    SQUARE = 2


@dataclass(frozen=True)
class Pen:
    """How each of the curves is stroked.

    Attributes:
        half: half the width, in the units of the points.
        following: the curve that goes on from the end, or -1 where a line ends.
        starts: whether an open line begins with the curve.
        join: a `Join`.
        cap: a `Cap`.
        miter_limit: the length of a miter over the width, above which it becomes a bevel.
        scale: pixels per unit, for the number of edges.
    """

    half: Float[Tensor, " curves"]
    following: Int64[Tensor, " curves"]
    starts: Bool[Tensor, " curves"]
    join: Int64[Tensor, " curves"]
    cap: Int64[Tensor, " curves"]
    miter_limit: Float[Tensor, " curves"]
    scale: Float[Tensor, " curves"]


def outlines(curves: Curves, straight: Bool[Tensor, " curves"], pen: Pen) -> tuple[Edges, Int64[Tensor, " edges"]]:
    """The edges of the outlines, in the units of the points, and the curve that each belongs to."""
    begin, end, empty = _end_directions(curves)
    kept = None
    if empty.any():
        kept, pen = _without(empty, pen)
        curves, straight, begin, end = (each[kept] for each in (curves, straight, begin, end))
    sides = _sides(curves, straight, begin, end, pen)
    met = (pen.following >= 0).nonzero()[:, 0]
    joins = _joins(curves[met, 3], end[met], begin[pen.following[met]], met, pen)
    last = (pen.following < 0).nonzero()[:, 0]
    first = pen.starts.nonzero()[:, 0]
    tips = torch.cat([curves[last, 3], curves[first, 0]])
    caps = _caps(tips, torch.cat([end[last], -begin[first]]), torch.cat([last, first]), pen)
    edges, owners = zip(sides, joins, caps, strict=True)
    owner = torch.cat(owners)
    return torch.cat(edges), owner if kept is None else kept[owner]


def _without(empty: Bool[Tensor, " curves"], pen: Pen) -> tuple[Int64[Tensor, " kept"], Pen]:
    """The curves that have a length, and one of each line that has none, with the pen for them."""
    following, starts = pen.following.clone(), pen.starts.clone()
    for _ in range(len(empty).bit_length()):  # each round leads twice as far
        beyond = following[following.clamp(min=0)]
        following = torch.where((following >= 0) & empty[following.clamp(min=0)], beyond, following)
    first = (pen.starts & empty).nonzero()[:, 0]
    after = following[first]
    starts[after[after >= 0]] = True
    around = empty & (following >= 0) & empty[following.clamp(min=0)]  # closed, and empty all round
    back = around & (pen.following <= torch.arange(len(empty), device=empty.device))
    alone = torch.zeros_like(empty)
    alone[first[after < 0]] = True
    alone[pen.following[back]] = True
    kept = (~empty | alone).nonzero()[:, 0]
    place = torch.full_like(following, -1)
    place[kept] = torch.arange(len(kept), device=empty.device)
    following = torch.where((following < 0) | alone, -1, place[following.clamp(min=0)])
    own = vars(pen) | {"following": following, "starts": starts | alone}
    return kept, Pen(**{name: value[kept] for name, value in own.items()})


def _unit(vectors: Vectors) -> Vectors:
    """Vectors of length 1; (1, 0) for those without a direction."""
    length = vectors.square().sum(-1, keepdim=True)
    none = length < 1e-24
    along = torch.tensor([1.0, 0.0], dtype=vectors.dtype, device=vectors.device)
    return torch.where(none, along, vectors / torch.where(none, 1.0, length).sqrt())


def _normal(directions: Vectors) -> Vectors:
    return torch.stack([-directions[..., 1], directions[..., 0]], -1)


def _end_directions(curves: Curves) -> tuple[Vectors, Vectors, Bool[Tensor, " curves"]]:
    """The directions at both ends, towards the nearest control point that is not the end itself; (1, 0) for a curve of
    no length but that of rounding, and which those are."""
    ways = curves[:, 1:] - curves[:, :1], curves[:, 3:] - curves[:, :3].flip(1)
    fixed = curves.detach()
    size, reach = (fixed - fixed[:, :1]).abs().amax((1, 2)), fixed.abs().amax((1, 2))
    empty = size <= 8 * torch.finfo(curves.dtype).eps * reach
    found = []
    for way in ways:
        far = way.detach().abs().amax(2) > 1e-6 * size[:, None]
        pick = far.long().argmax(1)
        nearest = way[torch.arange(len(way), device=way.device), pick]
        found.append(_unit(torch.where(empty[:, None], 0.0, nearest)))
    return found[0], found[1], empty


def _arc_counts(angle: Float[Tensor, " n"], half: Float[Tensor, " n"], scale: Float[Tensor, " n"]) -> Tensor:
    """The edges of an arc, each at most a tolerance from it: r (1 - cos(angle / 2 n)) < r angle² / (8 n²)."""
    return (angle.abs() * (half * scale / (8 * TOLERANCE)).clamp(min=0).sqrt()).ceil().clamp(2, 256).long()


def _sides(
    curves: Curves, straight: Bool[Tensor, " curves"], begin: Vectors, end: Vectors, pen: Pen
) -> tuple[Edges, Int64[Tensor, " edges"]]:
    """Both offsets of every curve."""
    legs = (curves[:, 1:] - curves[:, :-1]).detach()
    dot, cross = _dot(legs[:, :-1], legs[:, 1:]), _cross(legs[:, :-1], legs[:, 1:])
    turn = torch.atan2(cross, dot).abs().sum(1)
    needed = _arc_counts(turn, pen.half.detach(), pen.scale)
    flat = edge_counts(curves.detach() * pen.scale[:, None, None], straight)
    index, t = positions(torch.where(straight, 1, torch.maximum(flat, needed)))
    own = curves.index_select(0, index)
    points = weighted(bernstein(t), own)
    inner = _unit(weighted(tangents(t), own))
    at_ends = torch.where((t == 0)[..., None], begin[index, None], end[index, None])
    normals = _normal(torch.where(((t == 0) | (t == 1))[..., None], at_ends, inner))
    offset = pen.half[index, None, None] * normals
    return torch.cat([points + offset, (points - offset).flip(1)]), index.repeat(2)


def _joins(
    corner: Vectors, u: Vectors, v: Vectors, curve: Int64[Tensor, " corners"], pen: Pen
) -> tuple[Edges, Int64[Tensor, " edges"]]:
    """Both sides of the corners between directions u and v: from corner + h n(u) to corner + h n(v), or back."""
    half, join = pen.half[curve], pen.join[curve]
    angle = torch.atan2(_cross(u, v), _dot(u, v))
    counts = torch.where(join == Join.ROUND, _arc_counts(angle.detach(), half.detach(), pen.scale[curve]), 2)
    index, t = positions(counts)
    t = t.to(corner)[..., None]
    p, h, a, n = (each[index, None] for each in (corner, half[:, None], angle[:, None], _normal(u)))
    after = _normal(v)[index, None]
    opened = 1 + _dot(u, v)
    limit = pen.miter_limit[curve]
    sharp = (join == Join.MITER) & (limit * limit * opened.detach() >= 2)
    tip = (_normal(u) + _normal(v)) / torch.where(sharp, opened, 2.0)[:, None]
    rounded = n * (a * t).cos() + _normal(n) * (a * t).sin()
    bent = torch.where(t == 0, n, torch.where(t == 1, after, tip[index, None]))
    outer = torch.where((join == Join.ROUND)[index, None, None], torch.where(t == 1, after, rounded), bent)
    inner = torch.where(t == 0, n, torch.where(t == 1, after, 0.0))
    left = p + h * torch.where(a < 0, outer, inner)
    right = p - h * torch.where(a < 0, inner, outer)
    return torch.cat([left, right.flip(1)]), curve[index].repeat(2)


def _caps(
    tip: Vectors, outward: Vectors, curve: Int64[Tensor, " tips"], pen: Pen
) -> tuple[Edges, Int64[Tensor, " edges"]]:
    """The ends of lines, from tip + h n to tip - h n."""
    half, cap = pen.half[curve], pen.cap[curve]
    turn = torch.full_like(half.detach(), torch.pi)
    counts = torch.where(cap == Cap.ROUND, _arc_counts(turn, half.detach(), pen.scale[curve]), 3)
    index, t = positions(counts)
    t, kind = t.to(tip)[..., None], cap[index, None, None]
    n, e = _normal(outward)[index, None], outward[index, None]
    across = torch.where(t < 0.5, 1.0, -1.0)
    out = torch.where((kind == Cap.SQUARE) & (t > 0) & (t < 1), 1.0, 0.0)
    ends = (t == 0) | (t == 1)
    rounded = (kind == Cap.ROUND) & ~ends
    sideways = torch.where(rounded, (torch.pi * t).cos(), across)
    onward = torch.where(rounded, (torch.pi * t).sin(), out)
    return tip[index, None] + half[index, None, None] * (sideways * n + onward * e), curve[index]


def _dot(a: Vectors, b: Vectors) -> Float[Tensor, "*s"]:
    return (a * b).sum(-1)


def _cross(a: Vectors, b: Vectors) -> Float[Tensor, "*s"]:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
