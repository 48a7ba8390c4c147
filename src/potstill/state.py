"""States: all that a run rests on between two steps, so that it can stop there and go on to the same bytes.

A state is JSON with tensors for leaves. States nest: that of a comparison holds that of the run at work. On disk a
state is one safetensors file: the tensors, named by their place in the tree, and in its metadata the tree and the hash
of everything, so that a damaged file is noticed. Nothing is unpickled.
"""

import abc
from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor
from torch.optim import Optimizer

from potstill.distillation import Progress
from potstill.methods.bank import Filled
from potstill.methods.noise import PreviousStep
from potstill.scenes.scene import Scene

State: TypeAlias = dict[str, Any]
"""Mappings, lists, texts, numbers, None, and tensors."""


class Resumable(abc.ABC):
    """What can stop between two steps and go on."""

    @abc.abstractmethod
    def state(self) -> State:
        """All that changes, as it is now; not a copy, so write it down before the next step."""

    @abc.abstractmethod
    def restore(self, state: State) -> None:
        """Be as `state` says; to be called before the first step, on what was begun in the same way."""


class LoopState(Resumable):
    """What a run of `distill` changes."""

    def __init__(self, scene: Scene, optimizer: Optimizer, rng: Generator) -> None:
        """The three that are passed to `distill`; `progress` is to be passed, too."""
        self.scene, self.optimizer, self.rng, self.progress = scene, optimizer, rng, Progress()

    def state(self) -> State:
        """Scene, moments of the optimiser, generator, and what the loop remembers."""
        memory, learner = self.progress.memory, self.progress.learner
        return {
            "scene": self.scene.state_dict(),
            "optimizer": {str(index): kept for index, kept in self.optimizer.state_dict()["state"].items()},
            "rng": self.rng.get_state(),
            "done": self.progress.done,
            "evaluations": self.progress.evaluations,
            "memory": None if memory is None else memory._asdict(),
            "bank": None if self.progress.bank is None else vars(self.progress.bank),
            "learned": learner.state() if learner else self.progress.learned,
        }

    def restore(self, state: State) -> None:
        """Rates stay those that the optimiser was built with."""
        self.scene.load_state_dict(state["scene"])
        parameters = list(self.scene.parameters())
        for index, kept in state["optimizer"].items():
            like = parameters[int(index)].shape
            if any(isinstance(value, Tensor) and value.shape not in ((), like) for value in kept.values()):
                raise ValueError(f"moments of parameter {index} must have its shape, {tuple(like)}")
        groups = self.optimizer.state_dict()["param_groups"]
        moments = {int(index): kept for index, kept in state["optimizer"].items()}
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.rng.set_state(state["rng"])
        memory, device = state["memory"], parameters[0].device
        if memory is not None:
            memory = PreviousStep(memory["t"], memory["noise"].to(device), memory["eps"].to(device))
        self.progress.done, self.progress.evaluations = int(state["done"]), int(state["evaluations"])
        self.progress.memory, self.progress.learned = memory, state["learned"]
        if state["bank"] is not None:
            kept: dict[str, Any] = {
                name: value if value is None else value.to(device) for name, value in state["bank"].items()
            }
            self.progress.bank = Filled(kept["times"].cpu(), kept["noises"], kept["x0"], kept["eps"])


def finite(state: Any) -> bool:
    """Whether no tensor of the state holds a NaN or an infinity."""
    if isinstance(state, Tensor):
        return bool(torch.isfinite(state).all())
    parts = state.values() if isinstance(state, Mapping) else state if isinstance(state, list | tuple) else ()
    return all(finite(part) for part in parts)
