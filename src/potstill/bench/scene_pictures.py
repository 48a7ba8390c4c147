"""The true pictures of `potstill bench scenes`: toys that are built by rule, seen by 24 cameras, in any colours.

A pixel is three bytes: its light, the numbers of the two parts that cover most of it, and how many of its nine rays hit
each. So one rendering serves every colour of a toy (`paint`). The files are made by `training/toys/scene_pairs.py`.
"""

import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from potstill.io.files import file_hash
from potstill.scenes.cameras import Cameras
from potstill.tensors import Images
from potstill.worlds.toys.bank import smoothed

FOLDER = Path(__file__).parent
LIST, PIXELS, STARTS = (FOLDER / f"scene_{name}" for name in ("pairs.json", "pixels.xz", "starts.safetensors"))
RAYS, PARTS = 9, 15
"""Rays of a pixel, and the most parts of a toy."""
SIZE = 64
"""Of a picture, in pixels."""
AZIMUTHS = (*(22.5 * side for side in range(16)), *(11.25 + 45.0 * side for side in range(8)))
ELEVATIONS = (12.0,) * 16 + (45.0,) * 8
"""Of the cameras that score, in degrees; no fit of a source had their pictures."""
BACKGROUND = (0.75, 0.80, 0.86)
"""Behind every object, so that none dissolves, white or black."""


def paint(
    pixels: UInt8[Tensor, "b 3 64 64"], palette: Float[Tensor, "b parts 3"], background: Float[Tensor, "b 3"]
) -> Images:
    """Pictures in [0, 1]: smooth(light · sum of share · colour + (1 - sum of shares) · background).

    Args:
        pixels: of rendered pictures; the larger part is in the low half of a byte.
        palette: the colour of each part.
        background: its colours.
    """
    light, parts, counts = pixels.unbind(1)
    rows = torch.arange(len(pixels), device=pixels.device)[:, None, None]
    low, high = (counts & 15)[..., None] / RAYS, (counts >> 4)[..., None] / RAYS
    shown = low * palette[rows, (parts & 15).long()] + high * palette[rows, (parts >> 4).long()]
    whole = (light / 255)[..., None] * shown + (1 - low - high) * background[:, None, None]
    return smoothed(whole.movedim(-1, 1)).clamp(0, 1)


def strip(views: Float[Tensor, "v c h w"]) -> Float[Tensor, "1 c h all"]:
    """Views beside one another."""
    return torch.cat([*views], 2)[None]


def unstrip(picture: Float[Tensor, "1 c h all"]) -> Float[Tensor, "v c h w"]:
    """The views of a strip."""
    return torch.stack(picture[0].chunk(len(AZIMUTHS), 2))


@dataclass(frozen=True)
class Truth:
    """Everything that is known of the toys: how they look by their captions, and which pairs and prompts there are.

    A caption stands for one toy in certain colours.
    """

    colours: dict[str, list[float]]
    """RGB of the colours that captions name."""
    looks: dict[str, tuple[int, list[str]]]
    """By the caption: the number of the toy, and the colours of its parts."""
    told: frozenset[str]
    """The captions of toys whose azimuth can be told from a picture."""
    starts: dict[str, int]
    """By the caption of a source: the number of the scene that was fitted to it."""
    pairs: list[dict[str, str]]
    """Group, split and captions of the edits."""
    prompts: list[dict[str, str]]
    """Group, split and caption of what is to be generated."""

    @cached_property
    def cameras(self) -> Cameras:
        """Those that score."""
        return Cameras.orbit(AZIMUTHS, ELEVATIONS, size=SIZE)

    def pictures(self, caption: str, views: Sequence[int] = range(len(AZIMUTHS))) -> Images:
        """What some of the cameras see."""
        toy, tints = self.looks[caption]
        palette = torch.zeros(PARTS + 1, 3)
        palette[: len(tints)] = torch.tensor([self.colours[tint] for tint in tints])
        pixels = _pixels()[toy, list(views)]
        behind = torch.tensor(BACKGROUND).expand(len(pixels), 3)
        return paint(pixels, palette.expand(len(pixels), -1, -1), behind)


@cache
def truth() -> Truth:
    """That of the package."""
    document = json.loads(LIST.read_text(encoding="utf-8"))
    told = frozenset(document.pop("told"))
    looks = {caption: (look["toy"], look["colours"]) for caption, look in document.pop("looks").items()}
    return Truth(looks=looks, told=told, **document)


@cache
def data_hash() -> str:
    """Of all files of the truth."""
    return file_hash(LIST, PIXELS, STARTS)


@cache
def _pixels() -> UInt8[Tensor, "toys views 3 64 64"]:
    planes = np.frombuffer(lzma.decompress(PIXELS.read_bytes()), np.uint8).reshape(3, -1, len(AZIMUTHS), SIZE, SIZE)
    return torch.from_numpy(planes.transpose(1, 2, 0, 3, 4).copy())
