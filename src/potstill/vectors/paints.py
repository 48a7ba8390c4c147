"""Gradients: the colour of every pixel, differentiable in the stops and in the geometry."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Points = Float[Tensor, "b rows columns 2"]
Along = Float[Tensor, "b rows columns"]
"""Where on a gradient a pixel lies: 0 at the first stop, 1 at the last."""
Spread = Literal["pad", "reflect", "repeat"]


def linear(points: Points, geometry: Float[Tensor, "b 4"]) -> Along:
    """(p - a) . (b - a) / |b - a|², with `geometry` = (a_x, a_y, b_x, b_y); 1 where a = b."""
    a, along = geometry[:, None, None, :2], (geometry[:, 2:] - geometry[:, :2])[:, None, None]
    length = along.square().sum(-1)
    none = length == 0
    return torch.where(none, 1.0, ((points - a) * along).sum(-1) / torch.where(none, 1.0, length))


def radial(points: Points, geometry: Float[Tensor, "b 5"]) -> Along:
    """The t of the largest circle through p, with the centre f + t (c - f) and the radius t r.

    With d = p - f it solves t² (r² - |c - f|²) + 2 t d . (c - f) = |d|².

    `geometry` = (c_x, c_y, r, f_x, f_y). A focal point f outside of the circle counts as the nearest within it.
    """
    c, r, f = geometry[:, :2], geometry[:, 2].abs().clamp(min=1e-9), geometry[:, 3:]
    away = f - c
    distance = away.square().sum(-1)
    off = distance > (0.999 * r).square()
    shrunk = away * (0.999 * r / torch.where(off, distance, 1.0).sqrt())[:, None]
    away = torch.where(off[:, None], shrunk, away)
    d = points - (c + away)[:, None, None]
    across = -(d * away[:, None, None]).sum(-1)
    a = (r.square() - away.square().sum(-1))[:, None, None]
    root = (across.square() + a * d.square().sum(-1)).clamp(min=1e-18).sqrt()
    return (root - across) / a


def spread(t: Along, how: Spread) -> Along:
    """Beyond 0 and 1: the colour of the end, back and forth, or again and again."""
    if how == "pad":
        return t
    if how == "reflect":
        return (t - 2 * (t.detach() / 2).round()).abs()
    return torch.where(t == 1, t, t - t.detach().floor())


def stops(
    t: Along, offsets: Float[Tensor, "b stops"], colours: Float[Tensor, "b stops 4"]
) -> Float[Tensor, "b 4 rows columns"]:
    """Colours between stops: c_0 + sum_k (c_{k + 1} - c_k) clamp((t - o_k) / (o_{k + 1} - o_k), 0, 1).

    An offset counts at least as much as those before it.
    """
    offsets = offsets.clamp(0, 1).cummax(1).values
    gaps = (offsets[:, 1:] - offsets[:, :-1])[:, :, None, None]
    jump = gaps < 1e-7
    rise = (t[:, None] - offsets[:, :-1, None, None]) / torch.where(jump, 1.0, gaps)
    shares = torch.where(jump, (rise >= 0).to(rise), rise.clamp(0, 1))
    steps = colours[:, 1:] - colours[:, :-1]
    return colours[:, 0, :, None, None] + torch.einsum("bsc,bshw->bchw", steps, shares)
