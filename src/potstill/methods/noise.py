"""Sources of the noise of x_t: drawn, held, predicted, or inferred from the render."""

import abc
import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator

from potstill.diffusion.guidance import check_scale, with_scale
from potstill.diffusion.inversion import ddim_inversion
from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.errors import InputError
from potstill.fields import Checked, check_count, check_number
from potstill.methods.draw import Draw, Memory, Moment, PreviousStep
from potstill.methods.times import TimestepSampler
from potstill.tensors import Latent, Times, norm_of_each, normal, per_sample, uniform

MOST_CALLS = 1000
"""The most network calls for the noise of one step, as many as a table has levels."""


class NoiseSource(Checked, abc.ABC):
    """A source of noise for x_t = alpha_t x_0 + sigma_t eps."""

    @abc.abstractmethod
    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """The noise for x0 at t, [b, ...].

        `past` is None in the first step of a run; sources that need it then draw fresh noise.
        """

    def own_scale(self) -> float | None:
        """The guidance scale at which it asks the prior, whatever that of the run is; None if it does not."""
        return None

    def uses_guidance(self) -> bool:
        """Whether it asks the prior under the guidance of the run."""
        return False

    def uses_negative(self) -> bool:
        """Whether it compares with the empty or the negative prompt, whatever the guidance scale of the run is."""
        return self.own_scale() not in (None, 1)

    def uses_prompt(self) -> bool:
        """Whether it asks the prior under the prompt, whatever the guidance scale of the run is."""
        return self.own_scale() not in (None, 0)

    def rule_scales(self) -> set[float]:
        """Its own scale, if the rule of the run's guidance acts at it: 0 and 1 are one branch alone."""
        own = self.own_scale()
        return set() if own in (None, 0, 1) else {own}

    def recall(
        self, moment: Moment, times: TimestepSampler, prior: Prior, memory: Memory
    ) -> tuple[Draw | None, Memory]:
        """A draw kept from earlier steps, and the memory that holds it; None for sources without one.

        `prior` has the guidance for the source of an edit.
        """
        return None, memory


@dataclass(frozen=True)
class Fresh(NoiseSource):
    """eps ~ N(0, I) in every step (SDS, arXiv 2209.14988)."""

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """A standard normal draw."""
        return normal(x0, rng)


@dataclass(frozen=True)
class Fixed(NoiseSource):
    """eps ~ N(0, I) drawn in the first step and held from then on."""

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """The first step's draw."""
        return past.noise if past else normal(x0, rng)


@dataclass(frozen=True)
class Previous(NoiseSource):
    """eps = eps_hat of the previous step: DDIM, in the space of x_0 (SDI, arXiv 2405.15891, eq. 6)."""

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """The previous prediction."""
        return past.eps if past else normal(x0, rng)


@dataclass(frozen=True)
class Mixed(NoiseSource):
    """eps = sqrt(1 - share²) eps_hat + share z: a DDIM step with sigma = share · sigma_s (Theorem 1).

    eps_hat is the prediction of the previous step and z ~ N(0, I): 0 is `Previous`, 1 is `Fresh`.

    Raises:
        InputError: the share is not in [0, 1].
    """

    share: float = 0.5

    def __post_init__(self) -> None:
        """Check the share."""
        super().__post_init__()
        if not 0 <= self.share <= 1:
            raise InputError(f"share = {self.share} must be in [0, 1]: 0 is the prediction, 1 is fresh noise")

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """The mixture of prediction and draw."""
        z = normal(x0, rng)
        return (1 - self.share**2) ** 0.5 * past.eps + self.share * z if past else z


@dataclass(frozen=True)
class DDIMNoise(NoiseSource):
    """As `Mixed`, with the noise of diffusers' eta: sigma = eta · sigma of q(x_s | x_t, x_0), at most sigma_s.

    0 is DDIM, 1 is DDPM (arXiv 2010.02502, eq. 16). Where the times do not fall, all noise is fresh.

    Raises:
        InputError: eta is not from 0 to a million.
    """

    eta: float = 1.0

    def __post_init__(self) -> None:
        """Check eta."""
        super().__post_init__()
        check_number("eta", self.eta, 0.0, 1e6, usual="1, which is DDPM,")

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """The mixture of prediction and draw, share by share."""
        z = normal(x0, rng)
        if past is None:
            return z
        sigma = prior.schedule.posterior(past.t.maximum(t), t).sigma
        share = torch.where(t < past.t, (self.eta * sigma / prior.schedule(t)[1]).clamp(max=1), 1.0)
        return per_sample((1 - share**2).sqrt(), x0) * past.eps + per_sample(share, x0) * z


@dataclass(frozen=True)
class Inverted(NoiseSource):
    """eps from DDIM inversion of x_0: the noise that the prior itself would denoise to x_0.

    SDI (arXiv 2405.15891, algorithm 2 and appendix A): invert x_0 to t + tau with tau ~ U(0, overshoot),
    read kappa = (x_{t+tau} - alpha x_0) / sigma there, use it at t, and add `extra` · sigma_t z.

    Args:
        steps: inversion steps for the whole schedule; t takes its share, rounded up.
        guidance_scale: of the inversion; negative guidance first removes what the prompt adds.
        overshoot: the largest tau, as a fraction of the schedule.
        extra: the amount of fresh noise added.
        extra_at: once to kappa (paper), or with the posterior's sigma at every inversion step (released code).
        label: the time passed to the network in a step up from s to t (see `ddim_inversion`).
        remap: read kappa at t + tau, as the paper does; False keeps x_{t+tau} as if it were x_t, as the
            released code does, so the signal is too weak and the noise too strong for t.

    Raises:
        InputError: steps not from 1 to 1,000, overshoot outside [0, 1), extra not from 0 to a million, a guidance scale
            of a size above 1,000, an extra_at or a label that is none of its choices.
    """

    steps: int = 10
    guidance_scale: float = -7.5
    overshoot: float = 1 / 30
    extra: float = 0.3
    extra_at: Literal["end", "every step"] = "end"
    label: Literal["next", "current"] = "next"
    remap: bool = True

    def __post_init__(self) -> None:
        """Check the numbers."""
        super().__post_init__()
        check_count("steps of the inversion", self.steps, MOST_CALLS, usual="10")
        if not 0 <= self.overshoot < 1:
            raise InputError(f"overshoot = {self.overshoot} must be in [0, 1); 1/30 is usual")
        check_number("extra", self.extra, 0.0, 1e6, usual="0.3")
        check_scale(self.guidance_scale, "guidance scale of the inversion")

    def own_scale(self) -> float:
        """Of the inversion."""
        return self.guidance_scale

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """kappa, inferred from x_0 at each sample's own time."""
        schedule = prior.schedule
        tau = self.overshoot * uniform(len(t), rng)
        top = schedule.offset(t, tau)
        guided = with_scale(prior, self.guidance_scale)
        every = self.extra if self.extra_at == "every step" else 0.0
        grid = schedule.inversion_grid(top, self.steps)
        x_top = ddim_inversion(guided, x0, grid, condition, self.label, every, rng)[-1]
        alpha, sigma = (per_sample(c, x0) for c in schedule(top if self.remap else t))
        kappa = (x_top - alpha * x0) / sigma
        if self.extra_at == "end" and self.extra:
            kappa = kappa + self.extra * per_sample(schedule(t)[1], x0) * normal(x0, rng)
        return kappa


@dataclass(frozen=True)
class FixedPoint(NoiseSource):
    """eps for which the prior predicts x_0 itself, x̂_0(alpha_t x_0 + sigma_t eps) = x_0, by gradient descent.

    IDS (arXiv 2502.19930): x_t <- x_t - rate ∇ |x_0 - x̂_0(x_t)|, from a fresh draw, through the network.
    Inversion follows the whole trajectory instead, and solves this equation only roughly at large t.

    Raises:
        InputError: iterations not from 1 to 1,000, rate not finite or not positive; in a run, a prior without gradient.
    """

    iterations: int = 3
    rate: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        super().__post_init__()
        check_count("iterations", self.iterations, MOST_CALLS, usual="3")
        if not 0 < self.rate < math.inf:
            raise InputError(f"rate = {self.rate} of the fixed point must be finite and above 0; 1 is usual")

    def uses_guidance(self) -> bool:
        """Always."""
        return True

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """(x_t* - alpha_t x_0) / sigma_t."""
        alpha, sigma = (per_sample(c, x0) for c in prior.schedule(t))
        x_t = alpha * x0 + sigma * normal(x0, rng)
        for _ in range(self.iterations):
            with torch.enable_grad():
                x_t = x_t.detach().requires_grad_()
                gap = norm_of_each(x0 - predict(prior, Query(x_t, t, condition))[0].x0).sum()
                if not gap.requires_grad:
                    raise InputError("the prior has no gradient, which FixedPoint() descends: use Picard() instead")
                (slope,) = torch.autograd.grad(gap, x_t)
            x_t = x_t.detach() - self.rate * slope
        return (x_t - alpha * x0) / sigma


@dataclass(frozen=True)
class Picard(NoiseSource):
    """As `FixedPoint`, by iterating eps <- eps_hat(alpha_t x_0 + sigma_t eps) from a fresh draw.

    SDI's eq. 8 solved naively. It converges on a Gaussian, where its slope is sigma² / (alpha² s² + sigma²) < 1; with
    guidance it may not. One iteration at guidance scale 1 is the corrected noise of RFDS-Rev.

    Raises:
        InputError: iterations not from 1 to 1,000, or a guidance scale of a size above 1,000.
    """

    iterations: int = 1
    guidance_scale: float | None = None
    """Of the iterations; None is that of the run."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        super().__post_init__()
        check_count("iterations", self.iterations, MOST_CALLS, usual="1")
        if self.guidance_scale is not None:
            check_scale(self.guidance_scale, "guidance scale of the iterations")

    def uses_guidance(self) -> bool:
        """Unless it has a guidance scale of its own."""
        return self.guidance_scale is None

    def own_scale(self) -> float | None:
        """Of the iterations, if it is not the run's."""
        return self.guidance_scale

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """The last prediction."""
        prior = prior if self.guidance_scale is None else with_scale(prior, self.guidance_scale)
        eps = normal(x0, rng)
        for _ in range(self.iterations):
            eps = predict(prior, Query(prior.schedule.perturb(x0, eps, t), t, condition))[0].eps
        return eps


NOISE_SOURCES: tuple[type[NoiseSource], ...] = (Fresh, Fixed, Previous, Mixed, DDIMNoise, Inverted, FixedPoint, Picard)
"""All except `DrawBank`, which is built on them."""
