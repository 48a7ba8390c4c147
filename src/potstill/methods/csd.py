"""Classifier score distillation: only the part of the guided prediction that the prompt adds."""

from dataclasses import dataclass, replace
from typing import ClassVar

from potstill.diffusion.guidance import unguided
from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.errors import InputError
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import Constant, SigmaSquared, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class CSD(Method):
    """Classifier score distillation (arXiv 2310.19415).

        gradient = w(t) (eps_hat(x_t, t, y) - (1 - a) eps_hat(x_t, t) - a eps_hat(x_t, t, y_neg))

    The difference of SDS at two guidance scales, so the noise only forms x_t. a is the share of the
    negative prompt in the subtracted prediction; it changes linearly from `negative` to `negative_end`. Without
    a negative prompt y_neg is empty, and a changes nothing. The prior's own guidance scale is not used.

    Raises:
        InputError: a share is not in [0, 1].
    """

    noise: NoiseSource = Fresh()
    weight: Weight = SigmaSquared()
    times: TimestepSampler = Uniform()
    negative: float = 0.0
    """The share a at the start of a run, in [0, 1]."""
    negative_end: float | None = None
    """The share a at its end; None keeps the first."""

    presets: ClassVar = ("coarse", "fine")
    guided_by: ClassVar = "none"
    equation: ClassVar = "w(t) (eps_hat_cond - (1 - a) eps_hat_uncond - a eps_hat_neg)"
    comparison: ClassVar = "the unconditional, or the negative prediction"
    advice: ClassVar = "For a short push towards a prompt. Nothing stops it at the target, so use few steps."
    reference: ClassVar = "Yu et al., Classifier Score Distillation, ICLR 2024, arXiv 2310.19415"
    bibtex: ClassVar = """@inproceedings{yu2024csd,
  title = {Text-to-{3D} with Classifier Score Distillation},
  author = {Yu, Xin and Guo, Yuan-Chen and Li, Yangguang and Liang, Ding and Zhang, Song-Hai and Qi, Xiaojuan},
  booktitle = {International Conference on Learning Representations},
  year = {2024},
  eprint = {2310.19415},
  archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check the shares."""
        super().__post_init__()
        if not all(0 <= share <= 1 for share in (self.negative, self.negative_end or 0.0)):
            raise InputError(
                f"negative = {self.negative} and negative_end = {self.negative_end} must be in [0, 1]: 0 compares "
                "with the unconditional prediction, 1 with the negative prompt's"
            )

    @classmethod
    def coarse(cls) -> "CSD":
        """The released code's first stage: uniform weight, from the unconditional to the negative prediction."""
        return cls(weight=Constant(), negative_end=1.0)

    @classmethod
    def fine(cls) -> "CSD":
        """The released code's second stage: times up to 50 %, and half of the change back."""
        return cls(times=Uniform(high=0.5), negative=1.0, negative_end=0.5)

    def at_progress(self, progress: float) -> "CSD":
        """With the share at this point of the run."""
        end = self.negative if self.negative_end is None else self.negative_end
        return replace(self, negative=self.negative + (end - self.negative) * progress, negative_end=None)

    @property
    def leaves_noise(self) -> bool:
        """Always."""
        return True

    def uses_negative(self, scale: float) -> bool:
        """With a share above 0."""
        return max(self.negative, self.negative_end or 0.0) > 0 or super().uses_negative(scale)

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """The conditional prediction minus the mixed one."""
        x_t, share = prior.schedule.perturb(x0, noise, t), self.negative
        against = [(1 - share, prior.unconditional)] * (share < 1) + [(share, prior.negative_condition)] * (share > 0)
        queries = [Query(x_t, t, {**target, **condition}) for _, condition in against]
        hat, *hats = predict(unguided(prior), Query(x_t, t, target), *queries)
        subtracted = sum(part * other.eps for (part, _), other in zip(against, hats, strict=True))
        return Residual(hat.eps - subtracted, hat)
