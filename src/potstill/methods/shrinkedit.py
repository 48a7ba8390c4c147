"""ShrinkEdit: InfEdit that keeps only a share of what the model does not see in the source."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior
from potstill.errors import InputError
from potstill.methods.draw import Source
from potstill.methods.method import OptimizerSettings, Residual, SeparateSourceGuidance, predict_pair
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import Annealed, TimestepSampler
from potstill.methods.weighting import Rho, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class ShrinkEdit(SeparateSourceGuidance):
    """Editing between SDS and InfEdit (ours): a share k of the source's residual is kept.

        gradient = rho_t ((eps_hat - eps) - k (eps_hat_src - eps)) = (x_0 - x̂_0) - k (x_0_src - x̂_0_src)
        k = 1 / (1 + c / half),   c = root mean square over the channels of x̂_0 - x̂_0_src

    The residual x_0_src - x̂_0_src is what the model does not redraw of the source: its details, and what it draws
    wrongly. InfEdit adds all of it to the denoised target (k = 1), so that where the shape changes, the outlines of the
    source stay. SDS adds nothing (k = 0), so that where nothing changes, the details of the source are lost. Least
    squares say how much of it belongs to the answer: k = <r, r_src> / <r_src, r_src> with the residual r of the true
    answer. On the benchmark's seen pairs that is 0.41, and falls with the change of the denoised pictures, somewhat
    faster than above (`benchmarks/source_residual.py`).

    Between Gaussians of equal variance the gradient is 0, in the mean over the noise, at x_0 = mu + k (x_0_src -
    mu_src): the deviation from the mean, shrunk. (Of the noise, 1 - k stays in a step; InfEdit's steps have none.)

    Raises:
        InputError: half is not above 0.
    """

    noise: NoiseSource = Fresh()
    weight: Weight = Rho()
    times: TimestepSampler = Annealed(low=0.25, high=0.95)
    half: float = 0.4
    """The change c, in units of x_0, at which half of the residual is kept; with a very large one it is InfEdit."""

    edits: ClassVar = True
    default_optimizer: ClassVar = OptimizerSettings("sgd", 0.7, 4)
    equation: ClassVar = "rho(t) ((eps_hat - eps) - k (eps_hat_src - eps)) = (x0 - x̂0) - k (x0_src - x̂0_src)"
    comparison: ClassVar = "a share of the denoised source's residual"
    advice: ClassVar = (
        "To edit a picture: it is the default of `potstill edit`, and comes nearest to the true edit in the benchmark "
        "at the lowest cost."
    )
    reference: ClassVar = "potstill, after Xu et al., Inversion-Free Image Editing, CVPR 2024, arXiv 2312.04965"
    bibtex: ClassVar = """@software{potstill,
  title = {potstill: score distillation with diffusion models},
  author = {{The potstill authors}},
  year = {2026}
}"""

    def __post_init__(self) -> None:
        """Check the number."""
        super().__post_init__()
        if not self.half > 0:
            raise InputError(f"half = {self.half} must be above 0: 0.4 suits latents")

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """(eps_hat - eps) - k (eps_hat_src - eps)."""
        hat, hat_source = predict_pair(x0, prior, t, noise, target, source, self.source_prior(prior))
        change = (hat.x0 - hat_source.x0).square().mean(1, keepdim=True).sqrt()
        return Residual((hat.eps - noise) - (hat_source.eps - noise) / (1 + change / self.half), hat)
