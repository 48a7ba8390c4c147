"""The table of a batch: the settings and the outcome of each row."""

import csv
import importlib.util
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from potstill.batch.manifest import BatchRow, columns, numeric_columns, read_row
from potstill.batch.work import Outcome
from potstill.errors import InputError
from potstill.io.claims import locked, same_file
from potstill.io.files import as_path, check_file, sweep, write
from potstill.io.tables import Row
from potstill.tasks.subjects import PICTURE, SUBJECTS, Subject

_CHANGES, _COST = ("distance", "rms_change", "pixels_changed"), ("evaluations", "seconds")
_OF_SCENES = ("psnr", "agreement")
_RENAMED = {"distance": "camera_distance"}
"""Settings with the name of a score."""


class BatchResults:
    """The rows of a manifest, checked, and their outcomes; equal rows share one."""

    def __init__(self, rows: Sequence[Row], folder: str | Path) -> None:
        """Check every row; paths are relative to the folder."""
        self.rows, self._parsed, self._numbers = rows, dict[int, BatchRow](), dict[str, list[int]]()
        self.outcomes: dict[int, Outcome] = {}
        for row in rows:
            try:
                self._parsed[row.number] = read_row(row, folder)
            except InputError as error:
                self.outcomes[row.number] = Outcome("", error=str(error))

    @property
    def subjects(self) -> list[Subject]:
        """The subjects of the rows that can be run; pictures if there are none."""
        found = {row.subject for row in self._parsed.values()} or {PICTURE.name}
        return [each for name, each in SUBJECTS.items() if name in found]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Of the results: for pictures and scenes those of both."""
        settings = (_RENAMED.get(name, name) for name in columns(*self.subjects))
        measured = () if self.subjects == [PICTURE] else _OF_SCENES
        return ("row", "output", *settings, *_CHANGES, *measured, *_COST, "error", "content")

    @property
    def failed(self) -> dict[int, str]:
        """The error of each row that has one."""
        return {number: outcome.error for number, outcome in sorted(self.outcomes.items()) if outcome.error}

    @property
    def found(self) -> int:
        """The number of rows that were done before."""
        return sum(not outcome.fresh and not outcome.error for outcome in self.outcomes.values())

    def pending(self) -> Iterator[BatchRow]:
        """The rows to compute, equal ones once, and those that can share calls one after another."""
        for number, row in sorted(self._parsed.items(), key=lambda item: item[1].group):
            try:
                row = row.with_content()
            except InputError as error:
                self.outcomes[number] = Outcome("", error=str(error))
                continue
            self._parsed[number] = row
            equal = self._numbers.setdefault(row.content, [])
            equal.append(number)
            if len(equal) == 1:
                yield row
            elif equal[0] in self.outcomes:
                self.outcomes[number] = self.outcomes[equal[0]]

    def add(self, outcome: Outcome) -> None:
        """Enter the outcome of a row, and of all that are equal to it."""
        self.outcomes |= dict.fromkeys(self._numbers[outcome.content], outcome)

    def records(self) -> list[dict[str, Any]]:
        """The table: settings as they were run, scores, error; without rows that were not reached."""
        return [self._record(row) for row in self.rows if row.number in self.outcomes]

    def _record(self, row: Row) -> dict[str, Any]:
        parsed, outcome = self._parsed.get(row.number), self.outcomes[row.number]
        cells, numbers = dict[str, Any](row.cells), _numbers()
        if parsed:
            cells |= parsed.as_run
        else:  # a value that was refused may be of any type
            cells = {name: cell for name, cell in cells.items() if isinstance(cell, str) and name not in numbers}
        cells = {_RENAMED.get(name, name): cell for name, cell in cells.items()}
        for name, cell in cells.items():
            if name not in numbers and cell is not None:
                between = "x" if name == "size" else " "
                cells[name] = between.join(map(str, cell if isinstance(cell, tuple | list) else [cell]))
        own = {"row": row.number, "output": outcome.output or None, "error": outcome.error or None}
        values = {**cells, **outcome.scores, **own, "content": outcome.content or None}
        return {name: values.get(name) for name in self.columns}

    def save(self, folder: str | Path) -> Path:
        """Write results.parquet, or results.csv where pyarrow is missing."""
        place = self.table(as_path(folder, "folder"))
        if place.suffix == ".csv":
            text = io.StringIO(newline="")
            table = csv.DictWriter(text, self.columns)
            table.writeheader()
            table.writerows(self.records())
            write(place, text.getvalue().encode())
            return place
        import pyarrow
        from pyarrow import parquet

        kinds, numbers = {int: pyarrow.int64(), float: pyarrow.float64()}, _numbers()
        schema = pyarrow.schema([(name, kinds.get(numbers.get(name), pyarrow.string())) for name in self.columns])
        sink = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(self.records(), schema), sink)
        write(place, sink.getvalue())
        return place

    def table(self, folder: str | Path) -> Path:
        """Where the results are written: results.parquet, or results.csv where pyarrow is missing."""
        return as_path(folder, "folder") / f"results.{'parquet' if importlib.util.find_spec('pyarrow') else 'csv'}"

    def check_table(self, folder: str | Path, manifest: str | Path) -> None:
        """Check, before the rows run, that the results would replace at most those of an earlier batch.

        Raises:
            InputError: there is the manifest, or another file.
        """
        place = self.table(folder)
        if same_file(place, as_path(manifest, "manifest")):
            raise InputError(f"the manifest {str(manifest)!r} is where the results are written: give another --out")
        names = _columns(place) if os.path.lexists(place) else None
        if names is not None and (names[:2], names[-2:]) != (["row", "output"], ["error", "content"]):
            raise InputError(f"{str(place)!r} is not a table of results that may be replaced: give another --out")


def _numbers() -> dict[str, type]:
    """The columns of the results that hold numbers."""
    floats = dict.fromkeys((*_CHANGES, *_OF_SCENES, *_COST), float)
    return {**numeric_columns(), **floats, "row": int, "evaluations": int}


def _columns(table: Path) -> list[str]:
    """The names of the columns; none if it is no table."""
    try:
        check_file(table, "a table of results")
        if table.suffix == ".parquet":
            from pyarrow import parquet

            return parquet.read_schema(table).names
        with table.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(io.StringIO(file.readline(10_000), newline="")), [])
    except (InputError, OSError, ValueError):  # ArrowInvalid is a ValueError
        return []


@contextmanager
def exclusive(folder: str | Path) -> Iterator[None]:
    """Context with exclusive use of the folder, cleared of partly written files.

    Raises:
        InputError: another run is writing there.
    """
    folder = as_path(folder, "folder")
    with locked(folder / ".lock") as free:
        if not free:
            raise InputError(f"another run is writing to {str(folder)!r}: wait for it, or give another --out")
        sweep(folder)
        try:
            yield
        finally:
            sweep(folder)
