"""Edits on the user's disk, in the layouts in which two data sets are published.

PIE-Bench (arXiv 2310.01506), 700 edits: `mapping_file.json`, and the pictures that it names in `annotation_images`.
The ten edits of the assignment on score distillation of KAIST's CS492(D): `prompt_img_pairs.json`, and pictures
in `imgs`. Nobody knows their true results. Nothing outside the folder is read.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import Float

from potstill.bench.pairs import Pair
from potstill.errors import InputError
from potstill.fit import Fit
from potstill.images import as_images, read_mask
from potstill.rasters import load

PIE_SIDE = 512
"""The height and the width of PIE-Bench's pictures and masks."""
PIE_GROUPS = (
    "random",
    "change object",
    "add object",
    "delete object",
    "change content",
    "change pose",
    "change colour",
    "change material",
    "change background",
    "change style",
)
"""PIE-Bench's editing types, by number."""


@dataclass(frozen=True)
class Listed:
    """An edit as a data set lists it: its pictures are not read yet."""

    name: str
    group: str
    source_prompt: str
    target_prompt: str
    picture: Path
    runs: tuple[int, ...] = ()
    """Where PIE-Bench says that the edit may show: a start and a length in the rows of pixels, and so on; or none."""

    def read(self, fit: Fit) -> Pair:
        """The pair at the size that is worked on; what the region touches belongs to it.

        Raises:
            InputError: the picture cannot be used.
        """
        picture = load(self.picture)
        region = None
        if self.runs:
            if picture.size != (PIE_SIDE, PIE_SIDE):
                width, height = picture.size
                raise InputError(
                    f"{str(self.picture)!r} is {width} x {height} pixels and its mask {PIE_SIDE} x {PIE_SIDE}: "
                    "give the picture as PIE-Bench has it"
                )
            region = (read_mask(decoded(self.runs), (PIE_SIDE, PIE_SIDE), fit) > 0).float()
        prompts = (self.source_prompt, self.target_prompt)
        return Pair(self.name, self.group, "", *prompts, as_images(picture, fit), region=region)


def decoded(runs: Sequence[int]) -> Float[np.ndarray, "512 512"]:
    """PIE-Bench's mask: 1 in the runs, and on the border, as its own evaluation sets it; a run stops at the end."""
    flat = np.zeros(PIE_SIDE**2, np.float32)
    for start, length in zip(runs[::2], runs[1::2], strict=True):
        flat[start : start + length] = 1
    mask = flat.reshape(PIE_SIDE, PIE_SIDE)
    mask[[0, -1]] = mask[:, [0, -1]] = 1
    return mask


def listed(folder: Path) -> list[Listed]:
    """The edits in a folder, or in the folder `data` in it, in the order of the list.

    Raises:
        InputError: there is none of the lists, or it breaks a rule of its layout.
    """
    for place in (folder, folder / "data"):
        for name, (of, pictures) in _LAYOUTS.items():
            if (place / name).is_file():
                return [
                    of(_Record(place / name, key, fields), place / pictures)
                    for key, fields in _records(place / name).items()
                ]
    raise InputError(
        f"{str(folder)!r} holds neither {' nor '.join(_LAYOUTS)}: give the folder of PIE-Bench or of the assignment, "
        "as docs/benchmark.md shows them"
    )


def _records(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{str(path)!r} is no valid JSON ({error}): fetch the data set again") from None
    if not isinstance(found, dict) or not found:
        raise InputError(f"{str(path)!r} must hold a JSON object with one record for each edit: fetch it again")
    return found


@dataclass(frozen=True)
class _Record:
    """One entry of a list."""

    path: Path
    key: str
    fields: Any

    def text(self, name: str) -> str:
        """A field that holds text."""
        value = self.fields.get(name) if isinstance(self.fields, dict) else None
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{name} = {value!r} must be text")
        return value.strip()

    def wrong(self, reason: str) -> InputError:
        """The error that names the place."""
        return InputError(f"record {self.key!r} of {str(self.path)!r}: {reason}; fetch the data set again")


def _pie(record: _Record, pictures: Path) -> Listed:
    kind, runs = record.text("editing_type_id"), record.fields.get("mask", [])
    if kind not in map(str, range(len(PIE_GROUPS))):
        raise record.wrong(f"editing_type_id = {kind!r} must be from 0 to {len(PIE_GROUPS) - 1}")
    if not isinstance(runs, list) or len(runs) % 2 or not all(type(one) is int and one >= 0 for one in runs):
        raise record.wrong("mask must be a list of pairs of whole numbers, a start and a length")
    if any(start >= PIE_SIDE**2 for start in runs[::2]):
        raise record.wrong(f"a run of mask starts after the last of {PIE_SIDE}² pixels")
    # Brackets mark the words that differ, and are not part of the prompt.
    source, target = (
        record.text(name).translate({ord("["): None, ord("]"): None}) for name in ("original_prompt", "editing_prompt")
    )
    picture = pictures / record.text("image_path")
    if not picture.resolve().is_relative_to(pictures.resolve()):
        raise record.wrong(f"image_path = {record.text('image_path')!r} leads out of {str(pictures)!r}")
    return Listed(record.key, PIE_GROUPS[int(kind)], source, target, picture, tuple(runs))


def _cs492d(record: _Record, pictures: Path) -> Listed:
    # The published paths are those of a home directory, so the name of the file is all that counts.
    picture = pictures / PurePosixPath(record.text("img_path")).name
    if not picture.resolve().is_relative_to(pictures.resolve()):
        raise record.wrong(f"img_path = {record.text('img_path')!r} leads out of {str(pictures)!r}")
    return Listed(record.key, "cs492d", record.text("prompt"), record.text("edit_prompt"), picture)


_LAYOUTS: dict[str, tuple[Callable[[_Record, Path], Listed], str]] = {
    "mapping_file.json": (_pie, "annotation_images"),
    "prompt_img_pairs.json": (_cs492d, "imgs"),
}
