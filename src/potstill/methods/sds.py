"""Score distillation sampling: the prediction is compared with the noise itself."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import SigmaSquared, Velocity, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class SDS(Method):
    """Score distillation sampling (DreamFusion, arXiv 2209.14988, eq. 3).

        gradient = w(t) (eps_hat(alpha_t x_0 + sigma_t eps, t, y) - eps)

    With fresh noise it seeks a mode of the guided density, and all seeds look alike. With weight
    `Constant()` it is SJC with variance reduction (arXiv 2212.00774); with noise `Mixed(share)` and weight
    `Rho()` on falling times it is DDIM sampling (Theorem 1).
    """

    noise: NoiseSource = Fresh()
    weight: Weight = SigmaSquared()
    times: TimestepSampler = Uniform()

    presets: ClassVar = ("rfds",)
    equation: ClassVar = "w(t) (eps_hat - eps)"
    comparison: ClassVar = "the noise itself"
    advice: ClassVar = (
        "To generate any scene with the fewest evaluations per step. It seeks a mode, so different seeds look alike, "
        "and as an edit it loses the identity of the source."
    )
    reference: ClassVar = "Poole et al., DreamFusion, ICLR 2023, arXiv 2209.14988"
    bibtex: ClassVar = """@inproceedings{poole2023dreamfusion,
  title = {{DreamFusion}: Text-to-{3D} using {2D} Diffusion},
  author = {Poole, Ben and Jain, Ajay and Barron, Jonathan T. and Mildenhall, Ben},
  booktitle = {International Conference on Learning Representations},
  year = {2023},
  eprint = {2209.14988},
  archivePrefix = {arXiv}
}"""

    @classmethod
    def rfds(cls) -> "SDS":
        """In a flow's own terms (RFDS, arXiv 2406.03293): v_hat - (eps - x_0), on a flow w = 1 / (1 - t).

        t is uniform; the released code draws it on SD3's shifted grid, so more often near noise.
        """
        return cls(weight=Velocity())

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """eps_hat - eps."""
        (hat,) = predict(prior, Query(prior.schedule.perturb(x0, noise, t), t, target))
        return Residual(hat.eps - noise, hat)
