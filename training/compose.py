"""The images and captions of a batch: draw random pictures, paint them, and describe them.

A batch is a function of its seed alone, so a resumed run sees the same batches.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from training.captions import BACKGROUNDS, PLACES, RELATIONS, SIZES, Picture, Thing, noun, parts, subject
from training.data import SIZE, Drawings
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


class Layout(NamedTuple):
    """Pictures as tensors: each is the sum of one or two drawings, in front of a colour."""

    row: Int[Tensor, " drawings"]
    """The number of the picture that a drawing belongs to."""
    drawing: Int[Tensor, " drawings"]
    """Its index in `Drawings`."""
    size: Int[Tensor, " drawings"]
    """Its pixels."""
    y: Int[Tensor, " drawings"]
    """Its top."""
    x: Int[Tensor, " drawings"]
    """Its left side."""
    background: Float[Tensor, "b 3"]


def lay_out(drawings: Drawings, pictures: Sequence[Picture]) -> Layout:
    """Where the drawings of pictures are."""
    found = []
    for row, picture in enumerate(pictures):
        index = [drawings.places[thing] for thing in picture.things]
        if picture.other and picture.relation:
            ends = zip(index, _ENDS[picture.relation], strict=True)
            found += [(row, which, SIZES["small"], *_corner(SIZES["small"], end)) for which, end in ends]
        elif picture.place:
            found.append((row, index[0], SIZES[picture.size], *_corner(SIZES[picture.size], picture.place)))
        else:
            found.append((row, index[0], SIZE, 0, 0))
    colours = torch.tensor([BACKGROUNDS[picture.background] for picture in pictures])
    return Layout(*torch.tensor(found).T, colours / 255)


def paint(drawings: Drawings, pictures: Sequence[Picture]) -> Images:
    """The images of pictures in [0, 1], on the device of the drawings."""
    return painted(drawings, lay_out(drawings, pictures))


def painted(drawings: Drawings, layout: Layout) -> Images:
    """The images of a layout in [0, 1], on the device of the drawings."""
    ink = _inked(drawings, layout)
    return ink[:, :3] + (1 - ink[:, 3:]) * layout.background.to(ink.device)[:, :, None, None]


def inked(drawings: Drawings, pictures: Sequence[Picture]) -> Float[Tensor, "b 4 64 64"]:
    """Pictures without their background: premultiplied colours and cover."""
    return _inked(drawings, lay_out(drawings, pictures))


def _inked(drawings: Drawings, layout: Layout) -> Float[Tensor, "b 4 64 64"]:
    device = drawings.pixels.device
    ink = torch.zeros(len(layout.background), 4, SIZE, SIZE, device=device)
    for size in (SIZE, *SIZES.values()):
        parts = (layout.row, layout.drawing, layout.y, layout.x)
        row, drawing, y, x = (part[layout.size == size].to(device, non_blocking=True) for part in parts)
        ink.index_add_(0, row, _moved(_resized(drawings.ink(drawing), size), y, x))
    return ink


def _corner(size: int, place: str) -> tuple[int, int]:
    """Top and left of a drawing at one of the nine places."""
    words = place.split()
    top = next((_START[word] for word in words if word in ("top", "bottom")), 0.5)
    left = next((_START[word] for word in words if word in ("left", "right")), 0.5)
    return round(top * (SIZE - size)), round(left * (SIZE - size))


def _moved(
    ink: Float[Tensor, "n 4 size size"], y: Int[Tensor, " n"], x: Int[Tensor, " n"]
) -> Float[Tensor, "n 4 64 64"]:
    """Drawings in a whole picture, each with its corner at (y, x)."""
    room = SIZE - ink.shape[-1]
    if not room:
        return ink
    row, down, right = (torch.arange(count, device=ink.device) for count in (len(ink), SIZE, SIZE))
    down, right = (down - y[:, None]) % SIZE, (right - x[:, None]) % SIZE
    return (
        F.pad(ink, (0, room, 0, room))
        .movedim(1, -1)[row[:, None, None], down[:, :, None], right[:, None]]
        .movedim(-1, 1)
    )


def _resized(ink: Float[Tensor, "n 4 64 64"], size: int) -> Float[Tensor, "n 4 size size"]:
    """Drawings in fewer pixels."""
    if SIZE % size == 0:
        return F.interpolate(ink, (size, size), mode="area")
    return F.interpolate(ink, (size, size), mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _unnamed(icon: Icon) -> bool:
    """Whether the name of an icon has no colour."""
    return not set(subject(icon.concept).split()) & set(BACKGROUNDS)


def _one(values: Sequence[str], rng: torch.Generator) -> str:
    return values[_pick(len(values), rng)]


def _pick(count: int, rng: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=rng))
