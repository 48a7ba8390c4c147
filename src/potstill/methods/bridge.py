"""SDS-Bridge: two prompts on the same x_t, one that describes the render and one that describes the goal."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.guidance import unguided
from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.errors import InputError
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.sds import SDS
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import SigmaSquared, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class Bridge(Method):
    """SDS-Bridge (arXiv 2406.09417): SDS for a share of the run, then

        gradient = w(t) s (eps_hat(x_t, t, y) - eps_hat(x_t, t, y_src)),

    a step of the bridge from the distribution that the source prompt describes to the target's. s is the
    prior's guidance scale, without its rule. The source prompt should describe the render as it is, flaws
    included. Only the prompt of the source is used, so only the prompt preserves its identity.

    Raises:
        InputError: the share of the first stage is not in [0, 1].
    """

    noise: NoiseSource = Fresh()
    weight: Weight = SigmaSquared()
    times: TimestepSampler = Uniform()
    first_stage: float = 0.0
    """The share of the run that is SDS; 0 for edits, where the render is an image from the start."""

    edits: ClassVar = True
    guided_by: ClassVar = "scale"
    presets: ClassVar = ("release",)
    equation: ClassVar = "w(t) s (eps_hat(x_t, y) - eps_hat(x_t, y_src))"
    comparison: ClassVar = "the source prompt's prediction on the same x_t"
    advice: ClassVar = (
        "For a short push from one prompt to another when the source prompt describes the render well, flaws "
        "included. Nothing stops it at the target."
    )
    reference: ClassVar = "McAllister et al., SDS-Bridge, NeurIPS 2024, arXiv 2406.09417"
    bibtex: ClassVar = """@inproceedings{mcallister2024bridge,
  title = {Rethinking Score Distillation as a Bridge Between Image Distributions},
  author = {McAllister, David and Ge, Songwei and Huang, Jia-Bin and Jacobs, David W. and Efros, Alexei A. and
            Holynski, Aleksander and Kanazawa, Angjoo},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2024},
  eprint = {2406.09417},
  archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check the share."""
        super().__post_init__()
        if not 0 <= self.first_stage <= 1:
            raise InputError(f"first_stage = {self.first_stage} must be a share of the run in [0, 1]")

    @classmethod
    def release(cls) -> "Bridge":
        """As the released code generates: SDS for the first half of the run."""
        return cls(first_stage=0.5)

    def at_progress(self, progress: float) -> Method:
        """SDS in the first stage."""
        return SDS(self.noise, self.weight, self.times) if progress < self.first_stage else self

    def uses_negative(self, scale: float) -> bool:
        """In the first stage, and in the noise; the second stage compares two prompts."""
        return super().uses_negative(scale) or (self.first_stage > 0 and scale != 1)

    def uses_prompt(self, scale: float) -> bool:
        """Also for the noise of the first stage, which has no source."""
        return super().uses_prompt(scale) or (self.first_stage > 0 and self.noise.uses_prompt())

    def rule_scales(self, scale: float) -> set[float]:
        """With the first stage's."""
        return super().rule_scales(scale) | ({scale} if self.first_stage > 0 else set())

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """s (eps_hat - eps_hat_src_prompt)."""
        x_t = prior.schedule.perturb(x0, noise, t)
        hat, now = predict(unguided(prior), Query(x_t, t, target), Query(x_t, t, {**target, **source.condition}))
        return Residual(prior.guidance_scale * (hat.eps - now.eps), hat)
