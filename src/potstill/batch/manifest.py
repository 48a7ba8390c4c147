"""A manifest: a table of edits and generations, a row each, read from CSV, JSON lines or Parquet.

A column is a field of `Edit` or `Generate`, or `image` or `mask`: paths relative to the manifest. A row with an image
is an edit, one with a prompt alone a generation. An empty cell, null or NaN means the default.

Whoever wrote the manifest need not be who runs it, so a path may not lead out of the folder of the manifest, or of
the one that is stated instead.
"""

import ast
import functools
import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from potstill.baselines import Baseline
from potstill.errors import InputError
from potstill.io.files import check_file, file_hash
from potstill.io.tables import Row, read_table
from potstill.methods import Method
from potstill.tasks.editing import Edit
from potstill.tasks.generating import Generate

PATHS = ("image", "mask")
COLUMNS = (*PATHS, *dict.fromkeys(field.name for kind in (Edit, Generate) for field in fields(kind)))
"""The columns that a manifest may have."""


@dataclass(frozen=True)
class Job:
    """An edit or a generation, as JSON values."""

    command: str
    settings: dict[str, Any]
    image: str | None = None
    mask: str | None = None
    content: str = ""
    """The hash of all that the row says: its settings and the bytes of its pictures, not their names."""

    @property
    def task(self) -> Edit | Generate:
        """The settings as they are run."""
        return (Edit if self.command == "edit" else Generate).of(self.settings)

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, text: str) -> "Job":
        """The job that `text` wrote."""
        return cls(**json.loads(text))

    def known(self) -> "Job":
        """The job with its content.

        Raises:
            InputError: a picture cannot be read.
        """
        told = [self.command, self.settings, *(path and input_hash(path) for path in (self.image, self.mask))]
        return replace(self, content=hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest())

    @property
    def likeness(self) -> str:
        """Jobs that are alike in this can share calls of the network, for as many steps."""
        names = ("method", "size", "count", "guidance_scale", "steps")
        return json.dumps([self.command, *(self.settings[name] for name in names), bool(self.settings["negative"])])


def input_hash(path: str) -> str:
    """The hash of a file's bytes.

    Raises:
        InputError: it is no file, or cannot be read.
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
    """Many rows share a picture, which is read once."""
    return file_hash(Path(path))


def read_manifest(path: str | Path) -> list[Row]:
    """The rows of a manifest; each says itself whether it could be read.

    Raises:
        InputError: the file cannot be read, has no rows, or has a column that is not known, or twice.
    """
    return read_table(path, COLUMNS)


def job_of(row: Row, folder: Path) -> Job:
    """What a row asks for; paths begin at the folder.

    Raises:
        InputError: the row is broken, a setting is refused, or a path is unsafe.
    """
    if row.error:
        raise InputError(row.error)
    for name, cell in row.cells.items():
        if isinstance(cell, str) and any("\ud800" <= letter <= "\udfff" for letter in cell):
            raise InputError(f"{name} holds half a character, which no file can: write it in UTF-8")
    kind = Edit if "image" in row.cells else Generate
    settings = {name: _value(kind, name, cell) for name, cell in row.cells.items() if name not in PATHS}
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
    task = kind.of(settings)
    paths = {name: str(_inside(folder, name, row.cells[name])) for name in PATHS if name in row.cells}
    return Job(kind.__name__.lower(), task.settings(), **paths)


@functools.cache
def _options(kind: type) -> dict[str, tuple[Any, ...]]:
    """The types that each field takes."""
    return {name: get_args(rule) or (rule,) for name, rule in get_type_hints(kind).items()}


def _value(kind: type, name: str, cell: object) -> object:
    """A cell in the type of its field, where there is a plain way there; the task itself checks the rest."""
    options = _options(kind).get(name, (str,))
    words = str in options or any(option in (Method, Baseline) for option in options)
    words = words or get_origin(get_type_hints(kind).get(name)) is Literal
    if isinstance(cell, str) and not words:
        pair = re.fullmatch(r"\s*(\d{1,9})\s*[x ,]\s*(\d{1,9})\s*", cell)
        if pair:
            return int(pair[1]), int(pair[2])
        try:
            return ast.literal_eval(cell.strip()) if len(cell) < 100 else cell
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return cell
    if isinstance(cell, float) and int in options and float not in options and math.isfinite(cell):
        return int(cell) if cell == int(cell) else cell  # a column with gaps comes as floats
    return cell


def _inside(folder: Path, name: str, cell: object) -> Path:
    """The path of a cell, within the folder.

    Raises:
        InputError: it is no path of a file, or leads out.
    """
    if not isinstance(cell, str) or "\0" in cell:
        raise InputError(f"{name} = {cell!r} must be a path")
    path = folder / cell
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        raise InputError(f"{name} {cell[:200]!r} is no path that can be followed: check it") from None
    if not inside:
        raise InputError(
            f"{name} {cell[:200]!r} leads out of {str(folder)!r}: put the picture there, or give --images its folder"
        )
    check_file(path, "a picture")
    return path
