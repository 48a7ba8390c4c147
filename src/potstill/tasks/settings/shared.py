"""The settings that `edit`, `generate`, `invert` and `compare` share, as stated and resolved."""

import abc
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import torch
from torch import Generator

from potstill.baselines import Baseline
from potstill.diffusion.guidance import GuidanceRule, Guided, PerpNeg, Plain, check_scale, with_scale
from potstill.diffusion.prior import Prior
from potstill.errors import InputError
from potstill.io.decode import FRAMES, Picture, size_text
from potstill.io.files import as_path
from potstill.io.outputs import FileOutputs, pictures
from potstill.io.resize import Fit, Size, read_size
from potstill.methods.method import Method, OptimizerSettings
from potstill.priors.pipeline import Pipeline
from potstill.priors.prompts import PromptWarning, check_prompt
from potstill.scenes import Latents, Pixels
from potstill.state import Resumable
from potstill.tasks.settings.effects import idle_settings
from potstill.tasks.settings.guiding import steered
from potstill.tasks.settings.kinds import KINDS
from potstill.tasks.settings.parsing import from_values, to_text
from potstill.tasks.settings.plan import RATES, OptimizationPlan, Plan
from potstill.tasks.settings.schema import Advanced, Option
from potstill.tasks.settings.versions import versions
from potstill.tensors import Grid, Images, SampleGenerators

T = TypeVar("T", bound="Settings")

STEPS, COUNT = 1_000_000, 10_000
"""Maximum number of steps, and of results."""
OPTIMISER = ("optimizer", "learning_rate", "space")
"""The settings of optimisation, which a baseline does not have."""


@dataclass(frozen=True, kw_only=True)
class Settings(abc.ABC):
    """Plain values exactly as the user stated them, None where nothing was stated; `resolve` decides the rest.

    Raises:
        InputError: a value breaks the rule that its field states.
    """

    steps: int | None = None
    """Number of optimiser steps, or of sampling steps for a baseline; by default that of the method."""
    size: Annotated[Size | None, Option(metavar="WIDTHxHEIGHT")] = None
    """Width and height in pixels, such as 640x480, or one number for a square. With IMAGE, source is its size. By
    default it is the size that the model was trained on."""
    seed: int = 0
    """Random seed. The same seed gives the same bytes on the same machine."""

    inputs: ClassVar[Mapping[str, bool]] = {}
    """The files that `start` takes, by name, and whether they are required."""
    subject: ClassVar[str] = "picture"
    """The name of what it works on."""
    shares_calls: ClassVar[bool] = True
    """Whether the calls of the network can be shared with other runs: `start` takes a `denoiser` for it."""
    before: ClassVar[Mapping[str, Any]] = {}
    """What holds for records of earlier versions, which do not state it, where the default is another."""

    def __post_init__(self) -> None:
        """Check every value."""
        for name, most in (("steps", STEPS), ("count", COUNT)):
            if (value := getattr(self, name, None)) is None:
                continue
            if value < 1:
                raise InputError(f"{name} = {value} must be at least 1")
            if value > most:
                raise InputError(f"{name} = {value} must be at most {most:,}")
        if self.size is not None and read_size(self.size) is None and "image" not in self.inputs:
            raise InputError("size = source is the size of a picture, and there is none: state the size")
        count = getattr(self, "count", 1)
        if not 0 <= self.seed <= 2**63 - count:
            raise InputError(f"seed = {self.seed} must be from 0 to 2^63 - {count}")
        scale = getattr(self, "guidance_scale", None)
        if scale is not None:
            check_scale(scale)
        frame = getattr(self, "frame", None)
        if frame is not None and not 0 <= frame < FRAMES:
            raise InputError(f"frame = {frame} must be from 0 to {FRAMES - 1:,}")
        for name, prompt in self.prompts.items():
            if not prompt.strip():
                raise InputError(f"the {name} is empty: describe the image in words")
        others = {"prompt": getattr(self, "prompt", ""), "negative prompt": getattr(self, "negative", "")}
        for name, prompt in {**others, **self.prompts}.items():
            check_prompt(prompt, name)

    @property
    def command(self) -> str:
        """The command that this is a task of."""
        return type(self).__name__.lower()

    @property
    def ending(self) -> str:
        """How the name of the file of a result ends."""
        return ".png"

    def outputs(self, path: str | Path) -> FileOutputs:
        """All files of a result, or of several, under a path with that ending.

        Raises:
            InputError: it ends otherwise.
        """
        return pictures(as_path(path), getattr(self, "count", 1))

    @property
    @abc.abstractmethod
    def prompts(self) -> dict[str, str]:
        """The prompts that are required, by the names that messages use."""

    @abc.abstractmethod
    def resolve(self) -> Plan:
        """The plan of the run: what was stated, and defaults for the rest."""

    @abc.abstractmethod
    def start(
        self, inputs: Mapping[str, Picture], prior: Pipeline, *, denoiser: Prior | None = None, frame_count: int = 0
    ) -> Resumable:
        """A run that is ready for its first step; iterate over it for its steps.

        Args:
            inputs: pictures by name, as the class variable `inputs` says.
            prior: the model.
            denoiser: makes the predictions in place of the model: a wrapper around it.
            frame_count: approximate number of intermediate images to keep.

        Raises:
            InputError: an input cannot be used, or the model does not fit.
        """

    def check_inputs(self, inputs: Mapping[str, Any]) -> None:
        """Raise unless these are pictures that `start` takes.

        Raises:
            InputError: one is missing, or not used.
        """
        command = self.command
        if missing := [name for name, needed in self.inputs.items() if needed and name not in inputs]:
            raise InputError(f"potstill {command} needs the input {', '.join(missing)}: pass it")
        if unused := [name for name in inputs if name not in self.inputs]:
            raise InputError(f"potstill {command} does not use the input {', '.join(unused)}: leave it out")

    def settings(self) -> dict[str, Any]:
        """The fields as JSON values, as stated; a method as its expression."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        if isinstance(self.size, tuple):
            values["size"] = size_text(*self.size)
        kinds = tuple(KINDS)
        return {name: to_text(value) if isinstance(value, kinds) else value for name, value in values.items()}

    def settings_as_run(self) -> dict[str, Any]:
        """As `settings`, with what was resolved in the place of what was not stated."""
        return self.settings() | asdict(self.resolve())

    @classmethod
    def of(cls: type[T], settings: Mapping[str, Any]) -> T:
        """The task of these settings, from `settings` or from a person.

        Raises:
            InputError: a name is unknown, a required one is missing, or a value does not fit its field.
        """
        return from_values(cls, settings)

    @classmethod
    def from_record(cls: type[T], record: Mapping[str, Any]) -> T:
        """The task of a record, as it was stated.

        Earlier records hold resolved values as settings: those that the method would choose anyway count as not
        stated, so that they do not stay when the method is replaced.
        """
        task = cls.of({**cls.before, **record["settings"]})
        plan = task.resolve()
        for name in () if "resolved" in record else asdict(plan):
            if (open_task := replace(task, **{name: None})).resolve() == plan:
                task = open_task
        return task

    @classmethod
    def as_run(cls: type[T], record: Mapping[str, Any]) -> T:
        """The task of a record, as it was run: defaults that have changed since then are those of the record."""
        task = cls.of({**cls.before, **record["settings"]})
        settings, now, then = task.settings(), asdict(task.resolve()), record.get("resolved", {})
        changed = {name: value for name, value in then.items() if name in settings and now.get(name) != value}
        return cls.of({**settings, **changed}) if changed else task

    def resize(self, prior: Pipeline) -> Fit:
        """How images are brought to the working size."""
        size = prior.size if self.size is None else read_size(self.size)
        return Fit(size, multiple=prior.size_multiple)

    def record(
        self, prior: Any, prompts: Mapping[str, str] | None = None, **inputs: Mapping[str, str | None]
    ) -> dict[str, Any]:
        """All that the result depends on, settings as stated and resolved, and what is read for stated prompts."""
        resolved = asdict(self.resolve())
        command = {"command": self.command, "settings": self.settings(), "resolved": resolved}
        stated = {name: getattr(self, name, "") for name in ("prompt", "source", "target", "negative")}
        used = stated | dict(prompts or {})
        read = {name: prior.read_as(prompt) or prompt for name, prompt in used.items() if prompt}
        if read := {name: text for name, text in read.items() if text != stated[name]}:
            command |= {"read_as": read}
        return command | inputs | {"model": dict(prior.identity), **versions()}


@dataclass(frozen=True, kw_only=True)
class GuidedSettings(Settings, abc.ABC):
    """The settings of every task that follows a prompt under guidance.

    Raises:
        InputError: a value breaks the rule that its field states.
    """

    negative: str = ""
    """What the result should not show. It replaces the empty prompt, which most methods do not use at guidance
    scale 1."""
    guidance_scale: float | None = None
    """How strongly the prompt counts; by default 5. uncond + scale (cond - uncond), as in diffusers: 0 is
    unconditional, 1 conditional."""
    guidance: Advanced[GuidanceRule] = Plain()
    """The guidance rule: Plain(), Rescaled(0.7), Interval(0.2, 0.8) of the times, or PerpNeg() with --negative."""
    learning_rate: Advanced[float | None] = None
    """Learning rate, above 0."""

    default_guidance_scale: ClassVar = 5.0

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        if isinstance(self.guidance, PerpNeg) and not self.negative:
            raise InputError("PerpNeg() leads away from a negative prompt, and there is none: state negative")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning rate = {self.learning_rate} must be above 0 and finite")

    @property
    def scale(self) -> float:
        """The guidance scale, stated or the default."""
        return self.default_guidance_scale if self.guidance_scale is None else self.guidance_scale

    def guided(self, prior: Pipeline, method: Method | Baseline, denoiser: Prior | None = None) -> Prior:
        """The prior, or the wrapper `denoiser` around it, with this guidance and the negative prompt.

        Warns of settings that change nothing.
        """
        guided = with_scale(denoiser or prior, self.scale)
        stated, branches = self.guidance_scale is not None, isinstance(guided, Guided)
        prompt = "the prompt" if "prompt" in self.prompts else "the target prompt"
        told = (prompt, self.scale, stated, self.guidance, self.negative, branches)
        for text in idle_settings(method, *told):
            warnings.warn(text, PromptWarning, stacklevel=3)
        return steered(guided, self.guidance, self.negative, prior.encode_prompt, prior.identity)


@dataclass(frozen=True, kw_only=True)
class RunSettings(GuidedSettings, abc.ABC):
    """The settings of every task that makes images."""

    optimizer: Advanced[Literal["adam", "sgd"] | None] = None
    """Adam, or plain gradient descent (sgd), x0 <- x0 - learning_rate · gradient; by default that of the method."""
    learning_rate: Advanced[float | None] = None
    """Learning rate, above 0; by default that of the method, or 0.02 for adam and 0.1 for sgd, and a quarter
    for sgd in pixels, which run over half of the range."""
    space: Advanced[Literal["latents", "pixels"]] = "latents"
    """What is optimised: the latents of the network, or the pixels, through its encoder."""
    count: int = 1
    """Number of results. The first is that of the seed, the second that of seed + 1, and so on."""

    def optimization(self, default: OptimizerSettings) -> OptimizationPlan:
        """The plan of a method with these defaults."""
        optimizer = self.optimizer or default.optimizer
        usual = default.learning_rate if optimizer == default.optimizer else RATES[optimizer]
        if (self.space, optimizer) == ("pixels", "sgd"):
            usual /= 4  # models run over [-1, 1], pixels over [0, 1]: a step counts twice, and so does the gradient
        return OptimizationPlan(self.steps or default.steps, self.scale, optimizer, self.learning_rate or usual)

    def seeds(self, method: Method | Baseline) -> dict[str, list[int]]:
        """For the record of several results: the seed that makes each of them alone, unless they affect one another."""
        apart = self.count > 1 and method.apart
        return {"seeds": [self.seed + index for index in range(self.count)]} if apart else {}

    def generator(self, seeds: Sequence[int]) -> Generator:
        """The generator of a run: one for each seed, or one for all results."""
        return SampleGenerators(seeds) if seeds else Generator().manual_seed(self.seed)

    def scene(self, prior: Pipeline, latents: Grid, images: Images | None = None) -> Latents | Pixels:
        """What is optimised, `count` times: from the latents, or from the images, by default the latents' own."""
        if self.space == "latents":
            return Latents(latents.expand(self.count, -1, -1, -1), prior.codec)
        if images is None:
            with torch.no_grad():
                images = prior.codec.decode(latents)
        return Pixels(images.to(prior.device).expand(self.count, -1, -1, -1), prior.codec)
