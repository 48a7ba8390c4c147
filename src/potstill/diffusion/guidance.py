"""Guidance: a rule combines the conditional and the unconditional prediction, and `Guided` applies it to a prior."""

import abc
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from potstill.diffusion.prior import Condition, Prediction, Prior, Query, call, concatenate
from potstill.diffusion.schedule import Schedule
from potstill.diffusion.wrappers import Wrapper, unwrap
from potstill.errors import InputError
from potstill.fields import Checked, check_number, is_number, shown
from potstill.tensors import Latent, Times, per_sample

LARGEST_SCALE = 1000.0
"""The largest guidance scale, of either sign; larger ones overflow, and 5 to 15 are usual."""


def check_scale(scale: object, name: str = "guidance scale") -> None:
    """Raise unless this can be a guidance scale.

    Raises:
        InputError: it is no number, or its size is above 1,000.
    """
    if not is_number(scale, -LARGEST_SCALE, LARGEST_SCALE):
        raise InputError(f"{name} = {shown(scale)} must be from -1000 to 1000; 1.5 to 7.5 are usual")


def guide(cond: Prediction, uncond: Prediction, scale: float | Tensor) -> Prediction:
    """uncond + scale (cond - uncond), classifier-free guidance (arXiv 2207.12598).

    The scale has diffusers' meaning: 0 is unconditional, 1 conditional. Code that writes cond + s (cond - uncond) has
    scale s + 1. A tensor holds one scale for each sample, [b, 1, ...].
    """
    scales = (scale.expand_as(c) if isinstance(scale, Tensor) else scale for c in cond)
    return Prediction(*(u.lerp(c, s) for c, u, s in zip(cond, uncond, scales, strict=True)))


class Branches(NamedTuple):
    """The predictions that guidance combines, each [b, ...], and where they were made."""

    cond: Prediction
    uncond: Prediction
    avoided: list[tuple[float, Prediction]]
    """Further predictions to lead away from, each with its weight."""
    x_t: Latent
    t: Times
    schedule: Schedule


@dataclass(frozen=True)
class GuidanceRule(Checked, abc.ABC):
    """How the predictions of the branches are combined. It knows no network, so it is a setting, too."""

    takes_avoided: ClassVar[bool] = False
    """Whether there are branches for further conditions to avoid."""

    def needs(self, scale: float, t: Times, schedule: Schedule) -> tuple[bool, bool]:
        """Whether the conditional and the unconditional branch are needed at these times. One alone is the result."""
        return True, True

    @abc.abstractmethod
    def __call__(self, branches: Branches, scale: float) -> Prediction:
        """The guided prediction, [b, ...]; the scale has the meaning of `guide`."""


@dataclass(frozen=True)
class Plain(GuidanceRule):
    """Classifier-free guidance, uncond + scale (cond - uncond) (arXiv 2207.12598).

    At scale 0 and 1 it needs one branch only.
    """

    def needs(self, scale: float, t: Times, schedule: Schedule) -> tuple[bool, bool]:
        """The branches that the scale leaves."""
        return scale != 0, scale != 1

    def __call__(self, branches: Branches, scale: float) -> Prediction:
        """`guide`."""
        return guide(branches.cond, branches.uncond, scale)


@dataclass(frozen=True)
class Rescaled(GuidanceRule):
    """Guidance that keeps the contrast of the conditional prediction (arXiv 2305.08891, section 3.4).

        v = (1 - rescale + rescale std(v_cond) / std(v_guided)) v_guided,   v = alpha eps - sigma x_0

    The standard deviation is over each sample. Guidance of a large scale overexposes, which this undoes. The paper's
    networks predict v; the rule is applied to v here whatever the network predicts. 0 is `Plain`.

    Raises:
        InputError: the rescale is not in [0, 1].
    """

    rescale: float = 0.7

    def __post_init__(self) -> None:
        """Check the rescale."""
        super().__post_init__()
        check_number("rescale", self.rescale, 0.0, 1.0, usual="0.7")

    def __call__(self, branches: Branches, scale: float) -> Prediction:
        """Guided, then rescaled."""
        guided = guide(branches.cond, branches.uncond, scale)
        if not self.rescale:
            return guided
        alpha, sigma = (per_sample(c, branches.x_t) for c in branches.schedule(branches.t))
        v_cond, v = branches.cond.v(alpha, sigma), guided.v(alpha, sigma)
        ratio = _deviation(v_cond) / _deviation(v).clamp(min=torch.finfo(v.dtype).tiny)
        return Prediction.from_v(v.lerp(per_sample(ratio, v) * v, self.rescale), branches.x_t, alpha, sigma)


@dataclass(frozen=True)
class Interval(GuidanceRule):
    """Guidance at times from `low` to `high` only, fractions of the schedule; elsewhere conditional (arXiv 2404.07724).

    At large times guidance reduces variety, and at small ones it has no use. The unconditional branch is computed only
    if some sample lies inside. [0, 1] is `Plain`.

    Raises:
        InputError: low and high are not in order within [0, 1].
    """

    low: float = 0.2
    high: float = 0.8

    def __post_init__(self) -> None:
        """Check the interval."""
        super().__post_init__()
        if not 0 <= self.low <= self.high <= 1:
            raise InputError(f"guidance from {self.low} to {self.high} must satisfy 0 <= low <= high <= 1")

    def needs(self, scale: float, t: Times, schedule: Schedule) -> tuple[bool, bool]:
        """The unconditional branch inside of the interval."""
        return True, bool(self._inside(t, schedule).any())

    def __call__(self, branches: Branches, scale: float) -> Prediction:
        """`guide`, with scale 1 for samples outside."""
        scales = torch.where(self._inside(branches.t, branches.schedule), scale, 1.0)
        return guide(branches.cond, branches.uncond, per_sample(scales, branches.x_t))

    def _inside(self, t: Times, schedule: Schedule) -> Tensor:
        return (t >= self.low * schedule.duration) & (t <= self.high * schedule.duration)


@dataclass(frozen=True)
class PerpNeg(GuidanceRule):
    """Away from the avoided conditions, but only at right angles to the prompt (Perp-Neg, arXiv 2304.04968).

        eps = eps_uncond + scale (d - sum_i weight_i (d_i - (d_i · d / |d|²) d)),
        d = eps_cond - eps_uncond,   d_i = eps_avoided_i - eps_uncond

    What an avoided prompt has in common with the prompt is left alone: "side view" avoids "front view" and loses
    nothing of the object. As a setting it avoids the negative prompt, beside the empty one. Without avoided conditions
    it is `Plain`.
    """

    weight: float = 1.0
    """The weight of the negative prompt, beside 1 of the prompt. It multiplies those of the avoided conditions."""

    takes_avoided: ClassVar[bool] = True

    def __call__(self, branches: Branches, scale: float) -> Prediction:
        """All branches, combined with the same numbers for x_0 and eps."""
        cond, uncond, avoided = branches[:3]
        d = cond.eps - uncond.eps
        toward, away = torch.ones_like(d.flatten(1)[:, 0]), []
        for share, other in avoided:
            weight = self.weight * share
            shared = _dot(other.eps - uncond.eps, d) / _dot(d, d).clamp(min=torch.finfo(d.dtype).tiny)
            toward = toward + weight * shared
            away.append((weight, other))
        parts = []
        for index in range(2):  # x_0, then eps
            u = uncond[index]
            step = per_sample(toward, u) * (cond[index] - u)
            for weight, other in away:
                step = step - weight * (other[index] - u)
            parts.append(u + scale * step)
        return Prediction(*parts)


GUIDANCE_RULES: tuple[type[GuidanceRule], ...] = (Plain, Rescaled, Interval, PerpNeg)
"""Every rule."""


@dataclass(frozen=True)
class Guided(Wrapper):
    """A prior under guidance. All branches of all queries are one call.

    Args:
        prior: the denoiser.
        scale: of the guidance: 0 is unconditional, 1 conditional, as in diffusers (see `guide`).
        negative: takes the place of the empty condition; entries that it lacks, such as a camera, are the
            condition's own.
        rule: how the branches are combined.
        avoided: further conditions to lead away from, each with its weight, for a rule such as `PerpNeg`.

    Raises:
        InputError: the scale is not from -1000 to 1000, the rule takes no conditions to avoid, or a weight is not
            finite.
    """

    scale: float
    negative: Condition = field(default_factory=dict)
    rule: GuidanceRule = Plain()
    avoided: tuple[tuple[float, Condition], ...] = ()

    def __post_init__(self) -> None:
        """Check the scale, the rule and the avoided conditions."""
        super().__post_init__()
        check_scale(self.scale)
        if not isinstance(self.negative, Mapping):
            raise InputError(f"negative = {shown(self.negative)} must be a condition: pass prior.encode_prompt(...)")
        if not isinstance(self.rule, GuidanceRule):
            raise InputError(f"rule = {shown(self.rule)} must be a guidance rule such as Plain() or Rescaled(0.7)")
        if self.avoided and not self.rule.takes_avoided:
            raise InputError(f"{type(self.rule).__name__}() takes no conditions to avoid: use PerpNeg(), or negative")
        if not all(map(math.isfinite, weights := [weight for weight, _ in self.avoided])):
            raise InputError(f"weights = {weights} of the avoided conditions must be finite; 1 is usual")

    @property
    def guidance_scale(self) -> float:
        """The scale."""
        return self.scale

    @property
    def negative_condition(self) -> Condition:
        """The negative condition, over the empty one."""
        return {**self.prior.unconditional, **self.negative}

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The guided prediction."""
        return self.answer([Query(x_t, t, condition)])

    def answer(self, queries: Sequence[Query]) -> Prediction:
        """The guided predictions of all queries, from one call of the prior for all branches of all of them."""
        cond, uncond = map(any, zip(*(self.rule.needs(self.scale, q.t, self.schedule) for q in queries), strict=True))
        changes: list[Condition] = [{}] if cond else []
        if uncond:
            changes += [self.negative_condition, *(condition for _, condition in self.avoided if cond)]
        asked = [q._replace(condition={**q.condition, **change}) for change in changes for q in queries]
        x_t, t, condition = concatenate(asked)
        hat = call(self.prior, Query(x_t, t, condition))
        if len(changes) == 1:
            return hat
        size, count = len(x_t) // len(changes), len(changes)
        parts = [Prediction(*pair) for pair in zip(hat.x0.chunk(count), hat.eps.chunk(count), strict=True)]
        avoided = [(weight, part) for (weight, _), part in zip(self.avoided, parts[2:], strict=True)]
        x_t = queries[0].x_t if len(queries) == 1 else x_t[:size]  # or its gradient would count the copies twice
        branches = Branches(parts[0], parts[1], avoided, x_t, t[:size], self.schedule)
        return self.rule(branches, self.scale)


def with_scale(prior: Prior, scale: float) -> Prior:
    """The prior at another guidance scale, inside of the wrappers that it has.

    Guidance that is there keeps its rule, except that at scale 0 and 1 it is the one branch alone. Without any, a
    network that takes a scale as an input gets it, another one is wrapped in `Guided`, and a prior that takes no
    condition, which has nothing to compare, stays as it is.
    """
    if isinstance(prior, Guided):
        return Guided(prior.prior, scale, prior.negative) if scale in (0, 1) else replace(prior, scale=scale)
    if isinstance(prior, Wrapper) and not prior.of_network:
        return replace(prior, prior=with_scale(prior.prior, scale))
    if not unwrap(prior).unconditional:
        return prior
    return prior.with_distilled_scale(scale) or Guided(unguided(prior), scale)


def unguided(prior: Prior) -> Prior:
    """The prior without guidance, in the other wrappers that it has. Methods that compare branches use it.

    Raises:
        InputError: the prior takes no condition, so there are no branches to compare.
    """
    if isinstance(prior, Wrapper):
        inner = unguided(prior.prior)
        return inner if isinstance(prior, Guided) else replace(prior, prior=inner)
    if not prior.unconditional:
        raise InputError(
            f"{type(prior).__name__} takes no condition, so its conditional and unconditional predictions are the "
            "same: use a method that does not compare them, such as SDS or SDI"
        )
    return prior.with_distilled_scale(1.0) or prior


def _deviation(x: Latent) -> Times:
    """The standard deviation of each sample, [b]."""
    return x.flatten(1).std(dim=1, correction=0)


def _dot(a: Latent, b: Latent) -> Times:
    """a · b for each sample, [b]."""
    return (a * b).flatten(1).sum(1)
