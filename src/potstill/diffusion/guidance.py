"""Other ways to guide than `Guided`: rescaled, within an interval of times, and away from prompts at right angles."""

import math
from dataclasses import dataclass

import torch

from potstill.diffusion.prior import Condition, Guidance, Prediction, Query, predict
from potstill.errors import InputError
from potstill.tensors import Latent, Times, per_sample


@dataclass(frozen=True)
class Rescaled(Guidance):
    """Guidance whose output keeps the contrast of the conditional prediction (arXiv 2305.08891, section 3.4).

        v = (1 - rescale + rescale std(v_cond) / std(v_guided)) v_guided,   v = alpha eps - sigma x_0

    with the standard deviation over each sample. Guidance of a large scale overexposes; this takes the
    excess out again. The formula stands for what a network predicts, and the paper's predict v; it is
    applied to v here whatever the network predicts. 0 is `Guided`.

    Raises:
        InputError: the rescale is not in [0, 1].
    """

    rescale: float = 0.7

    def __post_init__(self) -> None:
        """Check the rescale."""
        check_rescale(self.rescale)

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Both branches, combined and rescaled."""
        cond, uncond = self.branches(x_t, t, condition)
        guided = combine(cond, uncond, self.scale)
        if not self.rescale:
            return guided
        alpha, sigma = (per_sample(c, x_t) for c in self.schedule(t))
        v_cond, v = cond.v(alpha, sigma), guided.v(alpha, sigma)
        ratio = _spread(v_cond) / _spread(v).clamp(min=torch.finfo(v.dtype).tiny)
        return Prediction.from_v(v.lerp(per_sample(ratio, v) * v, self.rescale), x_t, alpha, sigma)


@dataclass(frozen=True)
class Interval(Guidance):
    """Guidance at times from `low` to `high` only, fractions of the schedule; elsewhere conditional (arXiv 2404.07724).

    At large times guidance takes variety away, at small ones it does nothing useful. The unconditional branch
    is asked only where some sample lies within. [0, 1] is `Guided`.

    Raises:
        InputError: low and high are not in order within [0, 1].
    """

    low: float = 0.2
    high: float = 0.8

    def __post_init__(self) -> None:
        """Check the interval."""
        check_interval(self.low, self.high)

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Both branches, combined where t is inside."""
        span = self.schedule.duration
        inside = (t >= self.low * span) & (t <= self.high * span)
        if not inside.any():
            return predict(self.prior, Query(x_t, t, condition))[0]
        cond, uncond = self.branches(x_t, t, condition)
        scale = per_sample(torch.where(inside, self.scale, 1.0), x_t)
        return Prediction(*(u.lerp(c, scale.expand_as(c)) for c, u in zip(cond, uncond, strict=True)))


@dataclass(frozen=True)
class PerpNeg(Guidance):
    """Away from prompts, but only at right angles to the prompt itself (Perp-Neg, arXiv 2304.04968).

        eps = eps_uncond + scale (d - sum_i weight_i (d_i - (d_i · d / |d|²) d)),
        d = eps_cond - eps_uncond,   d_i = eps_avoided_i - eps_uncond

    What an avoided prompt has in common with the prompt is left alone, so "side view" can be told not to be
    "front view" and loses nothing of the object. `negative` replaces the empty condition, as in `Guided`.

    Raises:
        InputError: not one weight for each avoided condition, or a weight that is not finite.
    """

    avoided: tuple[Condition, ...] = ()
    weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check the weights."""
        if len(self.weights) != len(self.avoided) or not all(map(math.isfinite, self.weights)):
            raise InputError(
                f"weights = {self.weights} for {len(self.avoided)} avoided conditions: give a finite one for each"
            )

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """All branches in one call; x_0 and eps are combined with the same numbers."""
        told = (condition, {**condition, **self.opposite}, *({**condition, **other} for other in self.avoided))
        cond, uncond, *others = predict(self.prior, *(Query(x_t, t, each) for each in told))
        d = cond.eps - uncond.eps
        toward, away = torch.ones_like(d.flatten(1)[:, 0]), []
        for weight, other in zip(self.weights, others, strict=True):
            shared = _dot(other.eps - uncond.eps, d) / _dot(d, d).clamp(min=torch.finfo(d.dtype).tiny)
            toward = toward + weight * shared
            away.append((weight, other))
        parts = []
        for index in range(2):  # x_0, then eps
            u = uncond[index]
            step = per_sample(toward, u) * (cond[index] - u)
            for weight, other in away:
                step = step - weight * (other[index] - u)
            parts.append(u + self.scale * step)
        return Prediction(*parts)


def check_rescale(rescale: float) -> None:
    """Raise unless it is in [0, 1].

    Raises:
        InputError: it is not.
    """
    if not 0 <= rescale <= 1:
        raise InputError(f"rescale = {rescale} must be in [0, 1]: 0 is plain guidance, 0.7 is usual")


def check_interval(low: float, high: float) -> None:
    """Raise unless they are in order within [0, 1].

    Raises:
        InputError: they are not.
    """
    if not 0 <= low <= high <= 1:
        raise InputError(f"guidance from {low} to {high} must satisfy 0 <= low <= high <= 1")


def combine(cond: Prediction, uncond: Prediction, scale: float) -> Prediction:
    """uncond + scale (cond - uncond)."""
    return Prediction(*(u.lerp(c, scale) for c, u in zip(cond, uncond, strict=True)))


def _spread(x: Latent) -> Times:
    """The standard deviation of each sample, [b]."""
    return x.flatten(1).std(dim=1, correction=0)


def _dot(a: Latent, b: Latent) -> Times:
    """a · b for each sample, [b]."""
    return (a * b).flatten(1).sum(1)
