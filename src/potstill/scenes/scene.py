"""The interface of a scene: parameters, and their differentiable render under a view."""

import abc
import inspect
from typing import ClassVar, TypeAlias

from torch import Generator, Tensor, nn

from potstill.errors import InputError
from potstill.fields import shown
from potstill.tensors import Latent

View: TypeAlias = dict[str, Tensor]
"""A view: entries that are added to the condition, such as a camera; empty for scenes with a single view."""


def parameter(value: Tensor, name: str) -> nn.Parameter:
    """A parameter that starts from a copy of the values.

    Raises:
        InputError: they are no tensor of floating-point numbers.
    """
    if not isinstance(value, Tensor) or not value.is_floating_point():
        raise InputError(f"{name} = {shown(value)} must be a tensor of floating-point numbers: use torch.tensor(...)")
    return nn.Parameter(value.detach().clone())


class Scene(nn.Module, abc.ABC):
    """Parameters with a differentiable render, x_0 = forward(view).

    `distill` takes any other `torch.nn.Module` as well: one without `view` has a single view, and a `forward` without
    arguments renders it.
    """

    costly: ClassVar[bool] = False
    """Whether a render takes long: it is then checked in the first step, and not before as well."""

    def view(self, rng: Generator) -> View:
        """Draw a view; by default the single view."""
        return {}

    @abc.abstractmethod
    def forward(self, view: View) -> Latent:
        """The render, [b, ...]."""


def has_views(scene: nn.Module) -> bool:
    """Whether it draws views of its own."""
    return getattr(type(_original(scene)), "view", Scene.view) is not Scene.view


def can_preview(scene: nn.Module) -> bool:
    """Whether a render before the first step changes no state of the scene's views, and takes little time."""
    return not has_views(scene) and not getattr(scene, "costly", False)


def takes_view(scene: nn.Module) -> bool:
    """Whether its `forward` takes the view; a render that is the same from everywhere needs no argument.

    Raises:
        InputError: it has no `forward`, or one that takes something else.
    """
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = inspect.signature(_original(scene).forward).parameters
    if type(_original(scene)).forward is nn.Module.forward:
        raise InputError(f"{type(scene).__name__} has no forward: define one that renders the scene, [b, ...]")
    needed = [name for name, each in given.items() if each.kind in kinds and each.default is each.empty]
    viewed = hasattr(_original(scene), "view")
    if len(needed) > 1 or (needed and not viewed and not needed[0].startswith(("view", "_"))):
        raise InputError(
            f"forward of {type(scene).__name__} takes {', '.join(needed)}: it must render the scene from its view "
            "alone, or from nothing"
        )
    return bool(needed) or "view" in given


def _original(scene: nn.Module) -> nn.Module:
    """The module that `torch.compile` wrapped, or the module itself."""
    return getattr(scene, "_orig_mod", scene)
