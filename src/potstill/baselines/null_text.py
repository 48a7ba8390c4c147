"""Null-text inversion as an editor: DDIM inversion, an optimised empty prompt, and DDIM down with the target."""

from collections.abc import Generator as Way
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from potstill.baselines.baseline import Found, Inverting, Job, Look, descend
from potstill.baselines.ddim_inversion import climb
from potstill.diffusion.guidance import Guided, Plain
from potstill.diffusion.inversion import Label
from potstill.diffusion.null_text import Begun, null_text
from potstill.diffusion.prior import Prior
from potstill.diffusion.wrappers import Clipped
from potstill.errors import InputError

PREFIX = "null."
"""Before the names of the optimised entries in `Found.more`."""
BELOW = "x_s"
"""Where a step of the optimisation ends."""


@dataclass(frozen=True)
class NullText(Inverting):
    """Null-text inversion (arXiv 2211.09794), which makes DDIM inversion hold under guidance.

    The empty prompt is optimised for each step at the guidance scale of the edit (the paper's is 7.5), and
    then stays while the target takes the source's place. The paper adds control of the attention maps,
    which is no part of this baseline.

    Raises:
        InputError: a number is out of range.
    """

    label: Label = "next"
    """The time that the network is told in a step up: of its end or of its start."""
    inner_steps: int = 10
    """Updates of the empty prompt in each step, at most; 0 is DDIM inversion."""
    inner_rate: float = 0.01
    """Adam's in the first step; it falls to half of that."""
    tolerance: float = 1e-5
    """Below this loss an update is not needed in the first step; it rises a hundredfold."""

    equation: ClassVar = (
        "for each t: argmin over the empty prompt of |x_s* - DDIM(x_t, guided)|², x_s* of DDIM inversion"
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
        if self.inner_steps < 0:
            raise InputError(f"inner steps = {self.inner_steps} must be at least 0; 10 is usual")
        if self.inner_rate <= 0:
            raise InputError(f"inner rate = {self.inner_rate} must be above 0; 0.01 is usual")
        if self.tolerance < 0:
            raise InputError(f"tolerance = {self.tolerance} must be at least 0; 0.00001 is usual")

    @property
    def default_guidance_scale(self) -> float:
        """The paper's."""
        return 7.5

    def total(self, steps: int) -> int:
        """Up, down for the empty prompt, and down with the target."""
        return 3 * steps

    def invert(self, job: Job) -> Way[Look, None, Found]:
        """Up, and down for the empty prompt."""
        guided = _guided(job.prior)
        found = yield from climb(replace(job, prior=guided), self.source_guidance, self.label)
        empty = {**guided.prior.unconditional, **guided.negative}
        settings = {"inner": self.inner_steps, "rate": self.inner_rate, "tolerance": self.tolerance}
        kept = job.found.setdefault("null", [])
        begin = Begun(len(kept), kept[-1][BELOW], kept[-1]) if kept else None
        way = null_text(guided.prior, found.states, found.times, job.source, guided.scale, empty, begin, **settings)
        for t, step in zip(found.times[len(kept) :], way, strict=False):
            kept.append({name: step.condition[name] for name in empty} | {BELOW: step.x_s})
            yield Look(t, step.hat.x0, step.loss)
        more = {PREFIX + name: torch.stack([told[name] for told in kept]) for name in empty}
        return Found(found.times, found.states, more)

    def back(self, job: Job, inversion: Found) -> Iterator[Look]:
        """Down, each step with its own empty prompt."""
        guided, more = _guided(job.prior), inversion.more
        told = [{name.removeprefix(PREFIX): more[name][index] for name in more} for index in range(job.steps)]
        priors = [Guided(guided.prior, guided.scale, empty) for empty in told]
        return descend(job, inversion.times[:-1], inversion.states, priors)


def _guided(prior: Prior) -> Guided:
    """The guidance, to be taken apart; pixels are not held within their range, where no gradient would arrive.

    Raises:
        InputError: the model is guided in another way.
    """
    prior = prior.prior if isinstance(prior, Clipped) else prior
    if not isinstance(prior, Guided) or prior.rule != Plain():
        raise InputError(
            "null-text inversion optimises the empty prompt of plain guidance, and this model is guided in another way "
            "or without an empty prompt: take plain guidance, or another method"
        )
    return prior
