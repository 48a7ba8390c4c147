"""Interval score matching: the prediction is compared with that at the previous noise level."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.guidance import unguided
from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.diffusion.schedule import Schedule
from potstill.errors import InputError
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual
from potstill.methods.noise import Inverted, NoiseSource
from potstill.methods.times import ShrinkingRange, TimestepSampler
from potstill.methods.weighting import Rho, Weight
from potstill.tensors import Latent, Times, per_sample


@dataclass(frozen=True)
class ISM(Method):
    """Interval score matching (LucidDreamer, arXiv 2311.11284).

        gradient = w(t) (eps_hat(x_t, t, y) - eps_hat(x_s, s)),   s = t - interval,
        x_t = alpha_t (x_s - sigma_s eps_hat(x_s, s)) / alpha_s + sigma_t eps_hat(x_s, s)

    x_s comes from unconditional inversion of the render, and x_t is one more inversion step, so the two
    predictions need one call each. With weight rho and guidance 1 the gradient is a difference of two
    predictions of x_0. A negative prompt replaces the empty one. The noise of this method is that of x_s. Of the
    released code three details are left out: the interval that starts at 0.1, an offset to the noise, and the
    noise that the inversion starts with.

    Raises:
        InputError: the interval is not in (0, 1).
    """

    noise: NoiseSource = Inverted(steps=5, guidance_scale=0.0, overshoot=0.0, extra=0.0, label="current")
    weight: Weight = Rho()
    times: TimestepSampler = ShrinkingRange()
    interval: float = 0.08
    """From s to t, as a fraction of the schedule."""

    equation: ClassVar = "w(t) (eps_hat(x_t) - eps_hat_uncond(x_s))"
    comparison: ClassVar = "the unconditional prediction at the noise level before"
    advice: ClassVar = "To generate 3-D scenes with less variance than SDS, at twice the network calls or more."
    reference: ClassVar = "Liang et al., LucidDreamer, CVPR 2024, arXiv 2311.11284"
    bibtex: ClassVar = """@inproceedings{liang2024luciddreamer,
  title = {{LucidDreamer}: Towards High-Fidelity Text-to-{3D} Generation via Interval Score Matching},
  author = {Liang, Yixun and Yang, Xin and Lin, Jiantao and Li, Haodong and Xu, Xiaogang and Chen, Yingcong},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2024},
  eprint = {2311.11284},
  archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check the interval."""
        super().__post_init__()
        if not 0 < self.interval < 1:
            raise InputError(f"interval = {self.interval} must be a fraction of the schedule in (0, 1); 0.08 is usual")

    @property
    def calls(self) -> int:
        """x_t depends on the prediction at x_s, so two calls."""
        return 2

    def noise_time(self, schedule: Schedule, t: Times) -> Times:
        """s = t - interval, at the lowest the first noisy time."""
        return schedule.offset(t, -self.interval).clamp(min=schedule.t_min)

    @property
    def leaves_noise(self) -> bool:
        """Always."""
        return True

    def uses_negative(self, scale: float) -> bool:
        """Always."""
        return True

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """eps_hat(x_t) - eps_hat(x_s), the second without guidance or the prompt."""
        schedule = prior.schedule
        s = self.noise_time(schedule, t)
        x_s = schedule.perturb(x0, noise, s)
        (before,) = predict(unguided(prior), Query(x_s, s, {**target, **prior.negative_condition}))
        alpha, sigma = (per_sample(c, x0) for c in schedule(t))
        (hat,) = predict(prior, Query(alpha * before.x0 + sigma * before.eps, t, target))
        return Residual(hat.eps - before.eps, hat)
