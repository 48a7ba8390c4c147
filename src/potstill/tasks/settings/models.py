"""Load a model by its name: one that is trained, or an exact world, for Python and for the commands."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import torch

from potstill.errors import InputError, did_you_mean
from potstill.priors import loading
from potstill.priors.pipeline import Pipeline
from potstill.priors.spec import ModelSpec

if TYPE_CHECKING:  # it takes half a second to import, which those who need no world do not wait for
    from potstill.worlds.toys.prior import Toys

WORLD = "world:"
"""Begins the name of an exact world."""
WorldName = Literal["world:toys", "world:toys-sectors", "world:toys-none"]


@overload
def load(name: WorldName, **options: Any) -> "Toys": ...  # type: ignore[overload-overlap]
@overload
def load(name: str | Path = "emoji", **options: Any) -> Pipeline: ...
def load(name: str | Path = "emoji", **options: Any) -> "Pipeline | Toys":
    """Load a text-to-image model, or an exact world.

    Args:
        name: "world:toys", whose exact score knows the camera, "world:toys-sectors" (whether it is the front, a side or
            the back) or "world:toys-none"; otherwise as in `potstill.priors.load`: "emoji" or "toys" (the bundled
            models), a name on the hub, a folder, or a single .safetensors file.
        options: those of `potstill.priors.load`. A world takes only device="cpu" and dtype=torch.float32.

    Raises:
        InputError: there is no such model, it cannot be loaded safely, or an option does not fit it.
    """
    if not str(name).startswith(WORLD):
        return loading.load(name, **options)
    from potstill.worlds.toys.prior import Toys
    from potstill.worlds.toys.views import WORLDS

    word = str(name).removeprefix(WORLD)
    if word not in WORLDS:
        fix = did_you_mean(str(name), [WORLD + each for each in WORLDS])
        raise InputError(f"there is no world of scenes {str(name)!r}: {fix}")
    plain = {"device": (None, "cpu", torch.device("cpu")), "dtype": (None, torch.float32), "backend": (None, "torch")}
    for option, value in options.items():
        if value not in plain.get(option, (None, False)):
            raise InputError(f"{name} is computed exactly, on the CPU in float32: leave {option} out")
    return Toys(WORLDS[word])


def load_for(subject: str, spec: ModelSpec) -> "Pipeline | Toys":
    """Load a model from its plain values, for pictures, scenes ...: only of scenes there are worlds.

    Raises:
        InputError: as `load`.
    """
    return load_spec(spec) if subject == "scene" else spec.load()


def load_spec(spec: ModelSpec) -> "Pipeline | Toys":
    """Load a model of a scene from its plain values.

    Raises:
        InputError: as `load`.
    """
    if not spec.name.startswith(WORLD):
        return spec.load()
    options = {**vars(spec), "dtype": spec.dtype and getattr(torch, spec.dtype)}
    return load(options.pop("name"), **options)
