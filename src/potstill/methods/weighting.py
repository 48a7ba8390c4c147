"""Weights w(t) of the noise levels, factors on the residual."""

import abc
from dataclasses import dataclass

import torch

from potstill.diffusion.schedule import Schedule
from potstill.fields import Checked
from potstill.tensors import Times


class Weight(Checked, abc.ABC):
    """w(t), one factor for each sample."""

    @abc.abstractmethod
    def __call__(self, schedule: Schedule, t: Times) -> Times:
        """The weights [b]."""


@dataclass(frozen=True)
class Constant(Weight):
    """w = value: SJC with variance reduction, DDS and PDS."""

    value: float = 1.0

    def __call__(self, schedule: Schedule, t: Times) -> Times:
        """The value for every sample."""
        return torch.full((len(t),), self.value, dtype=torch.float64)


@dataclass(frozen=True)
class SigmaSquared(Weight):
    """w = sigma_t²: DreamFusion (arXiv 2209.14988, section 3)."""

    def __call__(self, schedule: Schedule, t: Times) -> Times:
        """sigma_t²."""
        return schedule(t)[1] ** 2


@dataclass(frozen=True)
class AlphaSigmaSquared(Weight):
    """w = alpha_t sigma_t²: Fantasia3D (arXiv 2303.13873), which damps the largest times."""

    def __call__(self, schedule: Schedule, t: Times) -> Times:
        """alpha_t sigma_t²."""
        alpha, sigma = schedule(t)
        return alpha * sigma**2


@dataclass(frozen=True)
class Rho(Weight):
    """w = rho_t = sigma_t / alpha_t: the residual becomes x_0 - x̂_0, as in SDI (arXiv 2405.15891, eq. 4)."""

    def __call__(self, schedule: Schedule, t: Times) -> Times:
        """sigma_t / alpha_t."""
        return schedule.rho(t)


@dataclass(frozen=True)
class Velocity(Weight):
    """w = (alpha_t + sigma_t) / alpha_t: the residual becomes v_hat - (eps - x_0), as in RFDS (arXiv 2406.03293).

    v_hat = eps_hat - x̂_0 is the velocity of a rectified flow, on which w = 1 / (1 - t).
    """

    def __call__(self, schedule: Schedule, t: Times) -> Times:
        """1 + rho_t."""
        return 1 + schedule.rho(t)


WEIGHTS: tuple[type[Weight], ...] = (Constant, SigmaSquared, AlphaSigmaSquared, Rho, Velocity)
"""All of them."""
