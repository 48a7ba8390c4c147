"""Variational score distillation: the prediction is compared with that of a model of the renders."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Generator

from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.methods.draw import Memory, Source
from potstill.methods.method import Method, Residual
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.render_model import DefaultRenderModel, Empirical, RenderModel
from potstill.methods.times import TimestepSampler, Uniform
from potstill.methods.weighting import SigmaSquared, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class VSD(Method):
    """Variational score distillation (ProlificDreamer, arXiv 2305.16213).

        gradient = w(t) (eps_hat(x_t, t, y) - eps_hat_renders(x_t, t, y))

    It moves all renders together towards the prior's distribution, where SDS moves each towards a mode. The model of
    the renders is trained on them during the run, and is used without guidance. If it is exact and there is one
    render, it predicts the noise, and VSD is SDS. The defaults are those of the released code for images. For 3-D the
    release narrows the times to 0.5 after a fifth of the run (`times="ShrinkingRange(until=0.2)"` is close), and its
    model also takes the camera.
    """

    noise: NoiseSource = Fresh()
    weight: Weight = SigmaSquared()
    times: TimestepSampler = Uniform()
    render_model: RenderModel = DefaultRenderModel()
    """The kind of model of the renders."""

    equation: ClassVar = "w(t) (eps_hat - eps_hat_renders)"
    comparison: ClassVar = "the prediction of a model of the renders, which takes 1 evaluation more to train"
    advice: ClassVar = (
        "For several results that are as diverse as the model's samples. It needs more steps than SDS, and "
        "`potstill[lora]` for a pipeline."
    )
    reference: ClassVar = "Wang et al., ProlificDreamer, NeurIPS 2023, arXiv 2305.16213"
    bibtex: ClassVar = """@inproceedings{wang2023prolificdreamer,
  title = {{ProlificDreamer}: High-Fidelity and Diverse Text-to-{3D} Generation with Variational Score Distillation},
  author = {Wang, Zhengyi and Lu, Cheng and Wang, Yikai and Bao, Fan and Li, Chongxuan and Su, Hang and Zhu, Jun},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2023},
  eprint = {2305.16213},
  archivePrefix = {arXiv}
}"""

    @property
    def calls(self) -> int:
        """One of the prior and one of the model of the renders."""
        return 2

    @property
    def apart(self) -> bool:
        """Never: one model is trained on all renders."""
        return False

    @property
    def leaves_noise(self) -> bool:
        """Unless the prediction for the renders is exact: where they differ, it is the noise itself."""
        return not isinstance(self.render_model, Empirical)

    def uses_prompt(self, scale: float) -> bool:
        """A model that is trained on the renders takes the prompt at every scale."""
        return super().uses_prompt(scale) or not isinstance(self.render_model, Empirical)

    def init(self, prior: Prior, rng: Generator) -> Memory:
        """An untrained model of the renders."""
        return Memory(render_model=self.render_model.learner(prior, rng))

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """eps_hat - eps_hat_renders."""
        query = Query(prior.schedule.perturb(x0, noise, t), t, target)
        (hat,), (renders,) = predict(prior, query), predict(prior.render_model, query)
        return Residual(hat.eps - renders.eps, hat)
