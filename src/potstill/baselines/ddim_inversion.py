"""DDIM inversion as an editor: up with the source, down with the target."""

from collections.abc import Generator as Way
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from potstill.baselines.baseline import Found, Inverting, Job, Look, descend
from potstill.diffusion.guidance import with_scale
from potstill.diffusion.inversion import Label, ascend


@dataclass(frozen=True)
class DDIMInversion(Inverting):
    """DDIM inversion (arXiv 2010.02502, section 4.3), then DDIM sampling with the target.

    At guidance scale 1 the way back with the source ends near it, by the error of the steps. At larger
    scales it does not, which null-text inversion repairs.
    """

    label: Label = "next"
    """The time that the network is told in a step up: of its end or of its start. On flows only "current" is Euler."""

    equation: ClassVar = "x_T = DDIM up from x0_src with the source, DDIM down with the target"
    reference: ClassVar = "Song et al., DDIM, ICLR 2021, arXiv 2010.02502, section 4.3"
    bibtex: ClassVar = """@inproceedings{song2021ddim,
  title = {Denoising Diffusion Implicit Models},
  author = {Song, Jiaming and Meng, Chenlin and Ermon, Stefano},
  booktitle = {International Conference on Learning Representations},
  year = {2021},
  eprint = {2010.02502},
  archivePrefix = {arXiv}
}"""

    def total(self, steps: int) -> int:
        """Up, and down."""
        return 2 * steps

    def invert(self, job: Job) -> Way[Look, None, Found]:
        """Up."""
        return (yield from climb(job, self.source_guidance, self.label))

    def back(self, job: Job, inversion: Found) -> Iterator[Look]:
        """Down."""
        return descend(job, inversion.times[:-1], inversion.states)


def climb(job: Job, guidance: float, label: Label) -> Way[Look, None, Found]:
    """DDIM inversion step by step; nothing of the result is known on the way."""
    times, found = job.times(), job.found.setdefault("up", [])
    start, *left = times[::-1][len(found) :]
    way = ascend(with_scale(job.prior, guidance), found[-1] if found else job.x0, [start, *left], job.source, label)
    for t, state in zip(left, way, strict=True):
        found.append(state)
        yield Look(t, job.x0)
    return Found(times, [*found[::-1], job.x0])
