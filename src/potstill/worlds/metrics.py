"""Metrics of an edit of points."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.mixture import Mixture
from potstill.worlds.world import TARGET, World


@dataclass(frozen=True)
class Metrics:
    """Metrics of points [n, 2] edited from class 1 towards class 2. Lengths are in the units of the world's data."""

    source_distance: float
    """Mean distance of the starts to the nearest centre of class 2."""
    target_distance: float
    """Mean distance of the ends to the nearest centre of class 2."""
    transport: float
    """Mean distance moved."""
    transport_ratio: float
    """Mean of distance moved over the start's distance to the nearest centre of class 2; 1 is the shortest path."""
    spread: float
    """Norm of the standard deviations along both axes."""
    spread_target: float
    """The spread of 10,000 samples of class 2."""
    coverage: float
    """Share of the centres of class 2 that are the nearest centre of some point."""
    nll: float
    """Mean negative log likelihood under class 2, in nats."""
    nll_target: float
    """That of the 10,000 samples of class 2."""

    @property
    def spread_left(self) -> float:
        """The spread as a share of the target's."""
        return self.spread / self.spread_target

    @property
    def outcome(self) -> Literal["collapses", "drifts", "nears", "arrives"]:
        """The result in a word.

        Collapses: less than 0.35 of the target's spread is left. Arrives: the points are as likely under class 2 as its
        own samples, within 1 nat, or ended within half of their distance to it. Drifts: otherwise, and they moved more
        than 2.5 times the shortest path, or ended further from class 2 than they began. Nears: they ended nearer to
        it, but more than half of that distance away.

        The likelihood decides first, as lengths say little where the classes overlap: the starts are then close to
        some centre of class 2 already, so that the shortest path is near 0.
        """
        if self.spread_left < 0.35:
            return "collapses"
        if self.nll < self.nll_target + 1:
            return "arrives"
        if self.transport_ratio > 2.5 or self.target_distance > self.source_distance:
            return "drifts"
        return "nears" if self.target_distance > self.source_distance / 2 else "arrives"


def measure(world: World, prior: Mixture, start: Float[Tensor, "n 2"], end: Float[Tensor, "n 2"]) -> Metrics:
    """The metrics of points before and after an edit."""
    centres = prior.of(TARGET)
    reach = torch.cdist(end, centres)
    moved = (end - start).norm(dim=1)
    wanted = torch.cdist(start, centres).amin(1)
    density = prior.log_prob(end, prior.condition(TARGET)).mean()
    spread_target, nll_target = of_class_2(prior)
    return Metrics(
        source_distance=world.scale * float(wanted.mean()),
        target_distance=world.scale * float(reach.amin(1).mean()),
        transport=world.scale * float(moved.mean()),
        transport_ratio=float((moved / wanted).mean()),
        spread=world.scale * spread(end),
        spread_target=world.scale * spread_target,
        coverage=reach.argmin(1).unique().numel() / len(centres),
        nll=-float(density) + 2 * math.log(world.scale),
        nll_target=nll_target + 2 * math.log(world.scale),
    )


@lru_cache(maxsize=8)  # a study measures its world again and again
def of_class_2(prior: Mixture) -> tuple[float, float]:
    """The spread and the mean negative log likelihood of 10,000 samples of class 2, in the units of the prior."""
    sample = prior.sample(10_000, TARGET, Generator().manual_seed(0))
    return spread(sample), -float(prior.log_prob(sample, prior.condition(TARGET)).mean())


def spread(points: Float[Tensor, "n d"]) -> float:
    """Norm of the per-axis standard deviations (divided by n, so 0 for a single point)."""
    return float(points.std(0, correction=0).norm())
