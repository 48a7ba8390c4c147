"""Scenes that change their size between the steps of a run, and how the optimiser follows."""

import abc
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


class Growth(abc.ABC):
    """Changes a scene and its optimiser in place, between two steps:

    for step in distill(scene, prior, method, optimizer=optimizer, ...):
        growth.after(step.index)
    """

    @abc.abstractmethod
    def after(self, index: int) -> None:
        """Change the scene after step `index`, from 0 up, if it is time."""

    def state(self) -> dict[str, Any]:
        """What it needs of earlier steps; with the scene, the optimiser and the generator, all there is."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:  # noqa: B027  most need nothing
        """Resume from `state`, after the scene was restored."""


def exchange(
    scene: nn.Module, optimizer: Optimizer, name: str, value: Tensor, moment: Callable[[str, Tensor], Tensor]
) -> None:
    """Put a parameter of another size in the place of one, in the scene and in its optimiser.

    A new one, and not new numbers in the old one, whose size autograd remembers from the last step.

    Args:
        scene: that has the parameter.
        optimizer: over it.
        name: of the parameter.
        value: of the new one.
        moment: the new state of the optimiser from the name and the value of an old one of the parameter's shape.
    """
    old, new = scene.get_parameter(name), nn.Parameter(value.detach())
    scene.register_parameter(name, new)
    for group in optimizer.param_groups:
        group["params"] = [new if each is old else each for each in group["params"]]
    kept = optimizer.state.pop(old, {})
    with torch.no_grad():
        for key, each in kept.items():
            if isinstance(each, Tensor) and each.shape == old.shape:
                kept[key] = moment(key, each)
    if kept:
        optimizer.state[new] = kept
