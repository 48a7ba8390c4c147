"""Edit-friendly DDPM inversion as an editor: sampling with the target under the noise maps of the source."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from potstill.baselines.baseline import (
    EditProblem,
    InversionBaseline,
    InversionResult,
    Snapshot,
    check_share,
    sample_steps,
)
from potstill.diffusion.guidance import with_scale
from potstill.diffusion.inversion import noise_maps
from potstill.diffusion.sampling import eta
from potstill.tensors import normal


@dataclass(frozen=True)
class DDPMInversion(InversionBaseline):
    """Edit-friendly DDPM inversion (arXiv 2304.06140), with the paper's 100 steps, 36 of them skipped.

    Sampling with the source prompt at `source_guidance` reconstructs the source exactly, for any prior. The paper
    edits at guidance scale 15.

    Raises:
        InputError: skip or eta is out of range.
    """

    source_guidance: float = 3.5
    """The guidance scale used to compute the noise maps of the source."""
    skip: float = 0.36
    """The share of the schedule skipped at its noisy end, in [0, 1): larger stays closer to the source."""
    eta: float = 1.0
    """The noise of a step as a share of the posterior's, in (0, 1]."""

    default_steps: ClassVar = 100
    equation: ClassVar = "z_t = (x_s - mu(x_t)) / sigma of independent x_t ~ q(x_t | x0_src), kept under the target"
    advice: ClassVar = "To edit by sampling with an exact reconstruction of the source at any guidance scale."
    reference: ClassVar = "Huberman-Spiegelglas et al., edit-friendly DDPM inversion, CVPR 2024, arXiv 2304.06140"
    bibtex: ClassVar = """@inproceedings{huberman2024editfriendly,
  title = {An Edit Friendly {DDPM} Noise Space: Inversion and Manipulations},
  author = {Huberman-Spiegelglas, Inbar and Kulikov, Vladimir and Michaeli, Tomer},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2024},
  eprint = {2304.06140},
  archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check the shares."""
        super().__post_init__()
        check_share("skip", self.skip, low=True, high=False)
        check_share("eta", self.eta, low=False, high=True)

    def total(self, steps: int) -> int:
        """Twice the number of steps that are not skipped."""
        return 2 * max(1, steps - round(self.skip * steps))

    def invert(self, problem: EditProblem) -> Generator[Snapshot, None, InversionResult]:
        """Draw a state at every time and compute the noise map between each two."""
        *times, _ = problem.times(self.skip)
        states = [problem.prior.schedule.perturb(problem.x0, normal(problem.x0, problem.rng), t) for t in times]
        prior, maps = with_scale(problem.prior, self.source_guidance), problem.completed.setdefault("maps", [])
        left, noisy = times[len(maps) :], states[len(maps) :]
        for t, z in zip(left, noise_maps(prior, problem.x0, noisy, left, problem.source, eta(self.eta)), strict=True):
            maps.append(z)
            yield Snapshot(t, problem.x0)
        return InversionResult(times, states, {"maps": torch.stack(maps)})

    def sample(self, problem: EditProblem, inversion: InversionResult) -> Iterator[Snapshot]:
        """Sample with the same maps."""
        *maps, last = inversion.extras["maps"]
        return sample_steps(problem, inversion.times, inversion.states, sigma=eta(self.eta), maps=maps, last=last)
