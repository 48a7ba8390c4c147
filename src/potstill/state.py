"""The state of a run between two steps, from which it resumes and gives the same bytes.

A state is a tree as in JSON, with tensors as leaves. States nest: the state of a comparison holds that of its current
run. On disk a state is one safetensors file of the tensors, named by their path in the tree; its metadata hold the tree
and a hash of everything, which detects damage. Nothing is unpickled.
"""

import abc
from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from potstill.distillation import Progress
from potstill.errors import InputError
from potstill.scenes.growing import Growth
from potstill.tensors import copied

State: TypeAlias = dict[str, Any]
"""Mappings, lists, strings, numbers, None and tensors."""


class Resumable(abc.ABC):
    """A run that can stop between two steps and resume."""

    def state(self) -> State:
        """Everything that changes, as a copy that later steps leave alone."""
        return copied(self.live_state())

    @abc.abstractmethod
    def live_state(self) -> State:
        """As `state`, but not a copy: to be saved before the next step."""

    @abc.abstractmethod
    def restore(self, state: State) -> None:
        """Load a state, before the first step of a run that was set up in the same way."""


class LoopState(Resumable):
    """The state of a run of `distill`."""

    def __init__(
        self,
        scene: nn.Module,
        optimizer: Optimizer,
        rng: Generator,
        scheduler: LRScheduler | None = None,
        growth: Growth | None = None,
    ) -> None:
        """Pass the same scene, optimiser and generator to `distill`, and `progress` of this object.

        Args:
            scene: what is optimised.
            optimizer: over its parameters.
            rng: of the run.
            scheduler: moves the learning rates of the optimiser; the code that takes the steps calls its `step`.
            growth: changes the size of the scene; the code that takes the steps calls its `after`.
        """
        self.scene, self.optimizer, self.rng, self.progress = scene, optimizer, rng, Progress()
        self.scheduler, self.growth, self._first_options = scheduler, growth, self._options()

    def live_state(self) -> State:
        """The scene, the moments and moved options of the optimiser, the scheduler, the generator and the progress.

        Raises:
            InputError: a scheduler that was not passed moves the learning rates.
        """
        self._check_scheduler()
        options = self._options()
        return {
            "scene": self.scene.state_dict(),
            "optimizer": {str(index): kept for index, kept in self.optimizer.state_dict()["state"].items()},
            "options": None if options == self._first_options and not self.scheduler else options,
            "scheduler": self.scheduler and self.scheduler.state_dict(),
            "growth": self.growth and self.growth.state(),
            "rng": self.rng.get_state(),
            **self.progress.state(),
        }

    def restore(self, state: State) -> None:
        """Load a state. The optimiser keeps its own learning rates, unless those of the state had been moved.

        Raises:
            InputError: the state was saved with a scheduler and there is none, or the other way round.
        """
        self._check_scheduler()
        lost = {"scene", "optimizer", "rng", "done"} - (state.keys() if isinstance(state, Mapping) else set())
        if lost:
            raise InputError(f"the state lacks {', '.join(sorted(lost))}: pass what the `state` of a LoopState gave")
        if (state.get("scheduler") is None) != (self.scheduler is None):
            which = "without one: leave it out of" if self.scheduler else "with one: pass the same to"
            raise InputError(f"the learning-rate scheduler is part of a run, and the state was saved {which} LoopState")
        for name, like in self.scene.state_dict().items():  # torch would convert it without a word
            found, kind = (getattr(value, "dtype", None) for value in (state["scene"].get(name, like), like))
            if found != kind:
                raise InputError(f"{name} of the state is {found}, and it must be {kind}: resume the same run")
        self.scene.load_state_dict(state["scene"])
        parameters = [value for group in self.optimizer.param_groups for value in group["params"]]
        moments = {int(index): copied(kept) for index, kept in state["optimizer"].items()}
        for index, kept in moments.items():
            like = parameters[index].shape
            if any(isinstance(value, Tensor) and value.shape not in ((), like) for value in kept.values()):
                raise ValueError(f"moments of parameter {index} must have its shape, {tuple(like)}")
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        if self.scheduler:
            self.scheduler.load_state_dict(copied(state["scheduler"]))
        groups = self.optimizer.param_groups
        kept_options: Any = state.get("options") or [{} for _ in groups]  # earlier versions saved none
        for group, kept in zip(groups, kept_options, strict=True):
            group |= {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}
        if self.growth:
            self.growth.restore(state["growth"])
        self.rng.set_state(state["rng"])
        self.progress.restore(state)

    def _options(self) -> list[dict[str, Any]]:
        """The learning rates and the other options of the optimiser, which a scheduler may move."""
        groups = self.optimizer.param_groups
        return [copied({name: value for name, value in group.items() if name != "params"}) for group in groups]

    def _check_scheduler(self) -> None:
        scheduled = any("initial_lr" in group for group in self.optimizer.param_groups)  # schedulers put it there
        if scheduled and self.scheduler is None:
            raise InputError(
                "a scheduler moves the learning rate of this optimiser, and its state is part of the run: pass "
                "LoopState(..., scheduler=scheduler)"
            )


def finite(state: Any) -> bool:
    """Whether all tensors of the state are finite."""
    if isinstance(state, Tensor):
        return bool(torch.isfinite(state).all())
    parts = state.values() if isinstance(state, Mapping) else state if isinstance(state, list | tuple) else ()
    return all(finite(part) for part in parts)
