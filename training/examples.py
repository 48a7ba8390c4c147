"""What a model is trained on: pictures, captions, and cameras where it knows them.

The training code is the same for all models; they differ in their examples.
"""

import abc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.priors.unets import StableDiffusion
from training import data
from training.compose import Pictures, paint, say
from training.model import Images, vocabulary
from training.sheet import picture


class Batch(NamedTuple):
    """The examples of a step."""

    images: Images
    captions: list[str]
    camera: Float[Tensor, "b n"] | None = None
    """The embedding of each camera; zeros where the model is not told."""


Draw = Callable[[int, torch.Generator], Batch]
"""Draws a number of examples, a function of the generator alone."""


class Examples(abc.ABC):
    """Settings of the examples of one model."""

    camera: ClassVar[int] = 0
    """How many numbers tell the camera; none for pictures that have none."""

    @property
    @abc.abstractmethod
    def words(self) -> list[str]:
        """All words of all captions, in the order of their tokens."""

    @abc.abstractmethod
    def open(self, device: torch.device) -> Draw:
        """Read the files."""

    @abc.abstractmethod
    def sheet(self, prior: StableDiffusion, steps: int) -> bytes:
        """The PNG of samples that shows how far the training is."""


@dataclass(frozen=True)
class Emoji(Examples):
    """Emoji in many colours, places and sizes, for the model `emoji`."""

    file: Path = Path("build/emoji/icons.safetensors")
    """The drawings of `training.data`."""

    @property
    def words(self) -> list[str]:
        """All words of all captions, in the order of their tokens."""
        return vocabulary()

    def open(self, device: torch.device) -> Draw:
        """Read the drawings."""
        drawings = data.load(self.file).to(device)
        pictures = Pictures(drawings)

        def draw(count: int, rng: torch.Generator) -> Batch:
            shown = pictures.draw(count, rng)
            return Batch(paint(drawings, shown), [say(each, drawings, rng) for each in shown])

        return draw

    def sheet(self, prior: StableDiffusion, steps: int) -> bytes:
        """Samples of fixed prompts."""
        return picture(prior, steps=steps)
