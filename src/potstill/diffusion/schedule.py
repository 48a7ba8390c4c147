"""The noise schedule x_t = alpha_t x_0 + sigma_t eps, with its posterior and its DDIM step."""

import abc
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.fields import check_count, check_number, is_number, shown
from potstill.tensors import Latent, Times, per_sample

LONGEST = 100_000
"""The most levels of a table, and steps of a grid; tables of 1,000 are usual."""
_FEW = 12
"""Python compares that many numbers sooner than torch finds their range."""


class Posterior(NamedTuple):
    """q(x_s | x_t, x_0) = N(c0 x_0 + c1 x_t, sigma² I), each coefficient [b]."""

    c0: Times
    c1: Times
    sigma: Times


class Schedule(abc.ABC):
    """x_t = alpha_t x_0 + sigma_t eps, with noise that grows with t.

    Coefficients are float64 on the CPU, one for each sample; `per_sample` converts them to the dtype, device and shape
    of the data. Times below the first noisy one mean clean data: alpha = 1, sigma = 0.
    """

    t_clean: float
    """The time of clean data: just below a table, 0 in continuous time."""
    t_min: float
    """The lowest noisy time of the network."""
    duration: float
    """The length of the schedule: that of the table, 1 in continuous time."""

    @abc.abstractmethod
    def __call__(self, t: Times) -> tuple[Times, Times]:
        """alpha_t and sigma_t, each [b]."""

    @abc.abstractmethod
    def nearest(self, t: Times) -> Times:
        """The nearest time that exists, from `t_clean` up."""

    def time(self, fraction: Times) -> Times:
        """The noisy time at a fraction in [0, 1] of the schedule: 0.02 is timestep 20 of 1,000."""
        return self.nearest(fraction.to(torch.float64) * self.duration).clamp(min=self.t_min)

    def offset(self, t: Times, fraction: Times | float) -> Times:
        """The time a fraction of the schedule above t, or below it for a negative fraction."""
        return self.nearest(t.to("cpu", torch.float64) + fraction * self.duration)

    def grid(self, steps: int, low: float = 0.0, high: float = 1.0) -> list[Times]:
        """`steps` falling times from the fraction `high` to `low`, each of shape [1].

        Raises:
            InputError: the steps are not from 1 to 100,000, or low and high not in order within [0, 1].
        """
        check_count("steps", steps, LONGEST)
        if not (is_number(low, 0.0, 1.0) and is_number(high, 0.0, 1.0) and low <= high):
            raise InputError(f"times from {low} to {high} must satisfy 0 <= low <= high <= 1")
        return list(self.time(torch.linspace(high, low, steps, dtype=torch.float64)).split(1))

    def inversion_grid(self, top: Times, steps: int) -> list[Times]:
        """Rising times from `t_clean` to each sample's own top, as many steps as its part of the schedule has.

        `steps` are those of the whole schedule. A sample with fewer steps than another waits at `t_clean`, where a step
        changes nothing, so a batch gives what single runs give.

        Raises:
            InputError: the steps are not from 1 to 100,000.
        """
        check_count("steps", steps, LONGEST)
        own = (steps * (top - self.t_clean) / self.duration).ceil().clamp(min=1)
        count = int(own.max())
        done = [(own - count + step).clamp(min=0) / own for step in range(count + 1)]
        return [self.nearest(self.t_clean + share * (top - self.t_clean)) for share in done]

    def rho(self, t: Times) -> Times:
        """The noise-to-signal ratio rho_t = sigma_t / alpha_t; x_0 - x̂_0 = rho_t (eps_hat - eps)."""
        alpha, sigma = self(t)
        return sigma / alpha

    def perturb(self, x0: Latent, eps: Latent, t: Times) -> Latent:
        """x_t = alpha_t x_0 + sigma_t eps."""
        alpha, sigma = self(t)
        return per_sample(alpha, x0) * x0 + per_sample(sigma, x0) * eps

    def posterior(self, t: Times, s: Times) -> Posterior:
        """q(x_s | x_t, x_0) for any s <= t (DDPM, arXiv 2006.11239, eq. 7, for general alpha and sigma).

        With a = alpha_t / alpha_s and v = sigma_t² - a² sigma_s², the variance of the step from s to t:
        c0 = alpha_s v / sigma_t², c1 = a sigma_s² / sigma_t², sigma² = v sigma_s² / sigma_t².

        Raises:
            InputError: some s is above its t.
        """
        if not (s <= t).all():
            raise InputError(f"s = {s.tolist()[:5]} must not lie above t = {t.tolist()[:5]}: choose an earlier s")
        (alpha_t, sigma_t), (alpha_s, sigma_s) = self(t), self(s)
        ratio = torch.where(s < t, alpha_t / alpha_s, 1)  # alpha may be 0 at the last time, then s = t is 0 / 0
        variance = (sigma_t**2 - ratio**2 * sigma_s**2).clamp(min=0)
        return Posterior(
            c0=alpha_s * variance / sigma_t**2,
            c1=ratio * sigma_s**2 / sigma_t**2,
            sigma=variance.sqrt() * sigma_s / sigma_t,
        )

    def ddim_step(self, x0: Latent, eps: Latent, s: Times, sigma: Times, z: Latent) -> Latent:
        """x_s = alpha_s x̂_0 + sqrt(sigma_s² - sigma²) eps_hat + sigma z (DDIM, arXiv 2010.02502, eq. 12).

        `sigma` is from 0 (deterministic) to sigma_s (all noise is fresh); the posterior's makes it DDPM. A radicand
        that rounding makes negative counts as 0.

        Raises:
            InputError: sigma is negative or above sigma_s.
        """
        alpha_s, sigma_s = self(s)
        if not ((sigma >= 0) & (sigma <= sigma_s * (1 + 1e-9))).all():
            raise InputError(f"sigma = {sigma.tolist()[:5]} must lie in [0, sigma_s = {sigma_s.tolist()[:5]}]")
        kept = (sigma_s**2 - sigma**2).clamp(min=0).sqrt()
        return per_sample(alpha_s, x0) * x0 + per_sample(kept, x0) * eps + per_sample(sigma, x0) * z


@dataclass(frozen=True, eq=False)
class Tabulated(Schedule):
    """A discrete schedule, alpha_t = sqrt(alphas_cumprod[t]), looked up exactly: t is 0, 1, ..., T - 1.

    The last level may be pure noise, alphas_cumprod = 0 (zero terminal SNR, arXiv 2305.08891). Predictions of x_0 and
    v work there; quantities divided by alpha_t, such as rho and an x_0 from eps, are infinite.

    Raises:
        InputError: alphas_cumprod is outside (0, 1] before its end, or does not fall; a time is not in the table.
    """

    alphas_cumprod: Float[Tensor, " T"]
    _rows: Float[Tensor, "T+1 3"] = field(init=False, repr=False)
    t_clean = -1.0
    t_min = 0.0

    def __post_init__(self) -> None:
        """Check the table; keep (t, alpha, sigma) by timestep, with clean data in front."""
        if not isinstance(self.alphas_cumprod, Tensor) or self.alphas_cumprod.ndim != 1:
            raise InputError(f"alphas_cumprod = {shown(self.alphas_cumprod)} must be a tensor of levels, [T]")
        table = self.alphas_cumprod.to("cpu", torch.float64)
        if not (len(table) and (table >= 0).all() and (table <= 1).all() and (table.diff() < 0).all()):
            raise InputError("alphas_cumprod must fall strictly within [0, 1]: pass the scheduler's own table")
        clean_first = torch.cat([torch.ones(1, dtype=torch.float64), table])
        object.__setattr__(self, "alphas_cumprod", table)
        object.__setattr__(self, "duration", len(table))
        times = torch.arange(-1, len(table), dtype=torch.float64)
        object.__setattr__(self, "_rows", torch.stack([times, clean_first.sqrt(), (1 - clean_first).sqrt()], 1))

    def __call__(self, t: Times) -> tuple[Times, Times]:
        """sqrt(alphas_cumprod[t]) and sqrt(1 - alphas_cumprod[t]); (1, 0) at t = -1."""
        t = _times(t)
        try:
            found, alpha, sigma = self._rows.index_select(0, t.long() + 1).unbind(1)
            if not torch.equal(found, t):
                raise IndexError
        except IndexError:
            raise InputError(
                f"t = {t.tolist()[:5]} must be whole numbers from 0 to {self.duration - 1} (-1 is clean data): "
                "draw times with schedule.time(fraction)"
            ) from None
        return alpha, sigma

    def beta(self, t: Times) -> Times:
        """The variance of one step of the table, beta_t = 1 - alphas_cumprod[t] / alphas_cumprod[t - 1]."""
        alpha, previous = self(torch.cat([t, t - 1]))[0].tensor_split(2)
        return 1 - alpha**2 / previous**2

    def nearest(self, t: Times) -> Times:
        """The nearest whole number from -1 to T - 1."""
        return t.round().clamp(-1, self.duration - 1)


@dataclass(frozen=True)
class VP(Schedule):
    """The continuous variance-preserving schedule, t in [0, 1] (Score SDE, arXiv 2011.13456, eq. 33).

    log alpha_t = -(beta_max - beta_min) t² / 4 - beta_min t / 2, sigma_t = sqrt(1 - alpha_t²).

    Raises:
        InputError: the betas are not in order from 0 to 1,000; a time is not in [0, 1].
    """

    beta_min: float = 0.1
    beta_max: float = 20.0
    t_clean = 0.0
    t_min = 1e-3
    duration = 1.0

    def __post_init__(self) -> None:
        """Check the betas."""
        check_number("beta_max", self.beta_max, 0.0, 1000.0, usual="20")
        check_number("beta_min", self.beta_min, 0.0, self.beta_max, usual="0.1")

    def __call__(self, t: Times) -> tuple[Times, Times]:
        """alpha_t and sqrt(1 - alpha_t²)."""
        t = _unit(t)
        log_alpha = -(self.beta_max - self.beta_min) * t**2 / 4 - self.beta_min * t / 2
        return log_alpha.exp(), (-torch.expm1(2 * log_alpha)).sqrt()

    def nearest(self, t: Times) -> Times:
        """t itself, held within [0, 1]."""
        return t.clamp(0, 1)


@dataclass(frozen=True)
class Flow(Schedule):
    """Rectified flow, t in [0, 1]: alpha_t = 1 - t, sigma_t = t (arXiv 2209.03003).

    Raises:
        InputError: a time is not in [0, 1].
    """

    t_clean = 0.0
    t_min = 1e-3
    duration = 1.0

    def __call__(self, t: Times) -> tuple[Times, Times]:
        """1 - t and t."""
        t = _unit(t)
        return 1 - t, t

    def nearest(self, t: Times) -> Times:
        """t itself, held within [0, 1]."""
        return t.clamp(0, 1)


def _times(t: Times) -> Times:
    """As float64 on the CPU."""
    if not isinstance(t, Tensor):
        raise InputError(f"t = {shown(t)} must be a tensor of times, [b]: use torch.tensor([...])")
    if t.dtype is torch.float64 and t.is_cpu:  # a conversion to itself takes longer than this question
        return t
    return t.to("cpu", torch.float64)


def _unit(t: Times) -> Times:
    """Times in [0, 1], as float64 on the CPU."""
    t = _times(t)
    if t.ndim == 1 and len(t) <= _FEW:
        values = t.tolist()
    else:
        first, last = torch.aminmax(t)
        values = [first.item(), last.item()]
    for value in values:
        if not 0 <= value <= 1:  # NaN, too
            raise InputError(f"t = {t.tolist()[:5]} must be from 0 to 1: draw times with schedule.time(fraction)")
    return t


def linear(steps: int = 1000, start: float = 1e-4, end: float = 0.02) -> Tabulated:
    """DDPM's table: betas from `start` to `end` in equal steps (arXiv 2006.11239, section 4)."""
    check_count("steps", steps, LONGEST, usual="1000")
    return _from_betas(torch.linspace(start, end, steps, dtype=torch.float64))


def scaled_linear(steps: int = 1000, start: float = 0.00085, end: float = 0.012) -> Tabulated:
    """Stable Diffusion's table: square roots of the betas in equal steps."""
    check_count("steps", steps, LONGEST, usual="1000")
    check_number("start", start, 0.0, 1.0)
    check_number("end", end, 0.0, 1.0)
    return _from_betas(torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2)


def cosine(steps: int = 1000, offset: float = 0.008) -> Tabulated:
    """The cosine table, betas at most 0.999 (arXiv 2102.09672, eq. 17)."""
    check_count("steps", steps, LONGEST, usual="1000")
    u = torch.arange(steps + 1, dtype=torch.float64) / steps
    f = torch.cos((u + offset) / (1 + offset) * math.pi / 2) ** 2
    return _from_betas((1 - f[1:] / f[:-1]).clamp(max=0.999))


def _from_betas(betas: Float[Tensor, " T"]) -> Tabulated:
    return Tabulated(torch.cumprod(1 - betas, 0))
