"""Pictures with true edits: 316 pairs of emoji that differ in one attribute.

The list is `pairs.csv`, made by rule from the names and checked by the pictures (`training/pairs.py`): groups
`skin`, `hair`, `colour`, `background` and `style`. The bundled model saw every source. It never saw the answers
of the split `held-out`; those of `seen` it did.
"""

import csv
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from potstill.tensors import Images

TABLE = Path(__file__).parent / "pairs.csv"
ATLAS = Path(__file__).parent / "drawings.png"
COLUMNS = (
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
Split = Literal["held-out", "seen"]


@dataclass(frozen=True, eq=False)
class Pair:
    """An edit and, where there is one, its true answer."""

    name: str
    group: str
    """The attribute that changes."""
    split: str
    """Of the emoji; else empty."""
    source_prompt: str
    target_prompt: str
    source: Images
    """[1, 3, h, w] in [0, 1]."""
    answer: Images | None = None
    """The true result; None where nobody knows it."""
    region: Float[Tensor, "1 1 h w"] | None = None
    """1 where the edit may show, if it is stated."""

    @property
    def fingerprint(self) -> str:
        """A hash of its prompts and pictures."""
        pictures = [one for one in (self.source, self.answer, self.region) if one is not None]
        parts = [self.name, self.source_prompt, self.target_prompt, *(one.numpy().tobytes() for one in pictures)]
        whole = hashlib.sha256()
        for part in parts:
            whole.update(part if isinstance(part, bytes) else part.encode())
        return whole.hexdigest()[:16]

    @property
    def must_change(self) -> Float[Tensor, "1 1 h w"] | None:
        """1 where it must change: the region stated, or where the answer is another than the source by over 0.05."""
        if self.region is not None or self.answer is None:
            return self.region
        return ((self.answer - self.source).abs().amax(1, keepdim=True) > 0.05).float()


@cache
def drawings() -> Float[Tensor, "n 4 64 64"]:
    """The drawings of the pairs, as colour times cover beside cover, in [0, 1]."""
    with Image.open(ATLAS) as picture:
        rgba = torch.from_numpy(np.array(picture)).reshape(-1, 64, 64, 4).permute(0, 3, 1, 2).float() / 255
    return torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)


def on_background(ink: Float[Tensor, "n 4 64 64"], colour: str) -> Images:
    """Drawings on a flat colour, written `#ff8800`."""
    flat = torch.tensor(list(bytes.fromhex(colour[1:]))) / 255
    return ink[:, :3] + (1 - ink[:, 3:]) * flat[:, None, None]


@cache
def emoji_pairs() -> tuple[Pair, ...]:
    """All 316 pairs of emoji."""
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


def spread(pairs: Sequence[T], count: int, group: Callable[[T], str] = attrgetter("group")) -> list[T]:
    """`count` pairs, or all there are: the groups in turn, and within a group evenly over the list."""
    groups: dict[str, list[T]] = {}
    for pair in pairs:
        groups.setdefault(group(pair), []).append(pair)
    wanted = dict.fromkeys(groups, 0)
    while sum(wanted.values()) < min(count, len(pairs)):
        for name, alike in groups.items():
            if wanted[name] < len(alike) and sum(wanted.values()) < count:
                wanted[name] += 1
    return [alike[n * len(alike) // wanted[name]] for name, alike in groups.items() for n in range(wanted[name])]
