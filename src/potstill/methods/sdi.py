"""Score distillation via inversion: SDS with the noise that DDIM inversion finds."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.methods.draw import Source
from potstill.methods.method import Method, Residual
from potstill.methods.noise import Inverted, NoiseSource
from potstill.methods.times import Annealed, TimestepSampler
from potstill.methods.weighting import Rho, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class SDI(Method):
    """Score distillation via inversion (arXiv 2405.15891, algorithm 2).

        gradient = rho_t (eps_hat(alpha_t x_0 + sigma_t kappa, t, y) - kappa) = x_0 - x̂_0

    kappa is inferred from the render by DDIM inversion, so it is right under every view of a 3-D scene,
    where the previous prediction (DDIM's noise) is not. The defaults are the paper's; `SDI.release()` is
    the released code.
    """

    noise: NoiseSource = Inverted()
    weight: Weight = Rho()
    times: TimestepSampler = Annealed(low=0.2, high=0.98)

    presets: ClassVar = ("release",)
    equation: ClassVar = "rho(t) (eps_hat - kappa), kappa by DDIM inversion"
    comparison: ClassVar = "the noise itself"
    advice: ClassVar = (
        "To generate a scene that is rendered from random views: noise inferred from the render is right in every "
        "view. For a single picture, plain sampling is cheaper."
    )
    reference: ClassVar = "Lukoianov et al., SDI, NeurIPS 2024, arXiv 2405.15891"
    bibtex: ClassVar = """@inproceedings{lukoianov2024sdi,
  title = {Score Distillation via Reparametrized {DDIM}},
  author = {Lukoianov, Artem and {S\\'a}ez de Oc\\'ariz Borde, Haitz and Greenewald, Kristjan and
            Guizilini, Vitor Campagnolo and Bagautdinov, Timur and Sitzmann, Vincent and Solomon, Justin},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2024},
  eprint = {2405.15891},
  archivePrefix = {arXiv}
}"""

    @classmethod
    def release(cls) -> "SDI":
        """As the authors' code runs, where it differs from the paper.

        It inverts up to t + U(0, 1/10), adds noise at every inversion step, passes the cleaner time to the
        network, uses x_{t+tau} as if it were x_t, and anneals t from 98 % to 2 %.
        """
        noise = Inverted(overshoot=0.1, extra_at="every step", label="current", remap=False)
        return cls(noise=noise, times=Annealed())

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """eps_hat - kappa."""
        (hat,) = predict(prior, Query(prior.schedule.perturb(x0, noise, t), t, target))
        return Residual(hat.eps - noise, hat)
