"""Regularisers of drawings: small penalties on their curves, in units of the canvas."""

import abc
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from potstill.fields import Weighted
from potstill.vectors.curves import Curves


@dataclass(frozen=True)
class Traced:
    """The curves of all shapes and samples, with points in [0, 1] on the canvas.

    Attributes:
        curves: the control points.
        straight: which of them are lines.
        following: the curve that goes on at the end of each, or -1.
        path: the shape and sample of each, from 0 up.
    """

    curves: Curves
    straight: Bool[Tensor, " curves"]
    following: Int64[Tensor, " curves"]
    path: Int64[Tensor, " curves"]

    def areas(self) -> Float[Tensor, " paths"]:
        """The signed area of each path, the integral of (x dy - y dx) / 2 along its curves."""
        p0, p1, p2, p3 = self.curves.unbind(1)
        sums = 6 * _cross(p0, p1) + 3 * _cross(p0, p2) + _cross(p0, p3) + 3 * _cross(p1, p2) + 3 * _cross(p1, p3)
        each = (sums + 6 * _cross(p2, p3)) / 20
        count = int(self.path.max()) + 1 if len(self.path) else 0
        return each.new_zeros(count).index_add(0, self.path, each)


@dataclass(frozen=True)
class CurveRegularizer(Weighted, abc.ABC):
    """A penalty on the curves of a drawing: 0 where there is nothing to object to."""

    @abc.abstractmethod
    def __call__(self, now: Traced, start: Traced) -> Float[Tensor, ""]:
        """The penalty, without the weight, of the curves as they are `now`; `start` is how the drawing began."""


@dataclass(frozen=True)
class NoCrossing(CurveRegularizer):
    """Handles of one curve should not cross (Xing loss of LIVE, arXiv 2206.04655, equation 6).

    With the handles a = p1 - p0, b = p2 - p1 and c = p3 - p2, and s the sine of the angle from a to c, it is the mean
    over curves of max(0, -s) where a turns left into b, and of max(0, s) where it turns right.
    """

    def __call__(self, now: Traced, start: Traced) -> Float[Tensor, ""]:
        """See the class."""
        curves = now.curves[~now.straight]
        a, b, c = (curves[:, 1:] - curves[:, :-1]).unbind(1)
        sine = _cross(a, c) / (_length(a) * _length(c))
        return torch.where(_cross(a, b).detach() > 0, -sine, sine).clamp(min=0).sum() / max(len(curves), 1)


@dataclass(frozen=True)
class Smooth(CurveRegularizer):
    """Curves that were smooth where they meet stay so: the mean of 1 - cos(angle) over these joints."""

    degrees: float = 10.0
    """The largest angle of a smooth joint at the start."""

    def __call__(self, now: Traced, start: Traced) -> Float[Tensor, ""]:
        """See the class."""
        met = now.following >= 0
        smooth = _cosine(start, met).detach() > torch.cos(torch.deg2rad(torch.tensor(self.degrees)))
        return (1 - _cosine(now, met)[smooth]).sum() / max(int(smooth.sum()), 1)


@dataclass(frozen=True)
class KeepArea(CurveRegularizer):
    """Paths keep their area: the mean over paths of (area - its start)², in units of the canvas."""

    def __call__(self, now: Traced, start: Traced) -> Float[Tensor, ""]:
        """See the class."""
        return (now.areas() - start.areas().detach()).square().mean()


def _cosine(traced: Traced, met: Bool[Tensor, " curves"]) -> Float[Tensor, " joints"]:
    """The cosine of the turn where one curve follows another."""
    end = traced.curves[met]
    begin = traced.curves[traced.following[met]]
    u, v = end[:, 3] - end[:, 2], begin[:, 1] - begin[:, 0]
    return (u * v).sum(1) / (_length(u) * _length(v))


def _cross(a: Float[Tensor, "n 2"], b: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _length(a: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
    return (a.square().sum(1) + 1e-20).sqrt()
