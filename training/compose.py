"""The images and captions of a batch: draw random pictures, paint them, and describe them.

A batch is a function of its seed alone, so a resumed run sees the same batches.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from training.captions import BACKGROUNDS, PLACES, RELATIONS, SIZES, Picture, Thing, noun, parts, subject
from training.data import Drawings
from training.heldout import heldout, pair
from training.icons import Icon, icons
from training.model import Images

SMALL = 0.18  # share of pictures at a place, in a smaller size
TWO = 0.24  # share of pictures of two things
RECOLOURED = 0.5  # share of things in another colour than their own, of those that have one
NO_CAPTION = 0.1  # share of empty captions: the unconditional prediction that guidance needs
NO_STYLE = 0.3
NO_BACKGROUND = 0.5  # of the pictures on white
OWN_COLOUR = 0.3  # share of captions that name the drawing's own colour
NO_SIZE = 0.4  # share of captions of small pictures that name only the place
TURNED = 0.15  # share of captions in another order
STRANGE = 0.03  # share of captions with an unknown word, which the model should ignore
_WHITE = 0.2  # share of white backgrounds
_ENDS = {"left": ("left", "right"), "right": ("right", "left"), "above": ("top", "bottom"), "below": ("bottom", "top")}
_START = {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0}  # share of the room before a drawing


def generator(*seed: int) -> torch.Generator:
    """A generator on the CPU, seeded with a hash of the given numbers."""
    digest = hashlib.sha256(repr(seed).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


@cache
def backgrounds(concept: str) -> tuple[str, ...]:
    """The coloured backgrounds of a concept in training; a red heart on red would be invisible."""
    colours = [colour for colour in BACKGROUNDS if colour not in ("white", *subject(concept).split())]
    return tuple(colour for colour in colours if pair(concept, colour) not in heldout().pairs)


@cache
def known() -> tuple[Icon, ...]:
    """The icons in training."""
    return tuple(icon for icon in icons() if icon.key not in heldout().variants)


class Pictures:
    """Draws random pictures that are not held out; a family of n skin tones has a total weight of sqrt(n)."""

    def __init__(self, drawings: Drawings) -> None:
        """Compute the weight of every icon in training."""
        self.drawings = drawings
        family = Counter((icon.style, icon.concept) for icon in known())
        self.weights = torch.tensor([family[icon.style, icon.concept] ** -0.5 for icon in known()])

    def draw(self, count: int, rng: torch.Generator) -> list[Picture]:
        """Draw `count` pictures."""
        picked = torch.multinomial(self.weights, count, replacement=True, generator=rng)
        return [self._around(known()[index], rng) for index in picked.tolist()]

    def _around(self, icon: Icon, rng: torch.Generator) -> Picture:
        """A picture of an icon that is not held out."""
        while True:
            how, white = torch.rand(2, generator=rng).tolist()
            picture = Picture(icon, colour=self._colour(icon, rng))
            if how < SMALL:
                picture = replace(picture, place=_one(PLACES, rng), size=_one(tuple(SIZES), rng))
            elif how < SMALL + TWO:
                picture = replace(picture, relation=_one(tuple(RELATIONS), rng), other=self._beside(icon, rng))
            taken = {word for thing in picture.things for word in (thing.colour, *subject(thing.icon.concept).split())}
            if white > _WHITE or "white" in taken:
                found = [colour for colour in backgrounds(icon.concept) if colour not in taken]
                picture = replace(picture, background=_one(found, rng))
            if picture not in heldout():
                return picture

    def _colour(self, icon: Icon, rng: torch.Generator) -> str | None:
        colours = self.drawings.colours.get(icon, ())
        return _one(colours, rng) if colours and torch.rand((), generator=rng) < RECOLOURED else None

    def _beside(self, icon: Icon, rng: torch.Generator) -> Thing:
        """Another thing in the same style."""
        while True:
            other = known()[int(torch.multinomial(self.weights, 1, generator=rng))]
            if other.concept != icon.concept and not other.tone and other.style == icon.style:
                return Thing(other, self._colour(other, rng))


def say(picture: Picture, drawings: Drawings, rng: torch.Generator) -> str:
    """A true caption of the picture, or an empty one."""
    empty, unstyled, plain, own, unsized, turned, strange = torch.rand(7, generator=rng).tolist()
    if empty < NO_CAPTION:
        return ""
    if (
        own < OWN_COLOUR
        and (colour := drawings.own.get(picture.icon))
        and not picture.colour
        and _unnamed(picture.icon)
    ):
        picture = replace(picture, colour=colour)
    background = picture.background != "white" or plain > NO_BACKGROUND
    what, where, behind = parts(picture, style=unstyled > NO_STYLE, background=background)
    if where and picture.size == "small" and unsized < NO_SIZE:
        what = " ".join(word for word in what.split() if word != "small")
    if not picture.place and not picture.other and unsized < 0.1:
        what = f"big {what}"
    if picture.relation == "left" and unsized < 0.25:
        what = what.replace("to the left of a", "and a")
    said = [part for part in (what, where, behind) if part]
    if turned < TURNED:
        said = [said[index] for index in torch.randperm(len(said), generator=rng).tolist()]
        if turned < TURNED / 2 and picture.colour and not picture.other:  # "apple that is blue"
            name = noun(picture.icon.concept)
            said = [part.replace(f"{picture.colour} {name}", f"{name} {picture.colour}") for part in said]
    words = " ".join(said).split()
    if strange < STRANGE:
        words.insert(_pick(len(words) + 1, rng), "unheard")
    return " ".join(words)


def paint(drawings: Drawings, pictures: Sequence[Picture]) -> Images:
    """The images of pictures in [0, 1], on the device of the drawings."""
    ink = inked(drawings, pictures)
    colours = torch.tensor([BACKGROUNDS[picture.background] for picture in pictures], device=ink.device) / 255
    return ink[:, :3] + (1 - ink[:, 3:]) * colours[:, :, None, None]


def inked(drawings: Drawings, pictures: Sequence[Picture]) -> Float[Tensor, "b 4 64 64"]:
    """Pictures without their background: premultiplied colours and cover."""
    ink = drawings.ink([picture.things[0] for picture in pictures])
    for row, picture in enumerate(pictures):
        if picture.place:
            ink[row] = _placed(ink[row], SIZES[picture.size], picture.place)
        if picture.other and picture.relation:
            here, there = _ENDS[picture.relation]
            other = drawings.ink([picture.other])[0]
            ink[row] = _placed(ink[row], SIZES["small"], here) + _placed(other, SIZES["small"], there)
    return ink


def _placed(ink: Float[Tensor, "4 64 64"], size: int, place: str) -> Float[Tensor, "4 64 64"]:
    """A drawing at one of the nine places, in fewer pixels."""
    whole, words = ink.shape[-1], place.split()
    smaller = F.interpolate(ink[None], (size, size), mode="area")[0] if whole % size == 0 else _resized(ink, size)
    top = next((_START[word] for word in words if word in ("top", "bottom")), 0.5)
    left = next((_START[word] for word in words if word in ("left", "right")), 0.5)
    y, x = round(top * (whole - size)), round(left * (whole - size))
    return F.pad(smaller, (x, whole - size - x, y, whole - size - y))


def _resized(ink: Float[Tensor, "4 64 64"], size: int) -> Float[Tensor, "4 size size"]:
    return F.interpolate(ink[None], (size, size), mode="bilinear", antialias=True, align_corners=False)[0].clamp(0, 1)


def _unnamed(icon: Icon) -> bool:
    """Whether the name of an icon has no colour."""
    return not set(subject(icon.concept).split()) & set(BACKGROUNDS)


def _one(values: Sequence[str], rng: torch.Generator) -> str:
    return values[_pick(len(values), rng)]


def _pick(count: int, rng: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=rng))
