"""InfEdit: the difference of two denoised pictures, followed down the noise levels."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior
from potstill.methods.draw import Source
from potstill.methods.method import OptimizerSettings, Residual, SeparateSourceGuidance, predict_pair
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import Annealed, TimestepSampler
from potstill.methods.weighting import Rho, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class InfEdit(SeparateSourceGuidance):
    """Inversion-free editing (arXiv 2312.04965, virtual inversion), without its control of the attention maps.

        gradient = rho_t (eps_hat(x_t, t, y) - eps_hat(x_t^src, t, y_src)) = (x_0 - x_0_src) - (x̂_0 - x̂_0_src)

    The comparison of DDS in the units of clean data, down falling times and by plain descent. At rate 1 a step
    replaces x_0 by x_0_src + x̂_0 - x̂_0_src, as the paper's sampler does. At smaller rates the edit
    x_0 - x_0_src is a running mean of the differences of the denoised pictures: the noise of single steps
    averages out, and where source and target agree, x_0 returns to the source.
    """

    noise: NoiseSource = Fresh()
    weight: Weight = Rho()
    times: TimestepSampler = Annealed(high=0.95)

    edits: ClassVar = True
    presets: ClassVar = ("release",)
    default_optimizer: ClassVar = OptimizerSettings("sgd", 0.5, 6)
    equation: ClassVar = "rho(t) (eps_hat - eps_hat_src) = (x0 - x0_src) - (x̂0 - x̂0_src)"
    comparison: ClassVar = "the denoised source"
    advice: ClassVar = (
        "To edit a picture whose details must stay, a scene or a drawing: it is the default of `potstill edit` for the "
        "last two."
    )
    reference: ClassVar = "Xu et al., Inversion-Free Image Editing, CVPR 2024, arXiv 2312.04965"
    bibtex: ClassVar = """@inproceedings{xu2024infedit,
  title = {Inversion-Free Image Editing with Language-Guided Diffusion Models},
  author = {Xu, Sihan and Huang, Yidong and Pan, Jiayi and Ma, Ziqiao and Chai, Joyce},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2024},
  eprint = {2312.04965},
  archivePrefix = {arXiv}
}"""

    @classmethod
    def release(cls) -> "InfEdit":
        """With the source unguided, as in the released code, whose target has guidance 2, in 15 steps at rate 1."""
        return cls(times=Annealed(), source_guidance=1.0)

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """eps_hat - eps_hat_src."""
        hat, hat_source = predict_pair(x0, prior, t, noise, target, source, self.source_prior(prior))
        return Residual(hat.eps - hat_source.eps, hat)
