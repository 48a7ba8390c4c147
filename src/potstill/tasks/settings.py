"""The settings that `edit`, `generate` and `invert` share."""

import abc
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch.optim import SGD, Adam, Optimizer

from potstill.baselines import Baseline
from potstill.diffusion.guiding import Guiding, Perpendicular, Plain
from potstill.diffusion.prior import Guided, Prior
from potstill.errors import InputError
from potstill.io.decode import PIXELS, Picture
from potstill.io.images import as_images
from potstill.io.resize import Fit, Mode
from potstill.methods.method import Method, OptimizerSettings
from potstill.priors.pipeline import Pipeline
from potstill.priors.prompts import check_prompt
from potstill.scenes import Latents, Pixels, Scene
from potstill.tasks.provenance import environment
from potstill.tasks.schema import Advanced
from potstill.tasks.text import LONGEST, parse, show
from potstill.tensors import Grid, Images

T = TypeVar("T", bound="Settings")
B = TypeVar("B")


def leading(*names: str) -> Callable[[type[B]], type[B]]:
    """Put these fields of a dataclass before the inherited ones, where `--help` lists them and records tell them."""

    def order(kind: type[B]) -> type[B]:
        found: dict[str, Any] = kind.__dataclass_fields__  # type: ignore[attr-defined]
        kind.__dataclass_fields__ = {name: found[name] for name in (*names, *found)}  # type: ignore[attr-defined]
        return kind

    return order


@dataclass(frozen=True, kw_only=True)
class Settings(abc.ABC):
    """Plain values, which `settings` writes and `of` reads; what they share across commands is checked here.

    Raises:
        InputError: a value breaks the rule that its field states.
    """

    steps: int | None = None
    """From 1: optimiser steps, or steps over the whole schedule for a baseline. None means the method's usual."""
    size: tuple[int, int] | None = None
    """Height and width in pixels. None means the size that the model was trained on."""
    seed: int = 0
    """Of all randomness: the same seed gives the same bytes on the same machine."""

    def __post_init__(self) -> None:
        """Check every value."""
        for name, most in (("steps", 1_000_000), ("count", 10_000), ("size", PIXELS)):
            value = getattr(self, name, None)
            if value is None:
                continue
            if min(parts := value if name == "size" else (value,)) < 1:
                raise InputError(f"{name} = {value} must be at least 1")
            if max(parts) > most:
                raise InputError(f"{name} = {value} must be at most {most:,}")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed = {self.seed} must be from 0 to 2^63 - 1")
        scale = getattr(self, "guidance_scale", None)
        if scale is not None and not math.isfinite(scale):
            raise InputError(f"guidance scale = {scale} must be a finite number")
        for name, prompt in self.prompts.items():
            if not prompt.strip():
                raise InputError(f"the {name} is empty: describe the image in words")
        others = {"prompt": getattr(self, "prompt", ""), "negative prompt": getattr(self, "negative", "")}
        for name, prompt in {**others, **self.prompts}.items():
            check_prompt(prompt, name)

    @property
    @abc.abstractmethod
    def prompts(self) -> dict[str, str]:
        """What the model must be told, by the names that messages use."""

    def settings(self) -> dict[str, Any]:
        """The fields as JSON values, a method as its expression."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: show(value) if is_dataclass(value) else value for name, value in values.items()}

    @classmethod
    def of(cls: type[T], settings: Mapping[str, Any]) -> T:
        """The task of these settings, as `settings` wrote them or a person did.

        Raises:
            InputError: a name is unknown, one that is needed is missing, or a value is no such value.
        """
        return built(cls, settings)

    def canvas(self, prior: Pipeline) -> Fit:
        """How images come to the size that is worked on."""
        return Fit(self.size or prior.size, multiple=prior.multiple)

    def record(self, prior: Pipeline, **inputs: Mapping[str, str | None]) -> dict[str, Any]:
        """All that the result rests on: command, settings, model, inputs, versions."""
        command = {"command": type(self).__name__.lower(), "settings": self.settings(), **inputs}
        return command | {"model": dict(prior.identity), **environment()}


@dataclass(frozen=True, kw_only=True)
class Reading(Settings, abc.ABC):
    """The settings of what begins with an image."""

    fit: Advanced[Mode] = "crop"
    """How the image comes to the size: fill it and crop what sticks out, resize each side, or pad."""
    background: Advanced[str] = "white"
    """What lies behind transparent pixels and around padded images."""
    frame: Advanced[int | None] = None
    """Which picture of an animated file, from 0."""

    def canvas(self, prior: Pipeline) -> Fit:
        """How the image comes to the size that is worked on."""
        return replace(super().canvas(prior), mode=self.fit, background=self.background)

    def read(self, image: Picture, prior: Pipeline) -> Images:
        """The image as it is worked on."""
        return as_images(image, self.canvas(prior), self.frame)


@dataclass(frozen=True, kw_only=True)
class Task(Settings, abc.ABC):
    """The settings of every run that makes images.

    Raises:
        InputError: a value breaks the rule that its field states.
    """

    negative: str = ""
    """What the result should not show; it takes the place of the empty prompt, which most methods do not ask at
    guidance scale 1."""
    guidance_scale: float | None = None
    """uncond + scale (cond - uncond), as in diffusers: 0 is unconditional, 1 conditional. None means 5."""
    guidance: Advanced[Guiding] = Plain()
    """How: Plain(), Rescale(0.7), Within(0.2, 0.8) of the times, Perpendicular() to the prompt with --negative."""
    optimizer: Advanced[Literal["adam", "sgd"] | None] = None
    """Adam, or sgd: plain descent, x0 <- x0 - learning_rate · gradient. None means the method's usual one."""
    learning_rate: Advanced[float | None] = None
    """Above 0; latents and pixels are of size 1. None means the method's usual one, or 0.02 for adam, 0.1 for sgd."""
    space: Advanced[Literal["latents", "pixels"]] = "latents"
    """What is optimised: the latents that the network sees, or pixels through the encoder."""
    count: int = 1
    """How many results, each with its own noise."""

    default_guidance_scale: ClassVar = 5.0

    def __post_init__(self) -> None:
        """Check every value, and state the guidance scale."""
        super().__post_init__()
        if self.guidance_scale is None:
            object.__setattr__(self, "guidance_scale", self.default_guidance_scale)
        if isinstance(self.guidance, Perpendicular) and not self.negative:
            raise InputError("Perpendicular() leads away from a negative prompt, and there is none: state negative")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning rate = {self.learning_rate} must be above 0 and finite")

    def _state_descent(self, usual: OptimizerSettings) -> None:
        """State how the gradient is followed, where it is not stated."""
        optimizer = self.optimizer or usual.optimizer
        rate = usual.learning_rate if optimizer == usual.optimizer else _RATES[optimizer]
        object.__setattr__(self, "optimizer", optimizer)
        object.__setattr__(self, "learning_rate", self.learning_rate or rate)
        object.__setattr__(self, "steps", self.steps or usual.steps)

    @property
    def length(self) -> int:
        """The steps, stated by the person or the method."""
        assert self.steps is not None
        return self.steps

    def descent(self, scene: Scene, batch: int) -> Optimizer:
        """The optimiser of a scene; plain descent undoes the mean that the loss takes over the batch."""
        assert self.learning_rate is not None  # as `_state_descent` leaves it
        rate = self.learning_rate
        if self.optimizer == "sgd":
            return SGD(scene.parameters(), lr=rate * batch)
        return Adam(scene.parameters(), lr=rate)

    def guided(self, prior: Pipeline) -> Prior:
        """The prior under this guidance, away from the negative prompt."""
        assert self.guidance_scale is not None  # as `__post_init__` leaves it
        guided = prior.guided(self.guidance_scale)
        if not self.negative and self.guidance == Plain():
            return guided
        if not isinstance(guided, Guided):
            raise InputError(
                f"{prior.identity['name']} is guided without an empty prompt: it takes no negative prompt, and no "
                "guidance but Plain()"
            )
        return self.guidance(prior, self.guidance_scale, prior.tell(self.negative) if self.negative else {})

    def scene(self, prior: Pipeline, latents: Grid, images: Images | None = None) -> Latents | Pixels:
        """What is optimised, `count` times: from the latents, or from the images, by default the latents' own."""
        if self.space == "latents":
            return Latents(latents.expand(self.count, -1, -1, -1), prior.codec)
        if images is None:
            with torch.no_grad():
                images = prior.codec.decode(latents)
        return Pixels(images.to(prior.device).expand(self.count, -1, -1, -1), prior.codec)


_RATES = {"adam": 0.02, "sgd": 0.1}


def _read(name: str, value: object) -> object:
    """A setting; a method and the guidance may come in writing."""
    kind = {"method": Method | Baseline, "guidance": Guiding}.get(name)
    return parse(value, kind) if kind and isinstance(value, str) else value


def built(kind: type[B], values: Mapping[str, Any]) -> B:
    """The dataclass with these values for its fields, each held against its annotation.

    Raises:
        InputError: a name is unknown, one that is needed is missing, or a value is no such value.
    """
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    parts = [f"{name}={show(_read(name, value))}" for name, value in values.items()]
    return parse(f"{kind.__name__}({', '.join(parts)})", kind, longest=10 * LONGEST)
