"""The bank of the toys: their pictures from a fixed set of cameras, made once by `python -m training.toys.bank`.

A picture is kept before it is coloured, as the light of each pixel and the share of its rays that hit each colour:

    picture = smooth(light · sum over colours of share · colour + (1 - sum of shares) · background),

rounded to 8 bits. `smooth` adds the variance that a square pixel, 1/12, lacks of the 0.3 square pixels with which
rasterisers of Gaussians antialias, so that a scene can look like the pictures to the last edge. Both colours of a toy
rest on the same planes, and the whole bank is a few megabytes.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from potstill.errors import InputError
from potstill.fields import shown
from potstill.scenes.cameras import Cameras
from potstill.tensors import Images

FOLDER = Path(__file__).with_name("bank")
LEVELS = 255
"""The light 1."""
Planes = UInt8[np.ndarray, "n planes h w"]
"""Light from 0 to `LEVELS`, then the number of rays for each colour."""


def split_planes(count: int) -> list[list[int]]:
    """Which planes share a block of the file, one below the other: light alone, then the colours by three."""
    return [[0], *([*range(start, min(start + 3, count))] for start in range(1, count, 3))]


@dataclass(frozen=True)
class ToyClass:
    """The toys that have one caption: the variants of a kind in one colour."""

    kind: str
    colour: str
    front: str | None
    """The colour that only the front of this kind has, if any."""

    @property
    def caption(self) -> str:
        """Such as "red teapot"."""
        return f"{self.colour} {self.kind}"


@dataclass(frozen=True)
class ToyBank:
    """The pictures of all toys, of 64 x 64 pixels or a whole fraction of it, by averaging.

    Args:
        size: the side of a picture in pixels.
        kinds: the kinds of toys; all by default.

    Raises:
        InputError: the size does not divide 64, or a kind is unknown.
    """

    size: int = 64
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the size and the kinds."""
        full = _document()["size"]
        if not isinstance(self.size, int) or not 1 <= self.size <= full or full % self.size:
            raise InputError(f"size = {shown(self.size)} of the toys must divide {full}, such as {full} or {full // 2}")
        known = _document()["kinds"]
        if unknown := next((kind for kind in self.kinds if kind not in known), None):
            raise InputError(f"unknown kind of toy {unknown!r}: choose from {', '.join(known)}")

    @property
    def variants(self) -> int:
        """How many toys of other proportions a class has."""
        return _document()["variants"]

    @cached_property
    def classes(self) -> tuple[ToyClass, ...]:
        """All classes, two or more for each kind."""
        kinds = {kind: _document()["kinds"][kind] for kind in self.kinds or _document()["kinds"]}
        return tuple(
            ToyClass(name, colour, kind["front"]) for name, kind in kinds.items() for colour in kind["colours"]
        )

    @cached_property
    def cameras(self) -> Cameras:
        """The cameras, numbered."""
        document = _document()
        return Cameras.orbit(document["azimuths"], document["elevations"], size=self.size).numbered()

    def pictures(self, camera: int) -> UInt8[Tensor, "classes variants 3 h w"]:
        """What a camera sees of every toy, RGB from 0 to 255."""
        kinds = tuple(dict.fromkeys(toy.kind for toy in self.classes))
        _load(kinds)
        return torch.cat([_pictures(kind, camera, self.size) for kind in kinds])

    def palette(self, toy: ToyClass) -> dict[str, list[float]]:
        """The colours of a toy in full light, by the name of the plane, and that of the background."""
        return _palette(toy.kind, toy.colour)


@cache
def _document() -> dict[str, Any]:
    return json.loads((FOLDER / "toys.json").read_text(encoding="utf-8"))


def _palette(kind: str, colour: str) -> dict[str, list[float]]:
    document = _document()
    names = {name: colour if name == "main" else name for name in document["kinds"][kind]["planes"]}
    return {plane: document["colours"][name] for plane, name in names.items()} | {"background": document["background"]}


@cache
def _load(kinds: tuple[str, ...]) -> None:
    """Decode the planes of several kinds, two at a time: Pillow lets other threads run meanwhile."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_planes, kinds))


@cache
def _planes(kind: str) -> UInt8[Tensor, "variants cameras planes h w"]:
    document = _document()
    size, count = document["size"], 1 + len(document["kinds"][kind]["planes"])
    with Image.open(FOLDER / f"{kind}.webp") as opened:
        pixels = np.asarray(opened)
    groups = split_planes(count)
    blocks = pixels.reshape(len(groups), -1, size, pixels.shape[1] // size, size, 3).transpose(0, 1, 3, 5, 2, 4)
    blocks = blocks.reshape(len(groups), -1, 3, size, size)
    planes = np.concatenate([block[:, : len(group)] for block, group in zip(blocks, groups, strict=True)], 1)
    return torch.from_numpy(planes).unflatten(0, (document["variants"], -1))


@cache
def _pictures(kind: str, camera: int, size: int) -> UInt8[Tensor, "colours variants 3 h w"]:
    """The pictures of one kind; those of all cameras take 100 megabytes for all kinds."""
    document, planes = _document(), _planes(kind)[:, camera].float()
    light, shares = planes[:, :1] / LEVELS, planes[:, 1:] / document["rays"]
    rest = 1 - shares.sum(1, keepdim=True)
    found = []
    for colour in document["kinds"][kind]["colours"]:
        *inks, background = (torch.tensor(ink) for ink in _palette(kind, colour).values())
        lit = light * torch.einsum("vphw,pc->vchw", shares, torch.stack(inks))
        found.append(lit + rest * background[:, None, None])
    pictures = smoothed(F.avg_pool2d(torch.cat(found), document["size"] // size))
    return pictures.mul(255).round().byte().unflatten(0, (len(found), -1))


def smoothed(pictures: Images) -> Images:
    """Pictures after [a, 1 - 2a, a] along rows and columns, which adds a variance of 2a = 0.3 - 1/12 square pixels."""
    a = (0.3 - 1 / 12) / 2
    line = torch.tensor([a, 1 - 2 * a, a]).to(pictures)
    padded = F.pad(pictures, (1, 1, 1, 1), mode="replicate").flatten(0, 1)[:, None]
    return F.conv2d(padded, (line[:, None] * line)[None, None]).view_as(pictures)
