"""Samplers of the time of each step, as a fraction of the schedule: random, falling, or in strata."""

import abc
import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.schedule import Schedule
from potstill.errors import InputError
from potstill.tensors import Times, generators, uniform


@dataclass(frozen=True)
class TimestepSampler(abc.ABC):
    """Draws one time for each sample of a step.

    Raises:
        InputError: low and high are not in order within [0, 1].
    """

    low: float = 0.02
    high: float = 0.98

    stationary: ClassVar[bool] = False
    """Whether t is drawn at random in the same way in every step."""
    over_batch: ClassVar[bool] = False
    """Whether the times of a batch are drawn together."""

    def __post_init__(self) -> None:
        """Check the range."""
        if not 0 <= self.low <= self.high <= 1:
            raise InputError(f"times from {self.low} to {self.high} must satisfy 0 <= low <= high <= 1")

    @abc.abstractmethod
    def positions(self, batch: int, progress: float, rng: Generator) -> Times:
        """Positions in [0, 1] between low and high, [b]; `progress` in [0, 1] is how far the run has come."""

    def spread_positions(self, size: int, batch: int, rng: Generator) -> Float[Tensor, "size batch"]:
        """Positions for a bank of times, as a run of `size` steps draws them."""
        return torch.stack([self.positions(batch, k / max(size - 1, 1), rng) for k in range(size)])

    def stratified_positions(self, size: int, batch: int, rng: Generator) -> Float[Tensor, "size batch"]:
        """As `spread_positions`; in a stationary rule one in each of `size` equal strata for each sample, shuffled."""
        if not self.stationary:
            return self.spread_positions(size, batch, rng)
        return torch.stack([_strata(size, each) for each in generators(rng, batch)], dim=1)

    def bank_index(self, step: int, steps: int, size: int) -> int:
        """The entry of a bank for a step from 0: in rounds if stationary, else each for its share of the run."""
        return step % size if self.stationary else step * size // steps

    def __call__(self, schedule: Schedule, batch: int, step: int, steps: int, rng: Generator) -> Times:
        """The times [b] of step 0, ..., steps - 1."""
        position = self.positions(batch, step / max(steps - 1, 1), rng)
        return schedule.time(self.low + (self.high - self.low) * position)


@dataclass(frozen=True)
class Uniform(TimestepSampler):
    """t ~ U(low, high), independently for each sample and step."""

    stationary: ClassVar = True

    def positions(self, batch: int, progress: float, rng: Generator) -> Times:
        """Independent uniform draws."""
        return uniform(batch, rng)


@dataclass(frozen=True)
class Annealed(TimestepSampler):
    """t falls in a line from high to low, the same for all samples (SDI, arXiv 2405.15891, algorithm 2)."""

    def positions(self, batch: int, progress: float, rng: Generator) -> Times:
        """1 - progress."""
        return torch.full((batch,), 1 - progress, dtype=torch.float64)


@dataclass(frozen=True)
class Stratified(TimestepSampler):
    """One draw from each of b equal strata, in random order: uniform for each sample, even over the batch."""

    stationary: ClassVar = True
    over_batch: ClassVar = True

    def positions(self, batch: int, progress: float, rng: Generator) -> Times:
        """(i + u_i) / b, shuffled."""
        return _strata(batch, rng)


@dataclass(frozen=True)
class ShrinkingRange(TimestepSampler):
    """t ~ U(low, h), where h falls in a line from `high` to `end` over the first `until` of the run, and stays.

    ISM (arXiv 2311.11284) and the released CSD end like this: from coarse to fine, but never without noise.

    Raises:
        InputError: `end` is not between low and high, or `until` not in (0, 1].
    """

    end: float = 0.5
    until: float = 0.3

    def __post_init__(self) -> None:
        """Check `end` and `until` as well."""
        super().__post_init__()
        if not (self.low <= self.end <= self.high and 0 < self.until <= 1):
            raise InputError(
                f"times that end below {self.end} from {self.until} of the run on: the end must be between "
                f"low = {self.low} and high = {self.high}, the share of the run above 0 and at most 1"
            )

    def positions(self, batch: int, progress: float, rng: Generator) -> Times:
        """Uniform draws below the current upper bound."""
        top = self.high + (self.end - self.high) * min(progress / self.until, 1.0)
        share = (top - self.low) / (self.high - self.low) if self.high > self.low else 0.0
        return share * uniform(batch, rng)


@dataclass(frozen=True)
class DreamTime(TimestepSampler):
    """t falls, and lingers at each time in proportion to a density (DreamTime, arXiv 2306.12422).

        W(t) = exp(-(t - upper)² / (2 s²)) above `upper`, 1 between, exp(-(t - lower)² / (2 s²)) below `lower`

    with s = `upper_width` and `lower_width`. The time at progress p leaves the share p of the density above
    it. The defaults are those of the released code in timesteps of 1,000, which also multiplies the gradient
    by W, which is not done here.

    Raises:
        InputError: lower and upper are not in order, or a width is not above 0 and finite.
    """

    lower: float = 0.5
    upper: float = 0.8
    lower_width: float = 0.1
    upper_width: float = 0.3

    def __post_init__(self) -> None:
        """Check the density."""
        super().__post_init__()
        widths = self.lower_width, self.upper_width
        if not (self.lower <= self.upper and min(widths) > 0 and max(widths) < math.inf):
            raise InputError(
                f"density from {self.lower} to {self.upper} with widths {widths}: lower must not lie above "
                "upper, and widths must be above 0 and finite"
            )

    def density(self, t: Times) -> Times:
        """W(t), for fractions t."""
        below, above = (self.lower - t).clamp(min=0), (t - self.upper).clamp(min=0)
        return torch.exp(-((below / self.lower_width) ** 2 + (above / self.upper_width) ** 2) / 2)

    def positions(self, batch: int, progress: float, rng: Generator) -> Times:
        """The position above which the share `progress` of the density lies."""
        t = torch.linspace(self.high, self.low, _GRID, dtype=torch.float64)
        density = self.density(t)
        above = torch.cat([torch.zeros(1, dtype=torch.float64), ((density[1:] + density[:-1]) / 2).cumsum(0)])
        index = int(torch.searchsorted(above, progress * above[-1])) if above[-1] > 0 else 0
        return torch.full((batch,), 1 - min(index, _GRID - 1) / (_GRID - 1), dtype=torch.float64)


_GRID = 10_001  # finer than any table of noise levels


def _strata(count: int, rng: Generator) -> Times:
    """(i + u_i) / count, shuffled."""
    strata = torch.randperm(count, generator=rng)
    return (strata + torch.rand(count, generator=rng, dtype=torch.float64)) / count


TIMESTEP_SAMPLERS: tuple[type[TimestepSampler], ...] = (Uniform, Annealed, Stratified, ShrinkingRange, DreamTime)
"""All of them."""
