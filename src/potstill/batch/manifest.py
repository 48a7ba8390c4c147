"""A manifest: a table with an edit or a generation in each row, read from CSV, JSON lines or Parquet.

A column is a field of `Edit` or `Generate`, or `image` or `mask`: paths relative to the manifest. A row with an image
is an edit, a row with only a prompt is a generation. An empty cell, null or NaN means the default.

The author of a manifest may be someone else than the user, so a path may not lead out of the folder of the manifest,
or of the folder that is given instead.
"""

import functools
import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from potstill.errors import InputError
from potstill.io.files import as_path, check_file, file_hash
from potstill.io.tables import Row, read_table
from potstill.tasks.editing import Edit
from potstill.tasks.generating import Generate
from potstill.tasks.parsing import from_values

TASKS: dict[str, type[Edit] | type[Generate]] = {"edit": Edit, "generate": Generate}
PATHS = ("image", "mask")
COLUMNS = (*PATHS, *dict.fromkeys(field.name for kind in TASKS.values() for field in fields(kind)))
"""The columns that a manifest may have."""


@dataclass(frozen=True)
class BatchRow:
    """An edit or a generation of a manifest, as JSON values."""

    command: str
    settings: dict[str, Any]
    """As stated."""
    as_run: dict[str, Any]
    """As stated, and as resolved where nothing was stated."""
    inputs: dict[str, str]
    """The paths of the pictures, by name."""
    content: str = ""
    """The hash of all that the row says: its settings and the bytes of its pictures, not their names."""

    @classmethod
    def of(cls, task: Edit | Generate, **inputs: str) -> "BatchRow":
        """The row of a task and its pictures."""
        settings = task.settings()
        return cls(type(task).__name__.lower(), settings, settings | asdict(task.resolve()), inputs)

    def task(self) -> Edit | Generate:
        """The settings as a task."""
        return TASKS[self.command].of(self.settings)

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "BatchRow":
        """The row that `text` wrote."""
        return cls(**json.loads(text))

    def with_content(self) -> "BatchRow":
        """The row with its content.

        Raises:
            InputError: a picture cannot be read.
        """
        hashes = (path and input_hash(path) for path in map(self.inputs.get, PATHS))
        values = [self.command, self.as_run, *hashes]
        return replace(self, content=hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest())

    @property
    def group(self) -> str:
        """Rows of the same group can share calls of the network, for the same number of steps."""
        names = ("method", "size", "count", "guidance_scale", "steps")
        return json.dumps([self.command, *(self.as_run[name] for name in names), bool(self.as_run["negative"])])


def input_hash(path: str) -> str:
    """The hash of a file's bytes.

    Raises:
        InputError: it is not a file, or cannot be read.
    """
    file = Path(path)
    try:
        if not file.is_file():  # a device or a pipe would be read for ever
            raise InputError(f"cannot read {path!r}: there is no such file; check the path")
        return _file_hash(path, file.stat().st_mtime_ns, file.stat().st_size)
    except OSError as error:
        raise InputError(f"cannot read {path!r}: {error.strerror}; check the path and its permissions") from error


@functools.lru_cache(maxsize=10_000)
def _file_hash(path: str, changed: int, size: int) -> str:
    """Cached, because many rows share a picture."""
    return file_hash(Path(path))


def read_manifest(path: str | Path) -> list[Row]:
    """The rows of a manifest; a row that could not be read carries its error.

    Raises:
        InputError: the file cannot be read, has no rows, or has an unknown or a repeated column.
    """
    return read_table(path, COLUMNS)


def read_row(row: Row, folder: str | Path) -> BatchRow:
    """The edit or generation of a row; paths are relative to the folder.

    Raises:
        InputError: the row is broken, a setting is refused, or a path is unsafe.
    """
    folder = as_path(folder, "folder")
    if row.error:
        raise InputError(row.error)
    for name, cell in row.cells.items():
        if isinstance(cell, str) and any("\ud800" <= letter <= "\udfff" for letter in cell):
            raise InputError(f"{name} contains an unpaired surrogate: save the file as UTF-8")
    kind = Edit if "image" in row.cells else Generate
    settings = {name: cell for name, cell in row.cells.items() if name not in PATHS}
    if kind is Generate and "prompt" not in settings:
        raise InputError("the row has neither an image, to be edited, nor a prompt, to be generated: give one")
    if kind is Generate and "mask" in row.cells:
        raise InputError("a mask is for an edit, and the row has no image: give one, or leave the mask out")
    if odd := next((name for name in settings if name not in {field.name for field in fields(kind)}), None):
        doing, other = ("edited", "prompt") if kind is Edit else ("generated", "image")
        raise InputError(f"{odd} is of no use where the row is {doing}: leave it out, or leave the {other} out")
    for name in ("source", "target") if kind is Edit else ():
        if name not in settings:
            raise InputError(f"the row has no {name} prompt: an image is edited from source to target")
    task = from_values(kind, settings, texts=True)
    paths = {name: str(_inside(folder, name, row.cells[name])) for name in PATHS if name in row.cells}
    return BatchRow.of(task, **paths)


def _inside(folder: Path, name: str, cell: object) -> Path:
    """The path of a cell, within the folder.

    Raises:
        InputError: it is not the path of a file, or leads out of the folder.
    """
    if not isinstance(cell, str) or "\0" in cell:
        raise InputError(f"{name} = {cell!r} must be a path")
    path = folder / cell
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        raise InputError(f"{name} {cell[:200]!r} cannot be followed as a path: check it") from None
    if not inside:
        raise InputError(
            f"{name} {cell[:200]!r} leads out of {str(folder)!r}: put the picture there, or give --images its folder"
        )
    check_file(path, "a picture")
    return path
