"""Null-text inversion as an editor: DDIM inversion, an optimised empty prompt, then DDIM with the target."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from potstill.baselines.baseline import EditProblem, InversionBaseline, InversionResult, Snapshot, sample_steps
from potstill.baselines.ddim_inversion import invert_ddim
from potstill.diffusion.guidance import Guided, Plain
from potstill.diffusion.inversion import Label
from potstill.diffusion.null_text import MOST_UPDATES, Begun, optimize_null_text
from potstill.diffusion.prior import Prior
from potstill.diffusion.wrappers import Clipped
from potstill.errors import InputError
from potstill.fields import check_count, check_number

PREFIX = "null."
"""The prefix of the optimised entries' names in `InversionResult.extras`."""
BELOW = "x_s"
"""The name of the state at the end of an optimised step."""


@dataclass(frozen=True)
class NullText(InversionBaseline):
    """Null-text inversion (arXiv 2211.09794), which makes DDIM inversion accurate under guidance.

    The empty prompt is optimised for each step at the guidance scale of the edit (7.5 in the paper). Sampling with
    the target then reuses these prompts. The paper adds control of the attention maps, which this baseline omits.

    Raises:
        InputError: a number is out of range.
    """

    label: Label = "next"
    """The time passed to the network in a step up: "next", its end, or "current", its start."""
    inner_steps: int = 10
    """Maximum updates of the empty prompt per step; 0 is DDIM inversion."""
    inner_rate: float = 0.01
    """Adam's learning rate in the first step; it falls to half of that."""
    tolerance: float = 1e-5
    """The loss below which no update is made, in the first step; it rises a hundredfold."""

    equation: ClassVar = (
        "for each t: argmin over the empty prompt of |x_s* - DDIM(x_t, guided)|², x_s* of DDIM inversion"
    )
    advice: ClassVar = (
        "To edit by sampling at a large guidance scale with a faithful reconstruction, when the time to optimise the "
        "empty prompt does not matter."
    )
    reference: ClassVar = "Mokady et al., null-text inversion, CVPR 2023, arXiv 2211.09794"
    bibtex: ClassVar = """@inproceedings{mokady2023nulltext,
  title = {Null-text Inversion for Editing Real Images using Guided Diffusion Models},
  author = {Mokady, Ron and Hertz, Amir and Aberman, Kfir and Pritch, Yael and Cohen-Or, Daniel},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2023},
  eprint = {2211.09794},
  archivePrefix = {arXiv}
}"""

    def __post_init__(self) -> None:
        """Check the numbers."""
        super().__post_init__()
        check_count("inner steps", self.inner_steps, MOST_UPDATES, least=0, usual="10")
        if not 0 < self.inner_rate <= 1:
            raise InputError(f"inner rate = {self.inner_rate} must be above 0 and at most 1; 0.01 is usual")
        check_number("tolerance", self.tolerance, 0.0, 1e12, usual="0.00001")

    @property
    def default_guidance_scale(self) -> float:
        """The paper's."""
        return 7.5

    def total(self, steps: int) -> int:
        """Steps up, steps down with the empty prompt, and steps down with the target."""
        return 3 * steps

    def invert(self, problem: EditProblem) -> Generator[Snapshot, None, InversionResult]:
        """DDIM up the schedule, then down while optimising the empty prompt."""
        guided = _guided(problem.prior)
        result = yield from invert_ddim(replace(problem, prior=guided), self.source_guidance, self.label)
        empty = {**guided.prior.unconditional, **guided.negative}
        settings = {"inner": self.inner_steps, "rate": self.inner_rate, "tolerance": self.tolerance}
        done = problem.completed.setdefault("null", [])
        begun = Begun(len(done), done[-1][BELOW], done[-1]) if done else None
        steps = optimize_null_text(
            guided.prior, result.states, result.times, problem.source, guided.scale, empty, begun, **settings
        )
        for t, step in zip(result.times[len(done) :], steps, strict=False):
            done.append({name: step.condition[name] for name in empty} | {BELOW: step.x_s})
            yield Snapshot(t, step.hat.x0, step.loss)
        extras = {PREFIX + name: torch.stack([optimised[name] for optimised in done]) for name in empty}
        return InversionResult(result.times, result.states, extras)

    def sample(self, problem: EditProblem, inversion: InversionResult) -> Iterator[Snapshot]:
        """DDIM down the schedule, each step with its own empty prompt."""
        guided, extras = _guided(problem.prior), inversion.extras
        prompts = ({name.removeprefix(PREFIX): extras[name][n] for name in extras} for n in range(problem.steps))
        priors = [Guided(guided.prior, guided.scale, empty) for empty in prompts]
        return sample_steps(problem, inversion.times[:-1], inversion.states, priors)


def _guided(prior: Prior) -> Guided:
    """The guided prior without the clipping of pixels, which would block the gradient.

    Raises:
        InputError: the model uses another guidance rule.
    """
    prior = prior.prior if isinstance(prior, Clipped) else prior
    if not isinstance(prior, Guided) or prior.rule != Plain():
        raise InputError(
            "null-text inversion optimises the empty prompt of plain guidance, and this model is guided by another "
            "rule or without an empty prompt: use plain guidance, or another method"
        )
    return prior
