"""What a model is trained on: pictures, captions, and cameras where it knows them.

The training code is the same for all models; they differ in their examples.
"""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.priors.unets import StableDiffusion
from training import data
from training.captions import BACKGROUNDS, PLACES, RELATIONS, SIZES, subject
from training.compose import Layout, Pictures, lay_out, painted, say
from training.icons import STYLES, TONES, concepts
from training.model import Images, vocabulary
from training.sheet import picture


class Plan(NamedTuple):
    """The examples of a step before they are painted."""

    layout: NamedTuple
    """Tensors that say what is in the pictures, on the CPU."""
    captions: list[str]
    camera: Float[Tensor, "b n"] | None = None
    """The embedding of each camera; zeros where the model is not told."""


class Source(abc.ABC):
    """Draws examples on the CPU, in any process, and paints them where the drawings are."""

    @abc.abstractmethod
    def draw(self, count: int, rng: torch.Generator) -> Plan:
        """Draw a number of examples, a function of the generator alone."""

    @abc.abstractmethod
    def paint(self, layout: Any) -> Images:
        """The images of a plan in [0, 1]."""


class Examples(abc.ABC):
    """Settings of the examples of one model."""

    name: ClassVar[str]
    """Of the bundled model."""
    about: ClassVar[str]
    """The beginning of its README.md: what it draws, and what of."""
    camera: ClassVar[int] = 0
    """How many numbers tell the camera; none for pictures that have none."""

    @property
    @abc.abstractmethod
    def words(self) -> list[str]:
        """All words of all captions, in the order of their tokens."""

    @abc.abstractmethod
    def phrases(self) -> Mapping[str, Mapping[str, Sequence[str]] | Sequence[str]]:
        """The vocabulary as phrases for prompts, in groups; those of the subjects in groups of their own."""

    @abc.abstractmethod
    def open(self, device: torch.device) -> Source:
        """Read the files; images are painted on the device."""

    @abc.abstractmethod
    def sheet(self, prior: StableDiffusion, steps: int) -> bytes:
        """The PNG of samples that shows how far the training is."""


class _Emoji(Source):
    def __init__(self, drawings: data.Drawings) -> None:
        self.drawings, self.pictures = drawings, Pictures(drawings)

    def draw(self, count: int, rng: torch.Generator) -> Plan:
        shown = self.pictures.draw(count, rng)
        return Plan(lay_out(self.drawings, shown), [say(each, self.drawings, rng) for each in shown])

    def paint(self, layout: Layout) -> Images:
        return painted(self.drawings, layout)


_GROUPS = {"places": "places and vehicles", "colours": "in several colours", "tones": "in several skin tones"}
"""Readable names for groups of concepts.txt."""


def on_backgrounds() -> list[str]:
    """The backgrounds as the end of a prompt."""
    return [f"on {'an' if colour == 'orange' else 'a'} {colour} background" for colour in BACKGROUNDS]


@dataclass(frozen=True)
class Emoji(Examples):
    """Emoji in many colours, places and sizes, for the model `emoji`."""

    file: Path = Path("build/emoji/icons.safetensors")
    """The drawings of `training.data`."""

    name: ClassVar = "emoji"
    about: ClassVar = """\
Draws 64x64 emoji from captions such as "red apple on a blue background". It was trained from scratch on the drawings of
Fluent Emoji (flat), Copyright (c) Microsoft Corporation, MIT, and Noto Emoji, Copyright Google Inc., Apache-2.0. See
docs/results/emoji-model.md and NOTICE in the repository."""

    @property
    def words(self) -> list[str]:
        """All words of all captions, in the order of their tokens."""
        return vocabulary()

    def phrases(self) -> dict[str, dict[str, list[str]] | list[str]]:
        """Emoji by the groups of concepts.txt, and what can be said of them."""
        subjects: dict[str, list[str]] = {}
        for concept, group in concepts().items():
            subjects.setdefault(_GROUPS.get(group, group), []).append(subject(concept))
        return {
            "subjects": subjects,
            "backgrounds": on_backgrounds(),
            "colours": [f"{colour} ..." for colour in BACKGROUNDS],
            "sizes": [f"{size} ..." for size in (*SIZES, "big")],
            "places": [f"small ... at the {place}" for place in PLACES if place != "middle"],
            "two things": [*(f"... {relation} a ..." for relation in RELATIONS.values()), "... and a ..."],
            "styles": list(STYLES),
            "skin tones": [subject("", tone).strip() for tone in TONES],
        }

    def open(self, device: torch.device) -> Source:
        """Read the drawings."""
        return _Emoji(data.load(self.file).to(device))

    def sheet(self, prior: StableDiffusion, steps: int) -> bytes:
        """Samples of fixed prompts."""
        return picture(prior, steps=steps)
