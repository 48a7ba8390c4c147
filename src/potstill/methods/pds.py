"""Posterior distillation sampling: the stochastic latents of source and target are compared."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior
from potstill.methods.coefficients import Coefficients, Consistent, DefaultCoefficients
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual, predict_pair
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import Constant, Weight
from potstill.tensors import Latent, Times, per_sample


@dataclass(frozen=True)
class PDS(Method):
    """Posterior distillation sampling (arXiv 2311.13831, eq. 14), in closed form (Theorem 2).

        gradient = w(t) (psi(t) (x_0 - x_0_src) + chi(t) (eps_hat(x_t, t, y) - eps_hat(x_t^src, t, y_src)))

    The difference of the stochastic latents z = (x_s - mu(x_t, x̂_0)) / sigma of target and source; all
    noise is shared and drops out. The first term keeps the identity of the source. It exists only in
    the coefficients of the released code; the consistent ones have psi = 0, and then PDS is DDS. A schedule
    without betas, such as a flow, has no release coefficients: there the default is the consistent form with an
    identity term of a stated strength.
    """

    noise: NoiseSource = Fresh()
    weight: Weight = Constant()
    times: TimestepSampler = Uniform()
    coefficients: Coefficients = DefaultCoefficients()
    """psi and chi; by default `Release` on schedules with betas and `Identity` on others."""

    edits: ClassVar = True
    presets: ClassVar = ("consistent",)
    equation: ClassVar = "psi(t) (x0 - x0_src) + chi(t) (eps_hat - eps_hat_src)"
    comparison: ClassVar = "the stochastic latent of the source"
    advice: ClassVar = (
        "To edit what must stay near its source: on points it moves least of the methods here. "
        "`Identity(strength)` sets how near with one number."
    )
    reference: ClassVar = "Koo et al., Posterior Distillation Sampling, CVPR 2024, arXiv 2311.13831"
    bibtex: ClassVar = """@inproceedings{koo2024pds,
  title = {Posterior Distillation Sampling},
  author = {Koo, Juil and Park, Chanho and Sung, Minhyuk},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2024},
  eprint = {2311.13831},
  archivePrefix = {arXiv}
}"""

    @classmethod
    def consistent(cls) -> "PDS":
        """With the coefficients of the pair (s, t): no identity term."""
        return cls(coefficients=Consistent())

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """psi (x_0 - x_0_src) + chi (eps_hat - eps_hat_src)."""
        psi, chi = (per_sample(c, x0) for c in self.coefficients(prior.schedule, t))
        hat, hat_source = predict_pair(x0, prior, t, noise, target, source)
        return Residual(psi * (x0 - source.x0) + chi * (hat.eps - hat_source.eps), hat)
