"""A frozen denoiser, what it predicts, and guidance as a wrapper around it."""

import abc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from potstill.diffusion.schedule import Schedule
from potstill.errors import InputError
from potstill.tensors import Latent, Times, per_sample

Condition: TypeAlias = Mapping[str, Tensor]
"""What the denoiser is told beside x_t and t (labels, embeddings, a camera), batch first, of length 1 or b."""


class Prediction(NamedTuple):
    """One network output, as clean data and as noise: x_t = alpha_t x0 + sigma_t eps.

    The constructors take x_t and the coefficients alpha, sigma already shaped like it (`per_sample`).
    """

    x0: Latent
    eps: Latent

    @classmethod
    def from_eps(cls, eps: Latent, x_t: Latent, alpha: Tensor, sigma: Tensor) -> "Prediction":
        """x0 = (x_t - sigma eps) / alpha."""
        return cls((x_t - sigma * eps) / alpha, eps)

    @classmethod
    def from_x0(cls, x0: Latent, x_t: Latent, alpha: Tensor, sigma: Tensor) -> "Prediction":
        """eps = (x_t - alpha x0) / sigma."""
        return cls(x0, (x_t - alpha * x0) / sigma)

    @classmethod
    def from_v(cls, v: Latent, x_t: Latent, alpha: Tensor, sigma: Tensor) -> "Prediction":
        """v = alpha eps - sigma x0 (arXiv 2202.00512, appendix D), for any alpha and sigma."""
        norm = alpha**2 + sigma**2
        return cls((alpha * x_t - sigma * v) / norm, (sigma * x_t + alpha * v) / norm)

    @classmethod
    def from_flow(cls, velocity: Latent, x_t: Latent, alpha: Tensor, sigma: Tensor) -> "Prediction":
        """velocity = eps - x0, the derivative of x_t on a rectified flow, for any alpha and sigma."""
        norm = alpha + sigma
        return cls((x_t - sigma * velocity) / norm, (x_t + alpha * velocity) / norm)

    def v(self, alpha: Tensor, sigma: Tensor) -> Latent:
        """v = alpha eps - sigma x0."""
        return alpha * self.eps - sigma * self.x0

    @property
    def velocity(self) -> Latent:
        """eps - x0."""
        return self.eps - self.x0


class Prior(abc.ABC):
    """A frozen denoiser: what it is asked is x_t, t and a condition; what it knows is its schedule."""

    schedule: Schedule

    @abc.abstractmethod
    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Predict x0 and eps for each sample; every entry of the condition has b rows."""

    @property
    @abc.abstractmethod
    def unconditional(self) -> Condition:
        """The condition that says nothing: one row."""

    def counted(self, tally: "Tally") -> "Prior":
        """This prior, whose network counts what it is asked."""
        return Counted(self, tally)

    def guided(self, scale: float) -> "Prior":
        """This prior under classifier-free guidance of another scale."""
        return Guided(self, scale)

    @property
    def bare(self) -> "Prior":
        """This prior without guidance: methods that compare its branches ask them one by one here."""
        return self

    @property
    def guidance_scale(self) -> float:
        """The scale of its guidance; 1 without any."""
        return 1.0

    @property
    def opposite(self) -> Condition:
        """What guidance leads away from, one row: the negative prompt where there is one, else the empty one."""
        return self.unconditional

    @property
    def renders(self) -> "Prior":
        """The model of the renders that a run gives its prior (see `potstill.methods.render_model`)."""
        raise InputError(
            "this prior has no model of the renders to compare with: `distill` brings one, and by hand "
            "potstill.methods.render_model.WithRenderModel(prior, model) does"
        )


class Query(NamedTuple):
    """One question to a prior; the condition may have a single row for the whole batch."""

    x_t: Latent
    t: Times
    condition: Condition


def predict(prior: Prior, *queries: Query) -> list[Prediction]:
    """Answer several queries with one call of the prior, in one batch, and split the answers again.

    Raises:
        InputError: the conditions do not have the same entries.
    """
    names = {name for query in queries for name in query.condition}
    for query in queries:
        if missing := names - query.condition.keys():
            raise InputError(f"conditions of one call must have the same entries; one lacks {sorted(missing)}")
    sizes = [len(query.x_t) for query in queries]
    condition = {
        name: torch.cat([_rows(q.condition[name], size) for q, size in zip(queries, sizes, strict=True)])
        for name in names
    }
    t = torch.cat([_rows(query.t, size) for query, size in zip(queries, sizes, strict=True)])
    x0, eps = prior(torch.cat([query.x_t for query in queries]), t, condition)
    return [Prediction(*pair) for pair in zip(x0.split(sizes), eps.split(sizes), strict=True)]


def _rows(value: Tensor, size: int) -> Tensor:
    """Repeat a single row; refuse any other length than the batch's."""
    if len(value) not in (1, size):
        raise InputError(f"got {len(value)} rows for a batch of {size}: give 1 row or {size}")
    return value.expand(size, *value.shape[1:])


@dataclass(frozen=True)
class Wrapper(Prior, abc.ABC):
    """A prior around another one."""

    prior: Prior

    @property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """The wrapped prior's."""
        return self.prior.schedule

    @property
    def unconditional(self) -> Condition:
        """The wrapped prior's."""
        return self.prior.unconditional

    @property
    def guidance_scale(self) -> float:
        """The wrapped prior's."""
        return self.prior.guidance_scale

    @property
    def opposite(self) -> Condition:
        """The wrapped prior's."""
        return self.prior.opposite

    @property
    def renders(self) -> Prior:
        """The wrapped prior's."""
        return self.prior.renders

    def counted(self, tally: "Tally") -> Prior:
        """This wrapper around the counted prior."""
        return replace(self, prior=self.prior.counted(tally))

    @property
    @abc.abstractmethod
    def bare(self) -> Prior:
        """This wrapper around the bare prior, or the bare prior itself where the wrapper is the guidance."""


def innermost(prior: Prior) -> Prior:
    """What lies within all wrappers."""
    while isinstance(prior, Wrapper):
        prior = prior.prior
    return prior


@dataclass(frozen=True)
class Guidance(Wrapper, abc.ABC):
    """A way to combine the conditional and the unconditional prediction, of some scale.

    The scale has diffusers' meaning: 0 is unconditional, 1 conditional; code that writes
    cond + s (cond - uncond) has scale s + 1. `negative` replaces the empty condition; entries that it
    lacks, such as a camera, are the condition's own.
    """

    scale: float
    negative: Condition = field(default_factory=dict)

    @property
    def bare(self) -> Prior:
        """The wrapped prior, bare."""
        return self.prior.bare

    @property
    def guidance_scale(self) -> float:
        """The scale."""
        return self.scale

    @property
    def opposite(self) -> Condition:
        """The negative condition, over the empty one."""
        return {**self.prior.unconditional, **self.negative}

    def guided(self, scale: float) -> Prior:
        """The same guidance at another scale; the branch alone at 0 and 1."""
        return Guided(self.prior, scale, self.negative) if scale in (0, 1) else replace(self, scale=scale)

    def branches(self, x_t: Latent, t: Times, condition: Condition) -> list[Prediction]:
        """The conditional and the unconditional prediction, in one call."""
        empty = Query(x_t, t, {**condition, **self.opposite})
        return predict(self.prior, Query(x_t, t, condition), empty)


@dataclass(frozen=True)
class Guided(Guidance):
    """Classifier-free guidance, eps = eps_uncond + scale (eps_cond - eps_uncond) (arXiv 2207.12598)."""

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Both branches, combined, or the one that is needed."""
        if self.scale in (0, 1):
            told = condition if self.scale == 1 else {**condition, **self.opposite}
            return predict(self.prior, Query(x_t, t, told))[0]
        cond, uncond = self.branches(x_t, t, condition)
        return Prediction(*(u.lerp(c, self.scale) for c, u in zip(cond, uncond, strict=True)))


@dataclass(frozen=True)
class Clipped(Wrapper):
    """The predicted x0 held within [-1, 1], where pixels are, and eps such that they still make x_t.

    Guidance pushes pixels beyond their range. Clipping x0 alone, as diffusers' DDIM does with `clip_sample`
    unless it is told `use_clipped_model_output`, leaves an eps that belongs to another x0: guided samples
    turn black. Not for latents of an autoencoder, which have no range.
    """

    @property
    def bare(self) -> Prior:
        """The wrapped prior's, clipped."""
        return Clipped(self.prior.bare)

    def guided(self, scale: float) -> Prior:
        """The wrapped prior's, clipped."""
        return Clipped(self.prior.guided(scale))

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Ask the wrapped prior, and clip."""
        x0 = self.prior(x_t, t, condition).x0.clamp(-1, 1)
        alpha, sigma = (per_sample(value, x_t) for value in self.schedule(t))
        return Prediction.from_x0(x0, x_t, alpha, sigma)


@dataclass
class Tally:
    """What a network was asked."""

    calls: int = 0
    evaluations: int = 0
    """Of single samples."""


@dataclass(frozen=True)
class Counted(Wrapper):
    """A network that counts what it is asked; `prior.counted(tally)` puts it inside of all wrappers."""

    tally: Tally = field(default_factory=Tally)

    @property
    def bare(self) -> Prior:
        """The wrapped prior's, counted together with this one."""
        return self.prior.bare.counted(self.tally)

    @property
    def renders(self) -> Prior:
        """The wrapped prior's, counted together with this one."""
        return self.prior.renders.counted(self.tally)

    def guided(self, scale: float) -> Prior:
        """The wrapped prior's, counted together with this one."""
        return self.prior.guided(scale).counted(self.tally)

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Count, then ask the wrapped prior."""
        self.tally.calls += 1
        self.tally.evaluations += len(x_t)
        return self.prior(x_t, t, condition)
