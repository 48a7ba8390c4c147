"""The two coefficients of PDS, and the ways to choose them (Theorem 2)."""

import abc
import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch

from potstill.diffusion.schedule import Schedule, Tabulated
from potstill.errors import InputError
from potstill.fields import Checked
from potstill.tensors import Times


@dataclass(frozen=True)
class Coefficients(Checked, abc.ABC):
    """psi(t) on the identity x_0 - x_0_src, and chi(t) on the edit eps_hat - eps_hat_src, [b] each.

    PDS compares stochastic latents z = (x_s - c0 x̂_0 - c1 x_t) / sigma with s = t - stride. For shared
    noise the difference is psi (x_0 - x_0_src) + chi (eps_hat - eps_hat_src) with

        psi = (alpha_s - c0 - c1 alpha_t) / sigma,   chi = c0 rho_t / sigma.

    `stride` is a fraction of the schedule; 0.002 is two of 1,000 timesteps, as in the released code.

    Raises:
        InputError: the stride is not in (0, 1).
    """

    stride: float = field(default=0.002, kw_only=True)

    uses_betas: ClassVar[bool] = False
    """Whether psi and chi come from the betas of a table, where there is one."""

    def __post_init__(self) -> None:
        """Check the stride."""
        super().__post_init__()
        if not 0 < self.stride < 1:
            raise InputError(f"stride = {self.stride} must be in (0, 1): 0.002 is two of 1,000 timesteps")

    @abc.abstractmethod
    def __call__(self, schedule: Schedule, t: Times) -> tuple[Times, Times]:
        """psi and chi at t.

        Raises:
            InputError: t - stride leaves the noisy part of the schedule, or is t itself.
        """

    def _earlier(self, schedule: Schedule, t: Times) -> Times:
        s = schedule.offset(t, -self.stride)
        if not ((s < t) & (s > schedule.t_clean)).all():
            raise InputError(
                f"t = {t.tolist()[:5]} with stride {self.stride} of the schedule gives s = {s.tolist()[:5]}, which "
                "must be noisy and below t: draw larger times or choose another stride"
            )
        return s


@dataclass(frozen=True)
class Release(Coefficients):
    """As the released PDS code: s = t - 2, but beta_t and alpha_t of a single step, so psi > 0.

    c0 = sqrt(abar_s) beta_t / (1 - abar_t), c1 = sqrt(1 - beta_t) (1 - abar_s) / (1 - abar_t),
    sigma² = beta_t (1 - abar_s) / (1 - abar_t). Reproduces the published results; needs a table.
    """

    uses_betas: ClassVar = True

    def __call__(self, schedule: Schedule, t: Times) -> tuple[Times, Times]:
        """psi > 0, falling with t, and chi about 1 / sqrt(2) of the consistent one."""
        if not isinstance(schedule, Tabulated):
            raise InputError(
                f"release coefficients need the betas of a table, and {type(schedule).__name__} has none: "
                "use Consistent() or Identity(strength)"
            )
        s = self._earlier(schedule, t)
        beta, (alpha_t, sigma_t), (alpha_s, sigma_s) = schedule.beta(t), schedule(t), schedule(s)
        share = (sigma_s / sigma_t) ** 2
        c0, c1, sigma = alpha_s * beta / sigma_t**2, (1 - beta).sqrt() * share, (beta * share).sqrt()
        return (alpha_s - c0 - c1 * alpha_t) / sigma, c0 * sigma_t / (alpha_t * sigma)


@dataclass(frozen=True)
class Consistent(Coefficients):
    """The posterior of the pair (s, t): psi is exactly 0, and PDS is DDS with w = chi.

    chi = sqrt(rho_t² / rho_s² - 1).
    """

    def __call__(self, schedule: Schedule, t: Times) -> tuple[Times, Times]:
        """0 and chi."""
        c0, _, sigma = schedule.posterior(t, self._earlier(schedule, t))
        chi = c0 * schedule.rho(t) / sigma
        return torch.zeros_like(chi), chi


@dataclass(frozen=True)
class Identity(Coefficients):
    """A stated identity strength: psi = strength · chi at every t, with the consistent chi.

    On Gaussians that differ by a shift, strength k / (strength + k) of the shift remains at rest, with
    k = alpha_t sigma_t / (alpha_t² s² + sigma_t²).

    Raises:
        InputError: the strength is negative or not finite.
    """

    strength: float = 0.1

    def __post_init__(self) -> None:
        """Check the strength and the stride."""
        super().__post_init__()
        if not 0 <= self.strength < math.inf:
            raise InputError(f"identity strength = {self.strength} must be finite, 0 (drift as DDS) or more")

    def __call__(self, schedule: Schedule, t: Times) -> tuple[Times, Times]:
        """strength · chi and chi."""
        _, chi = Consistent(stride=self.stride)(schedule, t)
        return self.strength * chi, chi


@dataclass(frozen=True)
class DefaultCoefficients(Coefficients):
    """`Release` on a table; on schedules without betas, such as flows, `Identity(strength)`.

    The strength matters only there; 1 moves points on a flow about as far as the release coefficients on a table.

    Raises:
        InputError: the strength is negative or not finite.
    """

    strength: float = 1.0

    uses_betas: ClassVar = True

    def __post_init__(self) -> None:
        """Check the strength and the stride."""
        Identity(self.strength, stride=self.stride)

    def __call__(self, schedule: Schedule, t: Times) -> tuple[Times, Times]:
        """The coefficients for this kind of schedule."""
        if isinstance(schedule, Tabulated):
            return Release(stride=self.stride)(schedule, t)
        return Identity(self.strength, stride=self.stride)(schedule, t)


COEFFICIENTS: tuple[type[Coefficients], ...] = (Release, Consistent, Identity, DefaultCoefficients)
"""All of them."""
