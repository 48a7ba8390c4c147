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
        return {
            "scene": self.scene.state_dict(),
            "optimizer": {str(index): kept for index, kept in self.optimizer.state_dict()["state"].items()},
            "rng": self.rng.get_state(),
            **self.progress.state(),
        }

    def restore(self, state: State) -> None:
        """Learning rates stay those that the optimiser was built with."""
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
        self.progress.restore(state)


def finite(state: Any) -> bool:
    """Whether no tensor of the state holds a NaN or an infinity."""
    if isinstance(state, Tensor):
        return bool(torch.isfinite(state).all())
    parts = state.values() if isinstance(state, Mapping) else state if isinstance(state, list | tuple) else ()
    return all(finite(part) for part in parts)
