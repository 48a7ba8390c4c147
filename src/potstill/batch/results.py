"""The table of a batch: the settings and the outcome of each row."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from potstill.batch.manifest import COLUMNS, BatchRow, read_row
from potstill.batch.work import Outcome
from potstill.errors import InputError
from potstill.io.files import as_path, sweep, write
from potstill.io.tables import Row

_WHOLE = ("row", "seed", "steps", "count", "frame", "evaluations")
_SCORES = ("distance", "rms_change", "pixels_changed", "evaluations", "seconds")
_FLOATS = ("guidance_scale", "learning_rate", *_SCORES)
_NUMBERS = _WHOLE + _FLOATS
RESULTS = ("row", "output", *COLUMNS, *_SCORES, "error", "content")
"""The columns of the results."""


class BatchResults:
    """The rows of a manifest, checked, and their outcomes; equal rows share one."""

    def __init__(self, rows: Sequence[Row], folder: str | Path) -> None:
        """Check every row; paths of pictures are relative to the folder."""
        self.rows, self._parsed, self._numbers = rows, dict[int, BatchRow](), dict[str, list[int]]()
        self.outcomes: dict[int, Outcome] = {}
        for row in rows:
            try:
                self._parsed[row.number] = read_row(row, folder)
            except InputError as error:
                self.outcomes[row.number] = Outcome("", error=str(error))

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
        cells: dict[str, Any] = dict(row.cells)
        if parsed:
            cells |= parsed.as_run
        else:  # a value that was refused may be of any type
            cells = {name: cell for name, cell in cells.items() if isinstance(cell, str) and name not in _NUMBERS}
        if isinstance(size := cells.get("size"), tuple | list):
            cells["size"] = "x".join(map(str, size))
        own = {"row": row.number, "output": outcome.output or None, "error": outcome.error or None}
        values = {**cells, **outcome.scores, **own, "content": outcome.content or None}
        return {name: values.get(name) for name in RESULTS}

    def save(self, folder: str | Path) -> Path:
        """Write results.parquet, or results.csv where pyarrow is missing."""
        folder = as_path(folder, "folder")
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            text = io.StringIO(newline="")
            table = csv.DictWriter(text, RESULTS)
            table.writeheader()
            table.writerows(self.records())
            write(folder / "results.csv", text.getvalue().encode())
            return folder / "results.csv"
        kinds = {name: pyarrow.float64() for name in _FLOATS} | {name: pyarrow.int64() for name in _WHOLE}
        schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in RESULTS])
        sink = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(self.records(), schema), sink)
        write(folder / "results.parquet", sink.getvalue())
        return folder / "results.parquet"


@contextmanager
def exclusive(folder: str | Path) -> Iterator[None]:
    """Context with exclusive use of the folder, cleared of partly written files.

    Raises:
        InputError: another batch is writing there.
    """
    folder = as_path(folder, "folder")
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"another batch is writing to {str(folder)!r}: wait for it, or give another --out") from None
    try:
        sweep(folder)
        yield
    finally:
        sweep(folder)
        lock.release()
