"""The state of a run between two steps, from which it resumes and gives the same bytes.

A state is a tree as in JSON, with tensors as leaves. States nest: the state of a comparison holds that of its current
run. On disk a state is one safetensors file of the tensors, named by their path in the tree; its metadata hold the tree
and a hash of everything, which detects damage. Nothing is unpickled.
"""

import abc
from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor
from torch.optim import Optimizer

from potstill.distillation import Progress
from potstill.scenes.scene import Scene

State: TypeAlias = dict[str, Any]
"""Mappings, lists, strings, numbers, None and tensors."""


class Resumable(abc.ABC):
    """A run that can stop between two steps and resume."""

    @abc.abstractmethod
    def state(self) -> State:
        """Everything that changes. Not a copy, so save it before the next step."""

    @abc.abstractmethod
    def restore(self, state: State) -> None:
        """Load a state, before the first step of a run that was set up in the same way."""


class LoopState(Resumable):
    """The state of a run of `distill`."""

    def __init__(self, scene: Scene, optimizer: Optimizer, rng: Generator) -> None:
        """Pass the same three to `distill`, and `progress` of this object."""
        self.scene, self.optimizer, self.rng, self.progress = scene, optimizer, rng, Progress()

    def state(self) -> State:
        """The scene, the moments of the optimiser, the generator and the progress."""
        return {
            "scene": self.scene.state_dict(),
            "optimizer": {str(index): kept for index, kept in self.optimizer.state_dict()["state"].items()},
            "rng": self.rng.get_state(),
            **self.progress.state(),
        }

    def restore(self, state: State) -> None:
        """Load a state. The optimiser keeps its own learning rates."""
        self.scene.load_state_dict(state["scene"])
        parameters = list(self.scene.parameters())
        moments = {int(index): kept for index, kept in state["optimizer"].items()}
        for index, kept in moments.items():
            like = parameters[index].shape
            if any(isinstance(value, Tensor) and value.shape not in ((), like) for value in kept.values()):
                raise ValueError(f"moments of parameter {index} must have its shape, {tuple(like)}")
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.rng.set_state(state["rng"])
        self.progress.restore(state)


def finite(state: Any) -> bool:
    """Whether all tensors of the state are finite."""
    if isinstance(state, Tensor):
        return bool(torch.isfinite(state).all())
    parts = state.values() if isinstance(state, Mapping) else state if isinstance(state, list | tuple) else ()
    return all(finite(part) for part in parts)
