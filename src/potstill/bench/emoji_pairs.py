"""Images with true edits: 556 pairs of emoji.

The list, `pairs.csv`, is made by `training/pairs.py`. In 316 pairs, two drawings differ in one attribute: the groups
`skin`, `hair`, `colour`, `background` and `style`. In 240, the answer is painted: a drawing in another colour
(`recolour`), at another place (`place`) or in another size (`size`), one of two things changed (`two`), or a colour and
the background (`both`). The bundled model was trained on every source and on the answers of the split `seen`, but not
on those of `held-out`.
"""

import csv
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from potstill.tensors import Images

TABLE = Path(__file__).parent / "pairs.csv"
ATLAS = Path(__file__).parent / "drawings.png"
PAIR_COLUMNS = (
    "group",
    "split",
    "name",
    "source_prompt",
    "target_prompt",
    "source_drawing",
    "source_background",
    "answer_drawing",
    "answer_background",
)


@dataclass(frozen=True, eq=False)
class Pair:
    """An edit, with its true answer if known."""

    name: str
    group: str
    """The attribute that changes."""
    split: str
    """The split of an emoji pair; otherwise empty."""
    source_prompt: str
    target_prompt: str
    source: Images
    """[1, 3, h, w] in [0, 1]."""
    answer: Images | None = None
    """The true result, if known."""
    region: Float[Tensor, "1 1 h w"] | None = None
    """1 where the edit may show, if given."""
    drawing: str = ""
    """The SVG of the source, of which the images are pictures; otherwise empty."""
    drawn_answer: str = ""
    """The SVG of the answer."""

    @property
    def fingerprint(self) -> str:
        """A hash of its name, prompts and images."""
        texts = (self.name, self.source_prompt, self.target_prompt, self.drawing, self.drawn_answer)
        digest = hashlib.sha256("".join(texts).encode())
        for image in (self.source, self.answer, self.region):
            digest.update(b"" if image is None else image.numpy().tobytes())
        return digest.hexdigest()[:16]

    @property
    def edit_region(self) -> Float[Tensor, "1 1 h w"] | None:
        """1 where the image must change: the given region, or where answer and source differ by more than 0.05."""
        if self.region is not None or self.answer is None:
            return self.region
        return ((self.answer - self.source).abs().amax(1, keepdim=True) > 0.05).float()


@cache
def drawings() -> Float[Tensor, "n 4 64 64"]:
    """The drawings of the pairs as premultiplied RGBA in [0, 1]."""
    with Image.open(ATLAS) as picture:
        rgba = torch.from_numpy(np.array(picture)).reshape(-1, 64, 64, 4).permute(0, 3, 1, 2).float() / 255
    return torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)


def on_background(ink: Float[Tensor, "n 4 64 64"], colour: str) -> Images:
    """Drawings on a flat colour, given as `#ff8800`."""
    flat = torch.tensor(list(bytes.fromhex(colour[1:]))) / 255
    return ink[:, :3] + (1 - ink[:, 3:]) * flat[:, None, None]


@cache
def emoji_pairs() -> tuple[Pair, ...]:
    """All 556 pairs of emoji."""
    ink = drawings()
    pairs = []
    with TABLE.open(newline="") as rows:
        for row in csv.DictReader(rows):
            source, answer = (
                on_background(ink[[int(row[f"{end}_drawing"])]], row[f"{end}_background"])
                for end in ("source", "answer")
            )
            prompts = (row["source_prompt"], row["target_prompt"])
            pairs.append(Pair(row["name"], row["group"], row["split"], *prompts, source, answer))
    return tuple(pairs)


T = TypeVar("T")


def select_evenly(pairs: Sequence[T], count: int, group: Callable[[T], str] = attrgetter("group")) -> list[T]:
    """Up to `count` pairs, balanced over the groups and evenly spaced within each group."""
    groups: dict[str, list[T]] = {}
    for pair in pairs:
        groups.setdefault(group(pair), []).append(pair)
    wanted = dict.fromkeys(groups, 0)
    while sum(wanted.values()) < min(count, len(pairs)):
        for name, alike in groups.items():
            if wanted[name] < len(alike) and sum(wanted.values()) < count:
                wanted[name] += 1
    return [alike[n * len(alike) // wanted[name]] for name, alike in groups.items() for n in range(wanted[name])]
