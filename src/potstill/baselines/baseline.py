"""What a baseline is: an edit that samples instead of optimising, so it has no gradient."""

import abc
from collections.abc import Generator as Way
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Generator, Tensor

from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.diffusion.sampling import Sigma, eta
from potstill.diffusion.schedule import Tabulated
from potstill.errors import InputError
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class Job:
    """What is to be edited."""

    prior: Prior
    """Guided as the target wants it."""
    x0: Latent
    source: Condition
    target: Condition
    steps: int
    """Over the whole schedule."""
    rng: Generator
    cells: Tensor | None = None
    """1 where the edit may show, 0 where the source stays; broadcasts over x0."""
    found: dict[str, list[Any]] = field(default_factory=dict)
    """What each step that is done has found, by the part of the baseline that took it: a tensor like x0, or several
    with the names of the condition's. A part that finds some there goes on after them."""

    def keep(self, x: Latent, source: Latent) -> Latent:
        """The source outside the mask, at the same noise level."""
        return x if self.cells is None else source + self.cells * (x - source)

    def times(self, skip: float = 0.0) -> list[Times]:
        """Equal steps down the schedule to clean data, without the share skipped at the top; at least one.

        Raises:
            InputError: a table has fewer levels than there are steps.
        """
        schedule = self.prior.schedule
        if isinstance(schedule, Tabulated) and self.steps > schedule.duration:
            raise InputError(
                f"steps = {self.steps} must be at most {schedule.duration}, the levels of the model's table"
            )
        count = max(1, self.steps - round(skip * self.steps))
        return schedule.inversion_grid(schedule.time(torch.ones(1)), self.steps)[count::-1]


class Look(NamedTuple):
    """How far a baseline is: the result as it is known now."""

    t: Times
    x0: Latent
    loss: float | None = None
    """What is minimised, if anything is."""


@dataclass(frozen=True)
class Found:
    """What an inversion finds in an image: noisy states, and what else its way back needs."""

    times: Sequence[Times]
    """Falling."""
    states: Sequence[Latent]
    """One for each time."""
    more: Mapping[str, Tensor] = field(default_factory=dict)
    """Stacked by step: noise maps, embeddings."""

    def tensors(self) -> dict[str, Tensor]:
        """All of it, to be saved: `times`, `states` [time, b, ...], and the rest."""
        return {"times": torch.cat(list(self.times)), "states": torch.stack(list(self.states)), **self.more}


@dataclass(frozen=True)
class Baseline(abc.ABC):
    """An editor beside the distillation methods; the fields of a final class are its settings."""

    edits: ClassVar[bool] = True
    default_steps: ClassVar[int] = 50
    """Over the whole schedule, where none are stated."""
    equation: ClassVar[str]
    reference: ClassVar[str]
    bibtex: ClassVar[str]

    @abc.abstractmethod
    def total(self, steps: int) -> int:
        """How many looks `run` yields."""

    @abc.abstractmethod
    def run(self, job: Job) -> Iterator[Look]:
        """Edit; the last look is the result."""


@dataclass(frozen=True)
class Inverting(Baseline, abc.ABC):
    """A baseline that first finds the noise that makes the source, and then goes back with the target."""

    source_guidance: float = 1.0
    """The guidance scale under which the source is inverted."""

    @property
    def default_guidance_scale(self) -> float:
        """The guidance scale under which the way back with the source is to end at the source."""
        return self.source_guidance

    @abc.abstractmethod
    def invert(self, job: Job) -> Way[Look, None, Found]:
        """Find what makes job.x0 from job.source."""

    @abc.abstractmethod
    def back(self, job: Job, inversion: Found) -> Iterator[Look]:
        """Go back with job.target."""

    def run(self, job: Job) -> Iterator[Look]:
        """Invert, and go back."""
        inversion = yield from self.invert(job)
        yield from self.back(job, inversion)


def descend(
    job: Job,
    times: Sequence[Times],
    states: Sequence[Latent],
    priors: Sequence[Prior] = (),
    sigma: Sigma = eta(0.0),
    maps: Sequence[Latent] = (),
    last: Latent | None = None,
) -> Iterator[Look]:
    """From states[0] down noisy times with the target; outside the mask stay the states of the source.

    Args:
        job: the edit.
        times: falling, all above clean data.
        states: the source at these times.
        priors: one for each time; the job's own when not given.
        sigma: of the fresh noise, which `maps` holds.
        maps: one for each step; needed only where sigma is not 0.
        last: is added to the last x̂_0.
    """
    schedule, found = job.prior.schedule, job.found.setdefault("back", [])
    x_t = found[-1] if found else states[0]
    for index, t in enumerate(times[len(found) :], start=len(found)):
        hat = predict(priors[index] if priors else job.prior, Query(x_t, t, job.target))[0]
        final = index + 1 == len(times)
        if not final:
            s = times[index + 1]
            z = maps[index] if len(maps) else torch.zeros_like(x_t)
            x_s = schedule.ddim_step(hat.x0, hat.eps, s, sigma(schedule, t, s), z)
            x_t = job.keep(x_s, states[index + 1])
        found.append(x_t)
        yield Look(t, job.keep(hat.x0 + last if final and last is not None else hat.x0, job.x0))


def check_share(name: str, value: float, low: bool, high: bool) -> None:
    """Raise unless the value lies in [0, 1], without an end that is not `low` or `high`.

    Raises:
        InputError: it does not.
    """
    if not (0 <= value <= 1 and (low or value > 0) and (high or value < 1)):
        span = f"{'from' if low else 'above'} 0 {'to' if high else 'to below'} 1"
        raise InputError(f"{name} = {value} must be {span}")
