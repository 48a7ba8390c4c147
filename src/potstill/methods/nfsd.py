"""Noise-free score distillation: the noise that remains in a prediction is removed from it."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.guidance import unguided
from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.errors import InputError
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import SigmaSquared, Weight
from potstill.tensors import Latent, Times, per_sample


@dataclass(frozen=True)
class NFSD(Method):
    """Noise-free score distillation (arXiv 2310.17590).

        gradient = w(t) (delta_D + s (eps_hat(x_t, t, y) - eps_hat(x_t, t))),
        delta_D  = eps_hat(x_t, t) below `threshold`, eps_hat(x_t, t) - eps_hat(x_t, t, y_neg) from there on

    s is the prior's guidance scale, without its rule. y_neg is the negative prompt, which describes bad
    pictures; without one delta_D is 0 from the threshold on, and the rest is s times CSD.

    Raises:
        InputError: the threshold is not in [0, 1].
    """

    noise: NoiseSource = Fresh()
    weight: Weight = SigmaSquared()
    times: TimestepSampler = Uniform()
    threshold: float = 0.2
    """The fraction of the schedule below which the unconditional prediction itself is followed."""

    guided_by: ClassVar = "scale"
    equation: ClassVar = "w(t) (delta_D + s (eps_hat_cond - eps_hat_uncond))"
    comparison: ClassVar = "the unconditional and the negative prediction"
    advice: ClassVar = (
        "To generate at usual guidance scales without the noise that SDS subtracts, with a negative prompt that "
        "describes bad pictures."
    )
    reference: ClassVar = "Katzir et al., Noise-Free Score Distillation, ICLR 2024, arXiv 2310.17590"
    bibtex: ClassVar = """@inproceedings{katzir2024nfsd,
  title = {Noise-Free Score Distillation},
  author = {Katzir, Oren and Patashnik, Or and Cohen-Or, Daniel and Lischinski, Dani},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2310.17590}, archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check the threshold."""
        super().__post_init__()
        if not 0 <= self.threshold <= 1:
            raise InputError(f"threshold = {self.threshold} must be a fraction of the schedule in [0, 1]; 0.2 is usual")

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
        """delta_D + s delta_C, each sample on its own side of the threshold."""
        x_t = prior.schedule.perturb(x0, noise, t)
        conditions = (target, {**target, **prior.unconditional}, {**target, **prior.negative_condition})
        hat, uncond, negative = predict(unguided(prior), *(Query(x_t, t, condition) for condition in conditions))
        high = (t >= self.threshold * prior.schedule.duration).to(x0.dtype)
        domain = uncond.eps - per_sample(high, x0) * negative.eps
        return Residual(domain + prior.guidance_scale * (hat.eps - uncond.eps), hat)
