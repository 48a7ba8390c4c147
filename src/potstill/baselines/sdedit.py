"""SDEdit as an editor: noise the source part of the way, and sample from there with the target."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from potstill.baselines.baseline import Baseline, EditProblem, Snapshot, check_share, sample_steps
from potstill.tensors import normal


@dataclass(frozen=True)
class SDEdit(Baseline):
    """SDEdit (arXiv 2108.01073), with DDIM steps.

    Raises:
        InputError: the strength is out of range.
    """

    strength: float = 0.5
    """How far up the sampler's steps the source is noised, in (0, 1]: larger moves further from the source."""

    equation: ClassVar = "x_t = alpha_t x0_src + sigma_t eps at t = strength, DDIM down with the target"
    advice: ClassVar = "To move to a picture that the model knows well, when little of the source must stay."
    reference: ClassVar = "Meng et al., SDEdit, ICLR 2022, arXiv 2108.01073"
    bibtex: ClassVar = """@inproceedings{meng2022sdedit,
  title = {{SDEdit}: Guided Image Synthesis and Editing with Stochastic Differential Equations},
  author = {Meng, Chenlin and He, Yutong and Song, Yang and Song, Jiaming and Wu, Jiajun and Zhu, Jun-Yan and
            Ermon, Stefano},
  booktitle = {International Conference on Learning Representations},
  year = {2022},
  eprint = {2108.01073},
  archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check the strength."""
        super().__post_init__()
        check_share("strength", self.strength, low=False, high=True)

    def total(self, steps: int) -> int:
        """The steps below the strength."""
        return max(1, steps - round((1 - self.strength) * steps))

    def run(self, problem: EditProblem) -> Iterator[Snapshot]:
        """Noise with a single draw, then sample; outside the mask the source carries the same noise."""
        *times, _ = problem.times(1 - self.strength)
        eps = normal(problem.x0, problem.rng)
        states = [problem.prior.schedule.perturb(problem.x0, eps, t) for t in times]
        return sample_steps(problem, times, states)
