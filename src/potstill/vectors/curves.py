"""Cubic curves, and the straight edges that stand for them."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from potstill.vectors.coverage import Edges

Curves = Float[Tensor, "curves 4 2"]
"""Cubic Bezier curves by their four control points."""

TOLERANCE = 0.015
"""How far an edge may be from its curve, in pixels."""
MOST = 256
"""The most edges of a curve; one that needs more is thousands of pixels long."""


def edge_counts(curves: Curves, straight: Bool[Tensor, " curves"]) -> Int64[Tensor, " curves"]:
    """How many edges a curve needs: sqrt(3 m / (4 tolerance)), with m its largest second difference.

    An edge over 1 / n of the curve is at most max |B''| / (8 n²) from it, and |B''| is at most 6 m.
    """
    p = curves.detach()
    second = p[:, :-2] - 2 * p[:, 1:-1] + p[:, 2:]
    counts = (second.norm(dim=2).amax(1) * (0.75 / TOLERANCE)).sqrt().ceil().clamp(1, MOST)
    return torch.where(straight, 1.0, counts).long()


def positions(counts: Int64[Tensor, " curves"]) -> tuple[Int64[Tensor, " edges"], Float[Tensor, "edges 2"]]:
    """The curve of each edge, and where on it the edge begins and ends, in [0, 1], in float64."""
    index = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    number = torch.arange(len(index), device=counts.device) - (counts.cumsum(0) - counts)[index]
    return index, torch.stack([number, number + 1], 1) / counts[index, None].double()


def bernstein(t: Float[Tensor, "*s"]) -> Float[Tensor, "*s 4"]:
    """The weights of the four control points at t."""
    s = 1 - t
    return torch.stack([s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t], -1)


def tangents(t: Float[Tensor, "*s"]) -> Float[Tensor, "*s 4"]:
    """The weights of the four control points in the derivative at t."""
    s = 1 - t
    return 3 * torch.stack([-s * s, s * s - 2 * s * t, 2 * s * t - t * t, t * t], -1)


def weighted(weights: Float[Tensor, "edges *k 4"], curves: Float[Tensor, "edges 4 2"]) -> Float[Tensor, "edges *k 2"]:
    """Sums of control points, in the dtype of the curves."""
    return (weights.to(curves)[..., None] * curves.reshape(len(curves), *[1] * (weights.ndim - 2), 4, 2)).sum(-2)


def flatten(curves: Curves, straight: Bool[Tensor, " curves"]) -> tuple[Edges, Int64[Tensor, " edges"]]:
    """The edges of curves given in pixels, and the curve of each.

    The ends of a curve are its first and last control point to the bit, so what is closed stays closed.
    """
    index, t = positions(edge_counts(curves, straight))
    return weighted(bernstein(t), curves.index_select(0, index)), index
