"""The interface of a scene: parameters, and their differentiable render under a view."""

import abc
import inspect
from typing import TypeAlias

from torch import Generator, Tensor, nn

from potstill.errors import InputError
from potstill.tensors import Latent

View: TypeAlias = dict[str, Tensor]
"""A view: entries that are added to the condition, such as a camera; empty for scenes with a single view."""


class Scene(nn.Module, abc.ABC):
    """Parameters with a differentiable render, x_0 = forward(view).

    `distill` takes any other `torch.nn.Module` as well: one without `view` has a single view, and a `forward` without
    arguments renders it.
    """

    def view(self, rng: Generator) -> View:
        """Draw a view; by default the single view."""
        return {}

    @abc.abstractmethod
    def forward(self, view: View) -> Latent:
        """The render, [b, ...]."""


def has_views(scene: nn.Module) -> bool:
    """Whether it draws views of its own."""
    return getattr(type(_original(scene)), "view", Scene.view) is not Scene.view


def takes_view(scene: nn.Module) -> bool:
    """Whether its `forward` takes the view; a render that is the same from everywhere needs no argument.

    Raises:
        InputError: it takes more than the view.
    """
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = inspect.signature(_original(scene).forward).parameters
    needed = [name for name, each in given.items() if each.kind in kinds and each.default is each.empty]
    if len(needed) > 1:
        raise InputError(
            f"forward of {type(scene).__name__} takes {', '.join(needed)}: it must render the scene from its view "
            "alone, or from nothing"
        )
    return bool(needed) or "view" in given


def _original(scene: nn.Module) -> nn.Module:
    """The module that `torch.compile` wrapped, or the module itself."""
    return getattr(scene, "_orig_mod", scene)
