"""The interface of a baseline: an editor that samples instead of optimising, so it has no gradient."""

import abc
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.diffusion.guidance import check_scale
from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.diffusion.sampling import Sigma, eta
from potstill.diffusion.schedule import Tabulated
from potstill.errors import InputError
from potstill.fields import Checked
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class EditProblem:
    """One edit: the image, its prompts, the prior and the settings."""

    prior: Prior
    """With the guidance of the target."""
    x0: Latent
    source: Condition
    target: Condition
    steps: int
    """Over the whole schedule."""
    rng: torch.Generator
    latent_mask: Float[Tensor, "..."] | None = None
    """1 where the edit may show, 0 where the source is kept; broadcasts over x0."""
    completed: dict[str, list[Any]] = field(default_factory=dict)
    """The results of completed steps, by phase of the baseline: a tensor shaped like x0, or a mapping of tensors named
    as in the condition. A phase resumes after the results that it finds here."""

    def blend(self, x: Latent, source: Latent) -> Latent:
        """`x` inside the mask and the source, at the same noise level, outside."""
        return x if self.latent_mask is None else source + self.latent_mask * (x - source)

    def times(self, skip: float = 0.0) -> list[Times]:
        """The steps of the model's sampler down to clean data, without a share at the noisy end; at least one step.

        Raises:
            InputError: the model's table has fewer levels than `steps`.
        """
        schedule = self.prior.schedule
        if isinstance(schedule, Tabulated) and self.steps > schedule.duration:
            raise InputError(
                f"steps = {self.steps} must be at most {schedule.duration}, the levels of the model's table"
            )
        count = max(1, self.steps - round(skip * self.steps))
        return self.prior.sampling_times(self.steps, self.x0)[-count - 1 :]


class Snapshot(NamedTuple):
    """The current estimate of the result after one step of a baseline."""

    t: Times
    x0: Latent
    loss: float | None = None
    """The minimised loss, for baselines that minimise one."""


@dataclass(frozen=True)
class InversionResult:
    """The noisy states that an inversion finds for an image, and any extra tensors that sampling back needs."""

    times: Sequence[Times]
    """In descending order."""
    states: Sequence[Latent]
    """One per time."""
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    """Stacked by step: noise maps, embeddings."""

    def tensors(self) -> dict[str, Tensor]:
        """Everything, for saving: `times`, `states` [time, b, ...] and the extras."""
        return {"times": torch.cat(list(self.times)), "states": torch.stack(list(self.states)), **self.extras}


@dataclass(frozen=True)
class Baseline(Checked, abc.ABC):
    """An editing method without a gradient; the fields of a final class are its settings."""

    edits: ClassVar[bool] = True
    default_steps: ClassVar[int] = 50
    """Over the whole schedule, if not set by the user."""
    equation: ClassVar[str]
    advice: ClassVar[str] = ""
    """When to use it, in a sentence or two."""
    reference: ClassVar[str]
    bibtex: ClassVar[str]

    @property
    def apart(self) -> bool:
        """Whether no sample of a batch affects another."""
        return True

    def uses_negative(self, scale: float) -> bool:
        """Whether a negative prompt counts at this guidance scale."""
        return scale != 1

    def uses_prompt(self, scale: float) -> bool:
        """Whether the prompt of the target counts at this guidance scale."""
        return scale != 0

    def rule_scales(self, scale: float) -> set[float]:
        """The guidance scales at which it asks under the rule of the run's guidance, whose own scale is given."""
        return {scale}

    @abc.abstractmethod
    def total(self, steps: int) -> int:
        """The number of snapshots that `run` yields."""

    @abc.abstractmethod
    def run(self, problem: EditProblem) -> Iterator[Snapshot]:
        """Edit; the last snapshot is the result."""


@dataclass(frozen=True)
class InversionBaseline(Baseline, abc.ABC):
    """A baseline that inverts the source to noise, then samples from that noise with the target."""

    source_guidance: float = 1.0
    """The guidance scale of the inversion."""

    def __post_init__(self) -> None:
        """Check the scale."""
        super().__post_init__()
        check_scale(self.source_guidance, "source guidance")

    @property
    def default_guidance_scale(self) -> float:
        """The guidance scale at which sampling with the source prompt should reconstruct the source."""
        return self.source_guidance

    def uses_negative(self, scale: float) -> bool:
        """At a scale other than 1, of the sampling or the inversion."""
        return super().uses_negative(scale) or self.source_guidance != 1

    def rule_scales(self, scale: float) -> set[float]:
        """With that of the inversion, but for 0 and 1, which are one branch alone."""
        return super().rule_scales(scale) | ({self.source_guidance} - {0.0, 1.0})

    @abc.abstractmethod
    def invert(self, problem: EditProblem) -> Generator[Snapshot, None, InversionResult]:
        """Invert problem.x0 under problem.source."""

    @abc.abstractmethod
    def sample(self, problem: EditProblem, inversion: InversionResult) -> Iterator[Snapshot]:
        """Sample from the inverted noise with problem.target."""

    def run(self, problem: EditProblem) -> Iterator[Snapshot]:
        """Invert, then sample."""
        inversion = yield from self.invert(problem)
        yield from self.sample(problem, inversion)


def sample_steps(
    problem: EditProblem,
    times: Sequence[Times],
    states: Sequence[Latent],
    priors: Sequence[Prior] = (),
    sigma: Sigma = eta(0.0),
    maps: Sequence[Latent] = (),
    last: Latent | None = None,
) -> Iterator[Snapshot]:
    """Sample with the target from states[0] down the times; outside the mask the states of the source are kept.

    Args:
        problem: the edit.
        times: in descending order, all above clean data.
        states: the source at these times.
        priors: one per time; default: the problem's.
        sigma: the standard deviation of the noise in `maps`.
        maps: noise, one per step; needed only if sigma is not 0.
        last: added to the last x̂_0.
    """
    schedule, done = problem.prior.schedule, problem.completed.setdefault("back", [])
    x_t = done[-1] if done else states[0]
    for index, t in enumerate(times[len(done) :], start=len(done)):
        hat = predict(priors[index] if priors else problem.prior, Query(x_t, t, problem.target))[0]
        final = index + 1 == len(times)
        if not final:
            s = times[index + 1]
            z = maps[index] if len(maps) else torch.zeros_like(x_t)
            x_s = schedule.ddim_step(hat.x0, hat.eps, s, sigma(schedule, t, s), z)
            x_t = problem.blend(x_s, states[index + 1])
        done.append(x_t)
        yield Snapshot(t, problem.blend(hat.x0 + last if final and last is not None else hat.x0, problem.x0))


def check_share(name: str, value: float, low: bool, high: bool) -> None:
    """Raise unless the value lies in [0, 1]; `low` and `high` say whether 0 and 1 are allowed.

    Raises:
        InputError: the value is outside.
    """
    if not (0 <= value <= 1 and (low or value > 0) and (high or value < 1)):
        span = f"{'from' if low else 'above'} 0 {'to' if high else 'to below'} 1"
        raise InputError(f"{name} = {value} must be {span}")
