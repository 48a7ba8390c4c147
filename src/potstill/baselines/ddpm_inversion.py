"""Edit-friendly DDPM inversion as an editor: the noise maps of the source, run back with the target."""

from collections.abc import Generator as Way
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from potstill.baselines.baseline import Found, Inverting, Job, Look, check_share, descend
from potstill.diffusion.guidance import with_scale
from potstill.diffusion.inversion import noise_maps
from potstill.diffusion.sampling import eta
from potstill.tensors import normal


@dataclass(frozen=True)
class DDPMInversion(Inverting):
    """Edit-friendly DDPM inversion (arXiv 2304.06140), with the paper's 100 steps of which 36 are skipped.

    The way back with the source at `source_guidance` ends on it exactly, for any prior. The paper edits
    at guidance scale 15.

    Raises:
        InputError: skip or eta is out of range.
    """

    source_guidance: float = 3.5
    """The guidance scale under which the source's noise maps are taken."""
    skip: float = 0.36
    """The share of the schedule left out at its noisy end, from 0 to below 1: the more, the closer to the source."""
    eta: float = 1.0
    """The noise of a step as a share of the posterior's, above 0 to 1."""

    default_steps: ClassVar = 100
    equation: ClassVar = "z_t = (x_s - mu(x_t)) / sigma of independent x_t ~ q(x_t | x0_src), kept under the target"
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
        check_share("skip", self.skip, low=True, high=False)
        check_share("eta", self.eta, low=False, high=True)

    def total(self, steps: int) -> int:
        """The steps that are not skipped, twice."""
        return 2 * max(1, steps - round(self.skip * steps))

    def invert(self, job: Job) -> Way[Look, None, Found]:
        """Draw a state at every time, and find what leads from each to the next."""
        *times, _ = job.times(self.skip)
        states = [job.prior.schedule.perturb(job.x0, normal(job.x0, job.rng), t) for t in times]
        prior, maps = with_scale(job.prior, self.source_guidance), job.found.setdefault("maps", [])
        left, there = times[len(maps) :], states[len(maps) :]
        for t, z in zip(left, noise_maps(prior, job.x0, there, left, job.source, eta(self.eta)), strict=True):
            maps.append(z)
            yield Look(t, job.x0)
        return Found(times, states, {"maps": torch.stack(maps)})

    def back(self, job: Job, inversion: Found) -> Iterator[Look]:
        """Down with the same maps."""
        *maps, last = inversion.more["maps"]
        return descend(job, inversion.times, inversion.states, sigma=eta(self.eta), maps=maps, last=last)
