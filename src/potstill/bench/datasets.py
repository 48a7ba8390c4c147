"""Edits on the user's disk: a table of one's own, or one of the two layouts in which data sets are published.

One's own: `pairs.csv`, and pictures beside it, with the true results or without.
PIE-Bench (arXiv 2310.01506), 700 edits: `mapping_file.json`, and the pictures that it names in `annotation_images`.
The ten edits of the assignment on score distillation of KAIST's CS492(D): `prompt_img_pairs.json`, and pictures
in `imgs`. Nobody knows the true results of these two. Nothing outside the folder is read.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from potstill.bench.emoji_pairs import Pair
from potstill.errors import InputError
from potstill.io.decode import load
from potstill.io.images import as_images, read_mask
from potstill.io.resize import Fit
from potstill.io.tables import read_table

COLUMNS = ("image", "answer", "source", "target", "mask", "group", "name")
"""Of `pairs.csv`; only the two prompts and the image must be there."""
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
    answer: Path | None = None
    """The true result."""
    mask: Path | None = None
    """Where the edit may show: white."""

    def read(self, fit: Fit) -> Pair:
        """The pair at the size that is worked on; what the region touches belongs to it.

        Raises:
            InputError: a picture cannot be used, has another size than its answer, or is its answer.
        """
        picture = load(self.picture)
        answer, region = self.answer and load(self.answer), None
        if answer and answer.size != picture.size:
            (width, height), (own_width, own_height) = picture.size, answer.size
            raise InputError(
                f"{str(self.answer)!r} is {own_width} x {own_height} pixels and its picture {width} x {height}: "
                "give both at one size, in the same place"
            )
        if self.mask:
            region = (read_mask(self.mask, (picture.height, picture.width), fit) > 0).float()
        if self.runs:
            if picture.size != (PIE_SIDE, PIE_SIDE):
                width, height = picture.size
                raise InputError(
                    f"{str(self.picture)!r} is {width} x {height} pixels and its mask {PIE_SIDE} x {PIE_SIDE}: "
                    "give the picture as PIE-Bench has it"
                )
            region = (read_mask(decoded(self.runs), (PIE_SIDE, PIE_SIDE), fit) > 0).float()
        prompts, source = (self.source_prompt, self.target_prompt), as_images(picture, fit)
        truth = answer and as_images(answer, fit)
        if truth is not None and torch.equal(truth, source):
            raise InputError(f"{str(self.answer)!r} is the picture itself: give the true result of the edit")
        return Pair(self.name, self.group, "", *prompts, source, truth, region)


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
        for name, read in _LAYOUTS.items():
            if (place / name).is_file():
                return read(place / name)
    raise InputError(
        f"{str(folder)!r} holds no {' or '.join(_LAYOUTS)}: give a folder of pairs of your own, of PIE-Bench or of "
        "the assignment, as docs/benchmark.md shows them"
    )


@dataclass(frozen=True)
class _Record:
    """One entry of a list."""

    path: Path
    key: str
    fields: Mapping[str, Any]
    remedy: str = "fetch the data set again"

    def text(self, name: str) -> str:
        """A field that holds text."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{name} = {value!r} must be text")
        return value.strip()

    def picture(self, name: str, folder: str, file: str | None = None) -> Path:
        """The file that a field names, or `file`, in a folder beside the list."""
        beside = self.path.parent / folder
        picture = beside / (self.text(name) if file is None else file)
        try:
            inside = picture.resolve().is_relative_to(beside.resolve())
        except (OSError, RuntimeError, ValueError):  # a loop of links, a name too long or with a zero in it
            raise self.wrong(f"{name} is no path that can be followed") from None
        if not inside:
            raise self.wrong(f"{name} = {self.text(name)!r} leads out of {str(beside)!r}")
        return picture

    def wrong(self, reason: str) -> InputError:
        """The error that names the place."""
        return InputError(f"record {self.key!r} of {str(self.path)!r}: {reason}; {self.remedy}")


def _records(path: Path) -> list[_Record]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{str(path)!r} is no valid JSON ({error}): fetch the data set again") from None
    if not isinstance(found, dict) or not found or not all(isinstance(one, dict) for one in found.values()):
        raise InputError(f"{str(path)!r} must hold a JSON object with one record for each edit: fetch it again")
    return [_Record(path, key, fields) for key, fields in found.items()]


def _pie(record: _Record) -> Listed:
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
    picture = record.picture("image_path", "annotation_images")
    return Listed(record.key, PIE_GROUPS[int(kind)], source, target, picture, tuple(runs))


def _cs492d(record: _Record) -> Listed:
    # The published paths are those of a home directory, so the name of the file is all that counts.
    picture = record.picture("img_path", "imgs", PurePosixPath(record.text("img_path")).name)
    return Listed(record.key, "cs492d", record.text("prompt"), record.text("edit_prompt"), picture)


def _own(path: Path) -> list[Listed]:
    found: dict[str, Listed] = {}
    for row in read_table(path, COLUMNS):
        record = _Record(path, f"row {row.number}", row.cells, "mend the row")
        if row.error:
            raise record.wrong(row.error)
        name = row.cells.get("name", record.key)
        if name in found:
            raise record.wrong(f"the name {name!r} is there twice")
        answer, mask = (record.picture(one, ".") if one in row.cells else None for one in ("answer", "mask"))
        prompts = (record.text("source"), record.text("target"))
        image = record.picture("image", ".")
        found[name] = Listed(name, row.cells.get("group", "all"), *prompts, image, answer=answer, mask=mask)
    if len({one.answer is None for one in found.values()}) > 1:
        raise InputError(
            f"in {str(path)!r} some rows have an answer and some have none, and their scores are not the same: "
            "give all rows one, or make two tables"
        )
    return list(found.values())


_LAYOUTS: Mapping[str, Callable[[Path], list[Listed]]] = {
    "pairs.csv": _own,
    "mapping_file.json": lambda path: [_pie(record) for record in _records(path)],
    "prompt_img_pairs.json": lambda path: [_cs492d(record) for record in _records(path)],
}
