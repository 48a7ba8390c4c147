"""The models that make 3-D scenes: the exact world of toys, or a pipeline that takes the camera as numbers or words."""

import abc
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import torch

from potstill.diffusion.codec import Codec
from potstill.diffusion.prior import Condition, Prior
from potstill.diffusion.view_prompts import ViewPrompts
from potstill.diffusion.views import ByView, PassEntries, ViewReading
from potstill.errors import InputError, Note
from potstill.io.files import file_hash
from potstill.priors.pipeline import Pipeline
from potstill.priors.vocabulary import read_vocabulary
from potstill.tasks.settings.models import WORLD
from potstill.worlds.toys.bank import FOLDER, ToyBank
from potstill.worlds.toys.prior import CLASSES, Toys
from potstill.worlds.toys.views import WORLDS


@dataclass(frozen=True, eq=False)
class SceneModel(abc.ABC):
    """What a run on a scene needs to know of its model."""

    @property
    @abc.abstractmethod
    def identity(self) -> Mapping[str, Any]:
        """All that a result rests on, for the record."""

    @property
    @abc.abstractmethod
    def denoiser(self) -> Prior:
        """Makes the predictions, given prompts and views."""

    @property
    @abc.abstractmethod
    def codec(self) -> Codec:
        """From pictures in [0, 1] to what it denoises."""

    @property
    @abc.abstractmethod
    def device(self) -> torch.device:
        """Where it runs."""

    @property
    @abc.abstractmethod
    def size(self) -> tuple[int, int]:
        """Height and width of the pictures that it knows."""

    @abc.abstractmethod
    def encode_prompt(self, prompt: str) -> Condition:
        """The condition of a prompt, under all views."""

    def read_as(self, prompt: str) -> str:
        """What a model of words reads in place of the prompt, empty if it reads it as it stands."""
        return ""

    @abc.abstractmethod
    def check_difference(self, source: str, target: str) -> None:
        """Warn of two equal prompts, and refuse those that only become the same to the model.

        Raises:
            InputError: they do.
        """


@dataclass(frozen=True, eq=False)
class ToysModel(SceneModel):
    """The exact world of toys."""

    prior: Toys
    side: int | None = None
    """Of the pictures; that of the bank by default."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """The name, and the hash of the bank of pictures."""
        prior, plain = self.prior, Toys()
        name = next((name for name, views in WORLDS.items() if views == prior.views), None)
        if name is None or (prior.bank, prior.width) != (plain.bank, plain.width):
            name = "of one's own"  # which cannot be loaded again from the record
        return {"name": f"{WORLD}{name}", "sha256": _bank_hash(), "dtype": "float32", "device": "cpu"}

    @property
    def denoiser(self) -> Prior:
        """The world."""
        return self.world

    @cached_property
    def world(self) -> Toys:
        """The world, with pictures of that size.

        Raises:
            InputError: it does not divide that of the bank.
        """
        bank = self.prior.bank
        return self.prior if self.side is None else replace(self.prior, bank=ToyBank(self.side, bank.kinds))

    @property
    def codec(self) -> Codec:
        """The pixels."""
        return self.prior.codec

    @property
    def device(self) -> torch.device:
        """The CPU."""
        return torch.device("cpu")

    @property
    def size(self) -> tuple[int, int]:
        """Of the world."""
        return self.world.size

    def encode_prompt(self, prompt: str) -> Condition:
        """The toys that the prompt names; a note says if there are several."""
        condition = self._named(prompt)
        if prompt.strip() and (count := int(condition[CLASSES].sum())) > 1:
            text = f"{prompt!r} fits {count} toys, and the scene may become any of them: name a colour and a toy"
            warnings.warn(text, Note, stacklevel=4)
        return condition

    def check_difference(self, source: str, target: str) -> None:
        """Refuse prompts of the same toys."""
        one, other = (self._named(each)[CLASSES] for each in (source, target))
        if torch.equal(one, other):
            raise InputError(f"source {source!r} and target {target!r} name the same toys: state another one")

    def _named(self, prompt: str) -> Condition:
        """The toys that the prompt names.

        Raises:
            InputError: there is none; the bundled network may know it.
        """
        try:
            return self.prior.encode_prompt(prompt)
        except InputError as error:
            if prompt.strip() and not read_vocabulary("toys").unknown(prompt):
                text = f"the exact world of toys has no {prompt!r}, but the bundled model toys draws it"
                raise InputError(f"{text}: choose it with --model toys") from error
            fix = "the bundled model draws more, see potstill vocabulary --model toys"
            raise InputError(f"{error}; {fix}") from error


@dataclass(frozen=True, eq=False)
class PipelineModel(SceneModel):
    """A text-to-image model."""

    prior: Pipeline
    reading: ViewReading
    """How a view becomes its condition."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """The pipeline's."""
        return self.prior.identity

    @property
    def denoiser(self) -> Prior:
        """The pipeline, given the view."""
        return ByView(self.prior, self.reading)

    @property
    def codec(self) -> Codec:
        """The pipeline's."""
        return self.prior.codec

    @property
    def device(self) -> torch.device:
        """The pipeline's."""
        return self.prior.device

    @property
    def size(self) -> tuple[int, int]:
        """That of the images in training."""
        return self.prior.size

    def encode_prompt(self, prompt: str) -> Condition:
        """The prompt, with words for each view."""
        if prompt and isinstance(self.reading, ViewPrompts):
            return self.reading.encode(self.prior.encode_prompt, prompt)
        return self.reading.widen(self.prior.encode_prompt(prompt))

    def read_as(self, prompt: str) -> str:
        """The pipeline's."""
        return self.prior.read_as(prompt)

    def check_difference(self, source: str, target: str) -> None:
        """The pipeline's."""
        self.prior.check_difference(source, target)


def scene_model(prior: Pipeline | Toys, reading: ViewReading | None, side: int | None = None) -> SceneModel:
    """The model of a scene; says so where a model does not know the view.

    Args:
        prior: what `load` gave.
        reading: how a view becomes a condition; by default a model that knows the camera gets it, and one with a
            large vocabulary gets prompts that name the view.
        side: of the pictures of a world.

    Raises:
        InputError: a world is given prompts for views, or the model takes no prompt.
    """
    if isinstance(prior, Toys):
        if reading is not None:
            raise InputError("the world of toys knows the camera itself: leave view_prompts out")
        return ToysModel(prior, side)
    name = prior.identity.get("name", "the model")
    if not prior.unconditional:
        raise InputError(f"{name} takes no text prompt, so it cannot make scenes: use another model")
    reading = reading or prior.view_reading
    if reading is None and name == "emoji":
        text = "emoji does not know views, so the front may appear on every side; toys and world:toys know the camera"
        warnings.warn(text, Note, stacklevel=4)
        reading = PassEntries(())
    return PipelineModel(prior, reading or ViewPrompts())


@cache
def _bank_hash() -> str:
    return file_hash(*sorted(FOLDER.iterdir()))
