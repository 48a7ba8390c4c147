"""DDIM inversion as an editor: DDIM up the schedule with the source, down with the target."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import ClassVar

from potstill.baselines.baseline import EditProblem, InversionBaseline, InversionResult, Snapshot, sample_steps
from potstill.diffusion.guidance import with_scale
from potstill.diffusion.inversion import Label, ascend


@dataclass(frozen=True)
class DDIMInversion(InversionBaseline):
    """DDIM inversion (arXiv 2010.02502, section 4.3), then DDIM sampling with the target.

    At guidance scale 1, sampling with the source prompt reconstructs the source up to the error of the steps. At
    larger scales it does not; null-text inversion fixes that.
    """

    label: Label = "next"
    """The time passed to the network in a step up: "next", its end, or "current", its start. On flows only "current" is
    Euler's method."""

    equation: ClassVar = "x_T = DDIM up from x0_src with the source, DDIM down with the target"
    advice: ClassVar = (
        "To edit by sampling when a guidance scale near 1 is enough. At larger scales the reconstruction is inexact."
    )
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
        """Steps up and steps down."""
        return 2 * steps

    def invert(self, problem: EditProblem) -> Generator[Snapshot, None, InversionResult]:
        """DDIM up the schedule."""
        return (yield from invert_ddim(problem, self.source_guidance, self.label))

    def sample(self, problem: EditProblem, inversion: InversionResult) -> Iterator[Snapshot]:
        """DDIM down the schedule."""
        return sample_steps(problem, inversion.times[:-1], inversion.states)


def invert_ddim(problem: EditProblem, guidance: float, label: Label) -> Generator[Snapshot, None, InversionResult]:
    """DDIM inversion step by step. The snapshots hold the source, since no result is known yet."""
    times, done = problem.times(), problem.completed.setdefault("up", [])
    start, *left = times[::-1][len(done) :]
    prior, x_t = with_scale(problem.prior, guidance), done[-1] if done else problem.x0
    for t, state in zip(left, ascend(prior, x_t, [start, *left], problem.source, label), strict=True):
        done.append(state)
        yield Snapshot(t, problem.x0)
    return InversionResult(times, [*done[::-1], problem.x0])
