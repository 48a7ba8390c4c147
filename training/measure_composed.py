"""Whether the model composes what it has learned apart: colours of objects and places that were held out.

An image has the right colour if, of the true pictures of the same drawing in each of its colours, that of the caption
is nearest; and the right place if, of the true pictures of the same drawing at the nine places, that of the caption is.
Distances are Euclidean, between images blurred by a pixel.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from potstill.bench.retrieval import blur
from training.captions import BACKGROUNDS, PLACES, Picture, Thing
from training.compose import backgrounds, generator, known, paint
from training.data import Drawings
from training.heldout import unseen_colour, unseen_place
from training.model import Images


def unseen_colours(drawings: Drawings, count: int, seed: int) -> list[Picture]:
    """Things in held-out colours, on backgrounds of another colour."""
    held = [thing for thing in drawings.places if thing.colour and unseen_colour(thing.icon.concept, thing.colour)]
    rng, pictures = generator(seed), []
    for index in torch.randperm(len(held), generator=rng).tolist():
        thing = held[index]
        if thing.icon in known() and not thing.icon.tone:
            behind = [colour for colour in ("white", *backgrounds(thing.icon.concept)) if colour != thing.colour]
            chosen = behind[int(torch.randint(len(behind), (), generator=rng))]
            pictures.append(Picture(thing.icon, chosen, colour=thing.colour))
    return pictures[:count]


def unseen_places(count: int, seed: int) -> list[Picture]:
    """Small emoji at held-out places."""
    held = [
        (icon, place) for icon in known() for place in PLACES if not icon.tone and unseen_place(icon.concept, place)
    ]
    rng = generator(seed)
    order = torch.randperm(len(held), generator=rng)[:count].tolist()
    return [Picture(icon, _behind(icon.concept, rng), place) for icon, place in (held[index] for index in order)]


def in_colours(picture: Picture, drawings: Drawings) -> list[Picture]:
    """The picture in its own colour and in each other that it can have."""
    colours = [None, *(colour for colour in BACKGROUNDS if Thing(picture.icon, colour) in drawings.places)]
    return [replace(picture, colour=colour) for colour in colours]


def at_places(picture: Picture) -> list[Picture]:
    """The picture at each of the nine places."""
    return [replace(picture, place=place) for place in PLACES]


def nearest(images: Images, candidates: Sequence[Sequence[Picture]], drawings: Drawings) -> list[Picture]:
    """The candidate that each image shows."""
    found = []
    for image, shown in zip(blur(images, 1.0), candidates, strict=True):
        distance = (blur(paint(drawings, shown), 1.0) - image).square().sum((1, 2, 3))
        found.append(shown[int(distance.argmin())])
    return found


def _behind(concept: str, rng: torch.Generator) -> str:
    colours = ("white", *backgrounds(concept))
    return colours[int(torch.randint(len(colours), (), generator=rng))]
