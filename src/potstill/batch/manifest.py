"""A manifest: a table with an edit or a generation in each row, read from CSV, JSON lines or Parquet.

A column is a setting of an edit or of a generation, of pictures, drawings or 3-D scenes, or an input of an edit, such
as `image`, `drawing`, `scene`, `mask` and `cameras`: paths relative to the manifest. A row with an image, a drawing or
the file of a scene is an edit, a row with only a prompt is a generation, of a drawing if `scene` is paths or strokes,
of a scene if it is gaussians or volume. An empty cell, null or NaN means the default.

The author of a manifest may be someone else than the user, so a path may not lead out of the folder of the manifest,
or of the folder that is given instead.
"""

import functools
import hashlib
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from potstill.errors import InputError
from potstill.io.files import as_path, check_file, file_hash
from potstill.io.tables import Row, read_table
from potstill.tasks.settings.parsing import from_values
from potstill.tasks.settings.shared import Settings
from potstill.tasks.subjects import PICTURE, SUBJECTS, Subject, subject_of, subject_of_file


@functools.cache
def columns(*subjects: Subject) -> tuple[str, ...]:
    """The columns that a manifest may have for these subjects, the inputs first; by default for all."""
    names = []
    for subject in subjects or SUBJECTS.values():
        kinds = (subject.task("edit"), subject.task("generate"))
        names += [*subject.inputs, *(field.name for kind in kinds for field in fields(kind))]
    return tuple(dict.fromkeys(names))


@functools.cache
def numeric_columns() -> dict[str, type]:
    """The columns whose cells are whole or floating-point numbers: int or float by their names."""
    found: dict[str, type] = {}
    for kind in (each.task(command) for each in SUBJECTS.values() for command in ("edit", "generate")):
        for name, annotation in get_type_hints(kind).items():
            options = set(get_args(annotation) or [annotation]) - {type(None)}
            if options in ({int}, {float}):
                found[name] = options.pop()
    return found


@dataclass(frozen=True)
class BatchRow:
    """An edit or a generation of a manifest, as JSON values."""

    command: str
    settings: dict[str, Any]
    """As stated."""
    as_run: dict[str, Any]
    """As stated, and as resolved where nothing was stated."""
    inputs: dict[str, str]
    """The paths of the files, by name."""
    subject: str = PICTURE.name
    """The name of what it works on."""
    ending: str = ".png"
    """How the name of its result ends."""
    content: str = ""
    """The hash of all that the row says: its settings and the bytes of its files, not their names."""

    @classmethod
    def of(cls, task: Settings, **inputs: str) -> "BatchRow":
        """The row of a task and its files."""
        settings = task.settings()
        run = settings | asdict(task.resolve())
        return cls(task.command, settings, run, inputs, subject=task.subject, ending=task.ending)

    def task(self) -> Any:
        """The settings as a task."""
        return SUBJECTS[self.subject].task(self.command).of(self.settings)

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
            InputError: a file cannot be read.
        """
        hashes = (path and input_hash(path) for path in map(self.inputs.get, SUBJECTS[self.subject].inputs))
        values = [self.command, self.as_run, *hashes]
        return replace(self, content=hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest())

    @property
    def group(self) -> str:
        """Rows of the same group can share calls of the network, for the same number of steps."""
        names = ("method", "size", "count", "guidance_scale", "steps")
        shared = (self.as_run.get(name) for name in names)
        return json.dumps([self.subject, self.command, *shared, bool(self.as_run["negative"])])


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
    """Cached, because many rows share a file."""
    return file_hash(Path(path))


def read_manifest(path: str | Path) -> list[Row]:
    """The rows of a manifest; a row that could not be read carries its error.

    Raises:
        InputError: the file cannot be read, has no rows, or has an unknown or a repeated column.
    """
    return read_table(path, columns())


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
    subject = subject_of(row.cells)
    given = subject.inputs[0]
    edits = given in row.cells and row.cells[given] not in subject.kinds
    settings = {name: cell for name, cell in row.cells.items() if not edits or name not in subject.inputs}
    if not edits and "prompt" not in settings:
        neither = "the row has neither an image, to be edited, nor a prompt, to be generated: give one"
        raise InputError(neither if subject is PICTURE else f"the row has no prompt of the {subject.name}: give one")
    kind = subject.task("edit" if edits else "generate")
    if odd := next((name for name in settings if name not in {field.name for field in fields(kind)}), None):
        doing, fix = ("edited", f"leave the {given} out") if edits else ("generated", f"give the {given} to edit")
        raise InputError(f"{odd} does not apply where the row is {doing}: leave it out, or {fix}")
    for name in ("source", "target") if edits else ():
        if name not in settings:
            raise InputError(f"the row has no {name} prompt: an edit leads from source to target")
    task = from_values(kind, settings, texts=True)
    names = [name for name in subject.inputs if edits and name in row.cells]
    return BatchRow.of(task, **{name: str(_inside(folder, name, row.cells[name], subject)) for name in names})


def _inside(folder: Path, name: str, cell: object, subject: Subject) -> Path:
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
            f"{name} {cell[:200]!r} leads out of {str(folder)!r}: put the file there, or give --images its folder"
        )
    if name == subject.inputs[0] and (found := _by_ending(path.suffix)) not in (PICTURE, subject):
        raise InputError(f"{name} {cell!r} is a {found.name}: give it in the column {found.inputs[0]}")
    check_file(path, f"a file of the {name}" if subject is not PICTURE else "a picture")
    return path


@functools.cache
def _by_ending(suffix: str) -> Subject:
    return subject_of_file(f"name{suffix}")
