"""FlowEdit and the family between it and DDS: the noise of the target moves with the edit."""

from dataclasses import dataclass, replace
from typing import ClassVar

from potstill.diffusion.prior import Condition, Prior
from potstill.errors import InputError
from potstill.methods.draw import Source
from potstill.methods.method import Residual, SeparateSourceGuidance, predict_pair
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import Annealed, TimestepSampler
from potstill.methods.weighting import Constant, Weight
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class FlowEdit(SeparateSourceGuidance):
    """FlowEdit (arXiv 2412.08629) at eta = 1, DDS at eta = 0 (the family: DVRF, arXiv 2509.05342).

        gradient = w(t) (v_hat(p, t, y) - v_hat(x_t^src, t, y_src) + (1 - eta) (x_0 - x_0_src)),
        p = alpha_t x_0 + sigma_t (eps + eta (x_0 - x_0_src)),   v_hat = eps_hat - x̂_0

    On a rectified flow with eta = 1, p is x_0 + x_t^src - x_0_src, and plain descent whose rate is the step of
    a falling time is FlowEdit itself, which moves along the flow and needs no identity term. x_t / (alpha_t +
    sigma_t) makes any schedule a flow, so the method runs on all. The times begin where the last 33 of 50 steps
    on SD3's shifted grid do, and fall in equal steps, as the rate of a run is one number; those of the released
    code are the grid's, longer towards clean data. It guides the source less than the target.

    Raises:
        InputError: an eta is not in [0, 1].
    """

    noise: NoiseSource = Fresh()
    weight: Weight = Constant()
    times: TimestepSampler = Annealed(high=0.85)
    eta: float = 1.0
    """The share of the edit that moves the target's noise at the start of a run: 0 is DDS, 1 is FlowEdit."""
    eta_end: float | None = None
    """The eta at its end; None keeps the first."""

    edits: ClassVar = True
    presets: ClassVar = ("dvrf", "sd3")
    equation: ClassVar = "w(t) (v_hat(p) - v_hat_src + (1 - eta) (x0 - x0_src))"
    comparison: ClassVar = "the velocity on the source"
    advice: ClassVar = (
        "To edit towards the target without an identity term, on flow models such as SD3 and Flux or on any other "
        "schedule. Its number of steps is part of the method."
    )
    reference: ClassVar = "Kulikov et al., FlowEdit, ICCV 2025, arXiv 2412.08629"
    bibtex: ClassVar = """@inproceedings{kulikov2025flowedit,
  title = {{FlowEdit}: Inversion-Free Text-Based Editing Using Pre-Trained Flow Models},
  author = {Kulikov, Vladimir and Kleiner, Matan and Huberman-Spiegelglas, Inbar and Michaeli, Tomer},
  booktitle = {IEEE/CVF International Conference on Computer Vision}, year = {2025},
  eprint = {2412.08629}, archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check both."""
        super().__post_init__()
        if not all(0 <= eta <= 1 for eta in (self.eta, self.eta_end or 0.0)):
            raise InputError(f"eta = {self.eta} to {self.eta_end} must be in [0, 1]: 0 is DDS, 1 is FlowEdit")

    @classmethod
    def dvrf(cls) -> "FlowEdit":
        """From DDS to FlowEdit over a run, at all times."""
        return cls(times=Annealed(), eta=0.0, eta_end=1.0)

    @classmethod
    def sd3(cls) -> "FlowEdit":
        """The source's scale as released for Stable Diffusion 3, with 13.5 on the target; for Flux 1.5 and 5.5."""
        return cls(source_guidance=3.5)

    def at_progress(self, progress: float) -> "FlowEdit":
        """With the eta at this point of the run."""
        end = self.eta if self.eta_end is None else self.eta_end
        return replace(self, eta=self.eta + (end - self.eta) * progress, eta_end=None)

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """The difference of velocities, and the share 1 - eta of the edit."""
        edit = x0 - source.x0
        hat, hat_source = predict_pair(x0, prior, t, noise, target, source, self.source_prior(prior), self.eta * edit)
        return Residual(hat.velocity - hat_source.velocity + (1 - self.eta) * edit, hat)
