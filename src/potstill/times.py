"""How the time of each step is drawn, as a fraction of the schedule: at random, falling, or in strata."""

import abc
from dataclasses import dataclass

import torch
from torch import Generator

from potstill.errors import InputError
from potstill.schedule import Schedule, Times


@dataclass(frozen=True)
class TimeRule(abc.ABC):
    """Draws one time for each sample of a step.

    Raises:
        InputError: low and high are not in order within [0, 1].
    """

    low: float = 0.02
    high: float = 0.98

    def __post_init__(self) -> None:
        """Check the range."""
        if not 0 <= self.low <= self.high <= 1:
            raise InputError(f"times from {self.low} to {self.high} must satisfy 0 <= low <= high <= 1")

    @abc.abstractmethod
    def fractions(self, batch: int, progress: float, rng: Generator) -> Times:
        """Positions in [0, 1] between low and high, [b]; `progress` in [0, 1] is how far the run has come."""

    def __call__(self, schedule: Schedule, batch: int, step: int, steps: int, rng: Generator) -> Times:
        """The times [b] of step 0, ..., steps - 1."""
        position = self.fractions(batch, step / max(steps - 1, 1), rng)
        return schedule.time(self.low + (self.high - self.low) * position)


@dataclass(frozen=True)
class Uniform(TimeRule):
    """t ~ U(low, high), independently for each sample and step."""

    def fractions(self, batch: int, progress: float, rng: Generator) -> Times:
        """Independent uniform draws."""
        return torch.rand(batch, generator=rng, dtype=torch.float64)


@dataclass(frozen=True)
class Annealed(TimeRule):
    """t falls in a line from high to low, the same for all samples (SDI, arXiv 2405.15891, algorithm 2)."""

    def fractions(self, batch: int, progress: float, rng: Generator) -> Times:
        """1 - progress."""
        return torch.full((batch,), 1 - progress, dtype=torch.float64)


@dataclass(frozen=True)
class Stratified(TimeRule):
    """One draw from each of b equal strata, in random order: uniform for each sample, even over the batch."""

    def fractions(self, batch: int, progress: float, rng: Generator) -> Times:
        """(i + u_i) / b, shuffled."""
        strata = torch.randperm(batch, generator=rng)
        return (strata + torch.rand(batch, generator=rng, dtype=torch.float64)) / batch
