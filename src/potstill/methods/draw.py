"""The draws of a step, and the memory that a run keeps between steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.prior import Condition, Prediction
from potstill.methods.render_model import LearnedPrior
from potstill.tensors import Latent, Times

Entries: TypeAlias = Float[Tensor, "size b *d"]


class Source(NamedTuple):
    """The source of an edit: clean data and the condition that describes it."""

    x0: Latent
    condition: Condition
    hat: Prediction | None = None
    """The prediction on it at the time and noise of the step, if a bank holds it."""


@dataclass(frozen=True)
class Moment:
    """One step of a run before anything is drawn: its index and its render."""

    index: int
    """From 0 up."""
    steps: int
    """The length of the run."""
    x0: Latent
    """The render [b, ...]."""
    target: Condition
    source: Source | None
    rng: Generator
    views: bool = False
    """Whether views are drawn, so that the source changes in every step."""

    @property
    def progress(self) -> float:
        """The share of the run that is done, in [0, 1]."""
        return self.index / max(self.steps - 1, 1)


class Draw(NamedTuple):
    """The time and the noise of a step, and the source of an edit."""

    t: Times
    noise: Latent
    source: Source | None


class PreviousStep(NamedTuple):
    """The times, the noise and the predicted noise of the previous step."""

    t: Times
    noise: Latent
    eps: Latent


class BankEntries(NamedTuple):
    """Times and noises that are reused, and the predictions on the source at each of them."""

    times: Float[Tensor, "size b"]
    noises: Entries
    x0: Entries | None = None
    """None for methods without a source."""
    eps: Entries | None = None

    def draw(self, number: int, source: Source | None) -> Draw:
        """The entry of that number, from 0."""
        if source is not None and self.x0 is not None and self.eps is not None:
            source = source._replace(hat=Prediction(self.x0[number], self.eps[number]))
        return Draw(self.times[number], self.noises[number], source)


@dataclass(frozen=True)
class Memory:
    """The memory of a run between steps; scene, optimiser and generator hold the rest of its state."""

    previous: PreviousStep | None = None
    bank: BankEntries | None = None
    render_model: LearnedPrior | None = None
    """The model of the renders, for methods that compare with one."""

    def state(self) -> dict[str, Any]:
        """Everything, as mappings of tensors; not a copy."""
        return {
            "previous": self.previous and self.previous._asdict(),
            "bank": self.bank and self.bank._asdict(),
            "render_model": self.render_model and self.render_model.state(),
        }

    def restored(self, state: Mapping[str, Any], device: torch.device) -> "Memory":
        """The memory of a saved state; the model of the renders, if any, is this memory's with the weights restored."""
        previous, bank = state["previous"], state["bank"]
        if self.render_model:
            self.render_model.restore(state["render_model"])
        return Memory(
            previous and PreviousStep(**_moved(previous, device)),
            bank and BankEntries(**_moved(bank, device)),
            self.render_model,
        )


def _moved(parts: Mapping[str, Any], device: torch.device) -> dict[str, Any]:
    """Tensors on the device; times stay on the CPU, where schedules are."""
    return {
        name: value if value is None or name in ("t", "times") else value.to(device) for name, value in parts.items()
    }
