"""Rows of a table in CSV, JSON lines or Parquet; an unreadable row does not affect the others."""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from potstill.errors import InputError, did_you_mean
from potstill.io.documents import parse_json
from potstill.io.files import as_path, check_file

ENDINGS = (".csv", ".jsonl", ".parquet")
BYTES = 50_000_000
"""Maximum bytes of a table, of a Parquet file also once it is unpacked."""
ROWS = 100_000
"""Maximum rows of a table."""
CELL = 1_000_000
"""Maximum characters of a cell of a CSV file."""


@dataclass(frozen=True)
class Row:
    """A row: its number from 1, its non-empty cells, and an error if it cannot be read."""

    number: int
    cells: Mapping[str, Any]
    error: str = ""


def read_table(path: str | Path, columns: Collection[str]) -> list[Row]:
    """Read a table with some of these columns; an unreadable row carries its error, and the others are read.

    Raises:
        InputError: the file cannot be read, is too large, has no rows, or has an unknown or repeated column.
    """
    path = as_path(path)
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"the manifest {str(path)!r} must end in {', '.join(ENDINGS)}")
    check_file(path, "a smaller table, or several", most=BYTES)
    try:
        read = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[path.suffix.lower()]
        rows = list(islice(read(path, columns), ROWS + 1))
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}; check the path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{str(path)!r} is not UTF-8 ({error.reason}): save it in UTF-8") from None
    if not rows:
        raise InputError(f"the manifest {str(path)!r} has no rows: give one for each edit or generation")
    if len(rows) > ROWS:
        raise InputError(_too_many(path))
    for row in rows:
        if odd := next((name for name in row.cells if name not in columns), None):
            raise InputError(f"unknown column {odd[:60]!r} in row {row.number}: {did_you_mean(odd[:60], columns)}")
    return rows


def _csv(path: Path, columns: Collection[str]) -> Iterator[Row]:
    usual = csv.field_size_limit(CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            try:
                header = [name.strip() for name in next(lines, [])]
                _check_header(header, columns)
                for number, cells in enumerate(filter(None, lines), start=1):
                    yield _csv_row(number, header, cells)
            except csv.Error as error:
                raise InputError(
                    f"{str(path)!r} is not valid CSV: {error} in line {lines.line_num}; check its quotes"
                ) from None
    finally:
        csv.field_size_limit(usual)


def _csv_row(number: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        return Row(number, {}, f"the row has {len(cells)} cells and the header {len(header)}: quote what has commas")
    return _row(number, dict(zip(header, cells, strict=True)))


def _jsonl(path: Path, columns: Collection[str]) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(filter(str.strip, file), start=1):
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row:
    try:
        cells = parse_json(line, "the row")
    except InputError as error:
        return Row(number, {}, str(error))
    return (
        _row(number, cells) if isinstance(cells, dict) else Row(number, {}, "the row is not a JSON object: write {...}")
    )


def _parquet(path: Path, columns: Collection[str]) -> Iterator[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise InputError(
            f"{str(path)!r} needs pyarrow, which is not installed: run `pip install potstill[parquet]`, or give CSV"
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            about = file.metadata
            if about.num_rows > ROWS:
                raise InputError(_too_many(path, about.num_rows))
            parts = [about.row_group(index).column for index in range(about.num_row_groups)]
            sizes = [part(place).total_uncompressed_size for part in parts for place in range(about.num_columns)]
            if sum(sizes) > BYTES:
                raise InputError(_too_large(path))
            _check_header(file.schema_arrow.names, columns)
            # A value may stand in a dictionary and be repeated in every row: no more are unpacked at once than fit.
            count, unpacked, number = max(1, min(1000, BYTES // max(1, *sizes))), 0, 0
            for batch in file.iter_batches(count):
                if (unpacked := unpacked + batch.nbytes) > BYTES:
                    raise InputError(_too_large(path))
                for row in _cells(batch):
                    number += 1
                    yield Row(number, {}, row) if isinstance(row, str) else _row(number, row)
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{str(path)!r} cannot be read as Parquet: {reason}; write it again") from None


def _cells(batch: Any) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch, or the error of a row with a value that Python does not have."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError, ArithmeticError):
        for index in range(batch.num_rows):
            try:
                yield batch.slice(index, 1).to_pylist()[0]
            except (ValueError, OverflowError, ArithmeticError) as error:
                yield f"the row has a value that cannot be read ({error}): correct it"


def _too_many(path: Path, count: int | None = None) -> str:
    has = f"{count:,}" if count else f"more than {ROWS:,}"
    return f"{str(path)!r} has {has} rows: at most {ROWS:,} are read; split it into several tables"


def _too_large(path: Path) -> str:
    return f"{str(path)!r} unpacks to more than {BYTES:,} bytes: split it into several tables"


def _check_header(names: Sequence[str], columns: Collection[str]) -> None:
    for place, name in enumerate(names):
        if name not in columns:
            raise InputError(f"unknown column {name[:60]!r}: {did_you_mean(name[:60], columns)}")
        if name in names[:place]:
            raise InputError(f"the column {name!r} appears twice: keep one")


def _row(number: int, cells: Mapping[str, Any]) -> Row:
    if name := next((name for name, cell in cells.items() if _half(name) or _half(cell)), None):
        return Row(number, {}, f"{name[:60]!r} of the row contains an unpaired surrogate: save the file as UTF-8")
    return Row(number, {name: cell for name, cell in cells.items() if not _empty(cell)})


def _half(cell: object) -> bool:
    """Whether it is a text with half a character, which UTF-8 cannot express."""
    return isinstance(cell, str) and any("\ud800" <= letter <= "\udfff" for letter in cell)


def _empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and cell != cell)
