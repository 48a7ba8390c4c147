"""The images and captions of a batch: draw random pictures, paint them, and describe them.

A batch is a function of its seed alone, so a resumed run sees the same batches.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import cache

import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from training.captions import BACKGROUNDS, PLACES, Picture, caption, subject
from training.heldout import heldout, pair
from training.icons import icons
from training.model import Images

SMALL = 0.12  # share of pictures at half size
NO_CAPTION = 0.1  # share of empty captions: the unconditional prediction that guidance needs
NO_STYLE = 0.3
NO_BACKGROUND = 0.5  # of the pictures on white
STRANGE = 0.03  # share of captions with an unknown word, which the model should ignore
_WHITE = 0.2  # share of white backgrounds
_CORNERS = {"middle": (16, 16), "left": (16, 0), "right": (16, 32), "top": (0, 16), "bottom": (32, 16)}


def generator(*seed: int) -> torch.Generator:
    """A generator on the CPU, seeded with a hash of the given numbers."""
    digest = hashlib.sha256(repr(seed).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


@cache
def backgrounds(concept: str) -> tuple[str, ...]:
    """The coloured backgrounds of a concept in training; a red heart on red would be invisible."""
    colours = [colour for colour in BACKGROUNDS if colour not in ("white", *subject(concept).split())]
    return tuple(colour for colour in colours if pair(concept, colour) not in heldout().pairs)


class Pictures:
    """Draws random pictures that are not held out; a family of n skin tones has a total weight of sqrt(n)."""

    def __init__(self) -> None:
        """Compute the weight of every icon in training."""
        self.known = [icon for icon in icons() if icon.key not in heldout().variants]
        family = Counter((icon.style, icon.concept) for icon in self.known)
        self.weights = torch.tensor([family[icon.style, icon.concept] ** -0.5 for icon in self.known])

    def draw(self, count: int, rng: torch.Generator) -> list[Picture]:
        """Draw `count` pictures."""
        picked = torch.multinomial(self.weights, count, replacement=True, generator=rng)
        pictures = []
        for index in picked.tolist():
            icon, background, place = self.known[index], "white", None
            if torch.rand((), generator=rng) < SMALL:
                place = PLACES[_pick(len(PLACES), rng)]
            if torch.rand((), generator=rng) > _WHITE:
                background = backgrounds(icon.concept)[_pick(len(backgrounds(icon.concept)), rng)]
            pictures.append(Picture(icon, background, place))
        return pictures


def say(picture: Picture, rng: torch.Generator) -> str:
    """A true caption of the picture, or an empty one."""
    empty, unstyled, plain, strange = torch.rand(4, generator=rng).tolist()
    if empty < NO_CAPTION:
        return ""
    background = picture.background != "white" or plain > NO_BACKGROUND
    words = caption(picture, style=unstyled > NO_STYLE, background=background).split()
    if strange < STRANGE:
        words.insert(_pick(len(words) + 1, rng), "unheard")
    return " ".join(words)


def paint(drawings: UInt8[Tensor, "icons 4 64 64"], pictures: Sequence[Picture]) -> Images:
    """The images of pictures in [0, 1], on the device of the drawings from `data.load`."""
    places = {icon: index for index, icon in enumerate(icons())}
    rgba = drawings[[places[picture.icon] for picture in pictures]].float() / 255
    ink = torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)  # premultiplied, so that it can be averaged
    half = F.avg_pool2d(ink, 2)
    for row, picture in enumerate(pictures):
        if picture.place:
            top, left = _CORNERS[picture.place]
            ink[row] = 0
            ink[row, :, top : top + 32, left : left + 32] = half[row]
    colours = torch.tensor([BACKGROUNDS[picture.background] for picture in pictures], device=ink.device) / 255
    return ink[:, :3] + (1 - ink[:, 3:]) * colours[:, :, None, None]


def _pick(count: int, rng: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=rng))
