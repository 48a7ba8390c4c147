"""Delta denoising score: the prediction is compared with the prediction on the source."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual, predict_pair
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import Constant, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class DDS(Method):
    """Delta denoising score (arXiv 2304.07090, section 4).

        gradient = w(t) (eps_hat(x_t, t, y) - eps_hat(x_t^src, t, y_src))

    Source and target share t and the noise. The gradient of SDS on the source is subtracted, so only the effect of
    the changed prompt remains. No term ties the result to the source, so it drifts.
    """

    noise: NoiseSource = Fresh()
    weight: Weight = Constant()
    times: TimestepSampler = Uniform()

    edits: ClassVar = True
    presets: ClassVar = ("release",)
    equation: ClassVar = "w(t) (eps_hat - eps_hat_src)"
    comparison: ClassVar = "the prediction on the source"
    advice: ClassVar = "To edit without an identity term. Nothing holds the source, so stop early, or the edit drifts."
    reference: ClassVar = "Hertz et al., Delta Denoising Score, ICCV 2023, arXiv 2304.07090"
    bibtex: ClassVar = """@inproceedings{hertz2023dds,
  title = {Delta Denoising Score},
  author = {Hertz, Amir and Aberman, Kfir and Cohen-Or, Daniel},
  booktitle = {IEEE/CVF International Conference on Computer Vision}, year = {2023},
  eprint = {2304.07090}, archivePrefix = {arXiv}
}"""

    @classmethod
    def release(cls) -> "DDS":
        """With the times of the released code, 50 to 948 of 1,000."""
        return cls(times=Uniform(low=0.05, high=0.948))

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """eps_hat - eps_hat_src."""
        hat, hat_source = predict_pair(x0, prior, t, noise, target, source)
        return Residual(hat.eps - hat_source.eps, hat)
