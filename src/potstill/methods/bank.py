"""A bank of noise: times and noises drawn once, with what the prior predicts on the source at each of them.

An editing method asks the prior about the target and about the source. The source does not change, so where the same
times and noises come back, its predictions can be kept: a step then costs the target's evaluations alone, half of a
step of DDS or PDS. The bank is filled in a few calls and takes 3 tensors of the size of the latents for each of its
`size` entries: for 64 entries 9 MB on the bundled model (48x16x16), 13 MB on Stable Diffusion (4x64x64).
"""

from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.prior import Prediction, Prior, Query, predict
from potstill.errors import InputError
from potstill.methods.method import Source
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import TimestepSampler
from potstill.tensors import Latent, Times, normal

Entries: TypeAlias = Float[Tensor, "size b *d"]

TOGETHER = 16
"""Entries whose source predictions are one call, as long as a call has no more samples."""


@dataclass(frozen=True)
class Bank(NoiseSource):
    """`size` pairs of time and noise for a whole run, instead of fresh ones in every step.

    Rules that draw t at random go through the entries round after round; rules in which t falls have `size` times on
    their way down, each for its share of the run.

    Raises:
        InputError: size or refresh are below 1.
    """

    size: int = 64
    """Entries, no more than there are steps; with as many nothing is saved."""
    refresh: int | None = None
    """Steps after which all entries are drawn anew; None keeps them."""
    strata: bool = False
    """One entry in each of `size` equal strata of random times, even over the run; else as the rule draws them."""

    def __post_init__(self) -> None:
        """Check both."""
        if self.size < 1 or (self.refresh is not None and self.refresh < 1):
            raise InputError(f"a bank of size = {self.size}, refresh = {self.refresh}: both must be at least 1")

    def __call__(self, x0, prior, t, condition, rng, memory=None) -> Latent:
        """A fresh draw, where nothing is banked: outside of `distill`."""
        return Fresh()(x0, prior, t, condition, rng, memory)

    def due(self, index: int) -> bool:
        """Whether all entries are drawn anew at step `index`."""
        return self.refresh is not None and index % self.refresh == 0

    def fill(
        self, rule: TimestepSampler, prior: Prior, origin: Source | None, like: Latent, rng: Generator
    ) -> "Filled":
        """Draw the entries, and ask the prior about the source at each."""
        draw = rule.stratified_positions if self.strata else rule.spread_positions
        positions = rule.low + (rule.high - rule.low) * draw(self.size, len(like), rng)
        times = torch.stack([prior.schedule.time(row) for row in positions])
        noises = torch.stack([normal(like, rng) for _ in range(self.size)])
        if origin is None:
            return Filled(times, noises)
        hats = []
        for part in torch.arange(self.size).split(max(1, TOGETHER // len(like))):
            x_t = [prior.schedule.perturb(origin.x0, noises[k], times[k]) for k in part.tolist()]
            told = {name: torch.cat([_rows(value, len(like))] * len(part)) for name, value in origin.condition.items()}
            hats += predict(prior, Query(torch.cat(x_t), times[part].flatten(), told))
        x0, eps = (torch.cat(all_).reshape(noises.shape) for all_ in zip(*hats, strict=True))
        return Filled(times, noises, x0, eps)


@dataclass(frozen=True)
class Filled:
    """The entries of a bank."""

    times: Float[Tensor, "size b"]
    noises: Entries
    x0: Entries | None = None
    """What the prior predicts on the source; None for methods without one."""
    eps: Entries | None = None

    def entry(self, number: int, origin: Source | None) -> tuple[Times, Latent, Source | None]:
        """Time, noise, and the source with what is predicted on it."""
        if origin is not None and self.x0 is not None and self.eps is not None:
            origin = origin._replace(hat=Prediction(self.x0[number], self.eps[number]))
        return self.times[number], self.noises[number], origin


def _rows(value: Tensor, count: int) -> Tensor:
    return value.expand(count, *value.shape[1:])
