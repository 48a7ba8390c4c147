"""The table of a batch: what each row asked for, and what came of it."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from potstill.batch.manifest import COLUMNS, Job, job_of
from potstill.batch.work import Outcome
from potstill.errors import InputError
from potstill.io.files import write
from potstill.io.tables import Row

_WHOLE = ("row", "seed", "steps", "count", "frame", "evaluations")
_SCORES = ("distance", "rms_change", "pixels_changed", "evaluations", "seconds")
_FLOATS = ("guidance_scale", "learning_rate", *_SCORES)
RESULTS = ("row", "output", *COLUMNS, *_SCORES, "error", "content")
"""The columns of the results."""


class Ledger:
    """The rows of a manifest, checked, and their outcomes; rows that say the same share one."""

    def __init__(self, rows: Sequence[Row], folder: Path) -> None:
        """Check every row; paths of pictures begin at the folder."""
        self.rows, self._jobs, self._of = rows, dict[int, Job](), dict[str, list[int]]()
        self.outcomes: dict[int, Outcome] = {}
        for row in rows:
            try:
                self._jobs[row.number] = job_of(row, folder)
            except InputError as error:
                self.outcomes[row.number] = Outcome("", error=str(error))

    @property
    def failed(self) -> dict[int, str]:
        """The error of each row that has one."""
        return {number: outcome.error for number, outcome in sorted(self.outcomes.items()) if outcome.error}

    @property
    def found(self) -> int:
        """How many rows were done before."""
        return sum(not outcome.fresh and not outcome.error for outcome in self.outcomes.values())

    def jobs(self) -> Iterator[Job]:
        """The jobs of all rows, each once, those that can share calls one after another."""
        for number, job in sorted(self._jobs.items(), key=lambda item: item[1].likeness):
            try:
                job = job.known()
            except InputError as error:
                self.outcomes[number] = Outcome("", error=str(error))
                continue
            self._jobs[number] = job
            alike = self._of.setdefault(job.content, [])
            alike.append(number)
            if len(alike) == 1:
                yield job
            elif alike[0] in self.outcomes:
                self.outcomes[number] = self.outcomes[alike[0]]

    def note(self, outcome: Outcome) -> None:
        """Enter what came of a job."""
        self.outcomes |= dict.fromkeys(self._of[outcome.content], outcome)

    def records(self) -> list[dict[str, Any]]:
        """The table: settings as they were run, scores, error; rows that were not reached are left out."""
        return [self._record(row) for row in self.rows if row.number in self.outcomes]

    def _record(self, row: Row) -> dict[str, Any]:
        job, outcome = self._jobs.get(row.number), self.outcomes[row.number]
        told: dict[str, Any] = dict(row.cells)
        if job:
            told |= job.settings
        else:  # a value that was refused may be of any type
            told = {name: cell for name, cell in told.items() if isinstance(cell, str) and name not in _WHOLE + _FLOATS}
        if isinstance(size := told.get("size"), tuple | list):
            told["size"] = "x".join(map(str, size))
        own = {"row": row.number, "output": outcome.output or None, "error": outcome.error or None}
        values = {**told, **outcome.scores, **own, "content": outcome.content or None}
        return {name: values.get(name) for name in RESULTS}

    def save(self, folder: Path) -> Path:
        """Write results.parquet, or results.csv where pyarrow is missing."""
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
