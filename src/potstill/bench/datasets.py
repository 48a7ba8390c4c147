"""Edits from a folder on disk, in one of three layouts.

- Your own pairs: `pairs.csv`, with the images beside it, with or without the true results.
- PIE-Bench (arXiv 2310.01506), 700 edits: `mapping_file.json`, with the images in `annotation_images`.
- The ten edits of the score distillation assignment of KAIST's CS492(D): `prompt_img_pairs.json`, with the images in
  `imgs`.

The last two have no true results. Nothing outside the folder is read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from potstill.bench.emoji_pairs import Pair
from potstill.errors import InputError
from potstill.io.decode import open_image
from potstill.io.documents import parse_json
from potstill.io.files import as_path, check_file
from potstill.io.images import as_images, read_mask
from potstill.io.resize import Fit
from potstill.io.tables import read_table

CSV_COLUMNS = ("image", "answer", "source", "target", "mask", "group", "name")
"""The columns of `pairs.csv`; image, source and target are required."""
BYTES = 100_000_000
"""Maximum bytes of the list of a published dataset."""
PIE_SIDE = 512
"""The height and width of PIE-Bench's images and masks."""
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
class DatasetItem:
    """An edit of a dataset; its images are not read yet."""

    name: str
    group: str
    source_prompt: str
    target_prompt: str
    image: Path
    mask_runs: tuple[int, ...] = ()
    """PIE-Bench's mask: start, length, start, length ... of runs in row-major pixels; empty without a mask."""
    answer: Path | None = None
    """The true result."""
    mask: Path | None = None
    """White where the edit may show."""

    def read(self, fit: Fit) -> Pair:
        """The pair at working size; a pixel that the region touches belongs to it.

        Raises:
            InputError: an image cannot be used, or differs in size from its answer, or equals it.
        """
        image = open_image(self.image)
        answer, region = self.answer and open_image(self.answer), None
        if answer and answer.size != image.size:
            raise InputError(
                f"{str(self.answer)!r} is {answer.width}x{answer.height} pixels and its image "
                f"{image.width}x{image.height}: "
                "give both at the same size, aligned"
            )
        if self.mask:
            region = (read_mask(self.mask, (image.height, image.width), fit) > 0).float()
        if self.mask_runs:
            if image.size != (PIE_SIDE, PIE_SIDE):
                raise InputError(
                    f"{str(self.image)!r} is {image.width}x{image.height} pixels and its mask {PIE_SIDE}x{PIE_SIDE}: "
                    "use the original image of PIE-Bench"
                )
            region = (read_mask(decode_runs(self.mask_runs), (PIE_SIDE, PIE_SIDE), fit) > 0).float()
        prompts, source = (self.source_prompt, self.target_prompt), as_images(image, fit)
        true_result = answer and as_images(answer, fit)
        if true_result is not None and torch.equal(true_result, source):
            raise InputError(f"{str(self.answer)!r} is the same as the source image: give the true result of the edit")
        return Pair(self.name, self.group, "", *prompts, source, true_result, region)


def decode_runs(runs: Sequence[int]) -> Float[np.ndarray, "512 512"]:
    """PIE-Bench's mask: 1 in the runs, and on the border as in its own evaluation; runs are cut at the last pixel."""
    flat = np.zeros(PIE_SIDE**2, np.float32)
    for start, length in zip(runs[::2], runs[1::2], strict=True):
        flat[start : start + length] = 1
    mask = flat.reshape(PIE_SIDE, PIE_SIDE)
    mask[[0, -1]] = mask[:, [0, -1]] = 1
    return mask


def read_dataset(folder: str | Path) -> list[DatasetItem]:
    """The edits in a folder or in its subfolder `data`, in the order of the list.

    Raises:
        InputError: there is no such list, or it breaks a rule of its layout.
    """
    folder = as_path(folder, "folder")
    for place in (folder, folder / "data"):
        for name, read in _LAYOUTS.items():
            if (place / name).is_file():
                return read(place / name)
    raise InputError(
        f"{str(folder)!r} has no {' or '.join(_LAYOUTS)}: give a folder with your own pairs, PIE-Bench or the CS492(D) "
        "assignment, as in docs/results/benchmark.md"
    )


@dataclass(frozen=True)
class _Record:
    """One entry of a list."""

    path: Path
    key: str
    fields: Mapping[str, Any]
    remedy: str = "download the dataset again"

    def text(self, name: str) -> str:
        """A field that holds text."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{name} = {value!r} must be text")
        return value.strip()

    def image(self, name: str, folder: str, file: str | None = None) -> Path:
        """The path that a field names, or `file`, in a folder beside the list."""
        beside = self.path.parent / folder
        image = beside / (self.text(name) if file is None else file)
        try:
            inside = image.resolve().is_relative_to(beside.resolve())
        except (OSError, RuntimeError, ValueError):  # a loop of links, a name too long or with a zero in it
            raise self.wrong(f"{name} is not a valid path") from None
        if not inside:
            raise self.wrong(f"{name} = {self.text(name)!r} is outside {str(beside)!r}")
        return image

    def wrong(self, reason: str) -> InputError:
        """An error that names the record and its file."""
        return InputError(f"record {self.key!r} of {str(self.path)!r}: {reason}; {self.remedy}")


def _records(path: Path) -> list[_Record]:
    check_file(path, "the list of the dataset", most=BYTES)
    try:
        found = parse_json(path.read_bytes(), repr(str(path)))
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}") from None
    if not isinstance(found, dict) or not found or not all(isinstance(fields, dict) for fields in found.values()):
        raise InputError(f"{str(path)!r} must be a JSON object with one record per edit: download it again")
    return [_Record(path, key, fields) for key, fields in found.items()]


def _pie(record: _Record) -> DatasetItem:
    kind, runs = record.text("editing_type_id"), record.fields.get("mask", [])
    if kind not in map(str, range(len(PIE_GROUPS))):
        raise record.wrong(f"editing_type_id = {kind!r} must be from 0 to {len(PIE_GROUPS) - 1}")
    if not isinstance(runs, list) or len(runs) % 2 or not all(type(number) is int and number >= 0 for number in runs):
        raise record.wrong("mask must be a list of pairs of whole numbers, start and length")
    if any(start >= PIE_SIDE**2 for start in runs[::2]):
        raise record.wrong(f"a run of mask starts after the last of {PIE_SIDE}² pixels")
    # Brackets mark the words that differ and are not part of the prompt.
    source, target = (
        record.text(name).translate({ord("["): None, ord("]"): None}) for name in ("original_prompt", "editing_prompt")
    )
    image = record.image("image_path", "annotation_images")
    return DatasetItem(record.key, PIE_GROUPS[int(kind)], source, target, image, tuple(runs))


def _cs492d(record: _Record) -> DatasetItem:
    # The published paths point into someone's home directory, so only the file name is used.
    image = record.image("img_path", "imgs", PurePosixPath(record.text("img_path")).name)
    return DatasetItem(record.key, "cs492d", record.text("prompt"), record.text("edit_prompt"), image)


def _own(path: Path) -> list[DatasetItem]:
    found: dict[str, DatasetItem] = {}
    for row in read_table(path, CSV_COLUMNS):
        record = _Record(path, f"row {row.number}", row.cells, "correct the row")
        if row.error:
            raise record.wrong(row.error)
        name = row.cells.get("name", record.key)
        if name in found:
            raise record.wrong(f"the name {name!r} appears twice")
        answer, mask = (record.image(column, ".") if column in row.cells else None for column in ("answer", "mask"))
        prompts = (record.text("source"), record.text("target"))
        image = record.image("image", ".")
        found[name] = DatasetItem(name, row.cells.get("group", "all"), *prompts, image, answer=answer, mask=mask)
    if len({item.answer is None for item in found.values()}) > 1:
        raise InputError(
            f"in {str(path)!r} some rows have an answer and some do not, and these are scored differently: "
            "give every row an answer, or split the table"
        )
    return list(found.values())


_LAYOUTS: Mapping[str, Callable[[Path], list[DatasetItem]]] = {
    "pairs.csv": _own,
    "mapping_file.json": lambda path: [_pie(record) for record in _records(path)],
    "prompt_img_pairs.json": lambda path: [_cs492d(record) for record in _records(path)],
}
