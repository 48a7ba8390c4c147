"""Identity-preserving distillation: DDS with the noise for which the prior predicts the source itself."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual, predict_pair
from potstill.methods.noise import FixedPoint, NoiseSource
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import Constant, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class IDS(Method):
    """Identity-preserving distillation sampling (arXiv 2502.19930).

        gradient = w(t) (eps_hat(alpha_t x_0 + sigma_t eps*, t, y) - eps_hat(alpha_t x_0_src + sigma_t eps*, t, y_src))

    DDS with another noise: `DDS(noise=FixedPoint())` is the same method. From the source noised with eps*, the
    prior predicts the source itself, so the subtracted prediction does not change it. The defaults are the
    released code's.
    """

    noise: NoiseSource = FixedPoint()
    weight: Weight = Constant()
    times: TimestepSampler = Uniform(low=0.05, high=0.948)

    edits: ClassVar = True
    equation: ClassVar = "w(t) (eps_hat - eps_hat_src), eps* with x̂0(x_t_src) = x0_src"
    comparison: ClassVar = "the prediction on the source"
    advice: ClassVar = (
        "To edit as DDS does, with the noise solved for so that the source predicts itself; each step costs more than "
        "twice as many evaluations."
    )
    reference: ClassVar = "Kim et al., Identity-preserving Distillation Sampling, CVPR 2025, arXiv 2502.19930"
    bibtex: ClassVar = """@inproceedings{kim2025ids,
  title = {Identity-preserving Distillation Sampling by Fixed-Point Iterator},
  author = {Kim, SeonHwa and Kim, Jiwon and Park, Soobin and Ahn, Donghoon and Kang, Jiwon and Kim, Seungryong and
            Jin, Kyong Hwan and Cha, Eunju},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2025},
  eprint = {2502.19930},
  archivePrefix = {arXiv}
}"""

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """eps_hat - eps_hat_src."""
        hat, hat_source = predict_pair(x0, prior, t, noise, target, source)
        return Residual(hat.eps - hat_source.eps, hat)
