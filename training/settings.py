"""The settings that a training on a CPU and one on a GPU have in common, and what follows from them for a step."""

import abc
from dataclasses import dataclass, field
from pathlib import Path

from training.model import Architecture


@dataclass(frozen=True, kw_only=True)
class Training(abc.ABC):
    """The settings of any training."""

    folder: Path
    """Checkpoints and `metrics.jsonl` go here."""
    batch: int
    """Images per step."""
    rate: float
    """Muon's learning rate."""
    warmup: int = 300
    """Warm-up steps at the start."""
    average: float
    """Decay of the averaged weights per step."""
    seed: int = 0
    """Seed of all randomness."""
    architecture: Architecture = field(default_factory=Architecture)
    """Sizes of the networks."""

    def rate_at(self, step: int, left: float) -> float:
        """The learning rate: warm-up, constant, and decay with what is left of the run, in lengths of the decay."""
        return self.rate * min(1.0, (step + 1) / self.warmup) * min(1.0, left)

    def kept(self, steps: int) -> float:
        """The share of the average that the last of so many steps keeps: less while they are few."""
        return min(self.average, steps / (steps + 10))
