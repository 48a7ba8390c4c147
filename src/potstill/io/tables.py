"""Rows of a table in CSV, JSON lines or Parquet; an unreadable row does not affect the others."""

import csv
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from potstill.errors import InputError, did_you_mean
from potstill.io.files import as_path

ENDINGS = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Row:
    """A row: its number from 1, its non-empty cells, and an error if it cannot be read."""

    number: int
    cells: Mapping[str, Any]
    error: str = ""


def read_table(path: str | Path, columns: Collection[str]) -> list[Row]:
    """Read a table with some of these columns; an unreadable row carries its error, and the others are read.

    Raises:
        InputError: the file cannot be read, has no rows, or has an unknown or repeated column.
    """
    path = as_path(path)
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"the manifest {str(path)!r} must end in {', '.join(ENDINGS)}")
    try:
        if not path.is_file():
            raise InputError(f"cannot read {str(path)!r}: there is no such file; check the path")
        rows = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[path.suffix.lower()](path, columns)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}; check the path") from error
    if not rows:
        raise InputError(f"the manifest {str(path)!r} has no rows: give one for each edit or generation")
    for row in rows:
        if odd := next((name for name in row.cells if name not in columns), None):
            raise InputError(f"unknown column {odd[:60]!r} in row {row.number}: {did_you_mean(odd[:60], columns)}")
    return rows


def _csv(path: Path, columns: Collection[str]) -> list[Row]:
    lines = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    usual = csv.field_size_limit(10_000_000)
    try:
        header = [name.strip() for name in next(lines, [])]
        _check_header(header, columns)
        return [_csv_row(number, header, cells) for number, cells in enumerate(filter(None, lines), start=1)]
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


def _jsonl(path: Path, columns: Collection[str]) -> list[Row]:
    lines = (line for line in _text(path).split("\n") if line.strip())
    return [_json_row(number, line) for number, line in enumerate(lines, start=1)]


def _json_row(number: int, line: str) -> Row:
    try:
        cells = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "it is nested too deeply")
        return Row(number, {}, f"the row is not valid JSON ({reason}): write an object on one line, {{...}}")
    return (
        _row(number, cells) if isinstance(cells, dict) else Row(number, {}, "the row is not a JSON object: write {...}")
    )


def _parquet(path: Path, columns: Collection[str]) -> list[Row]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise InputError(
            f"{str(path)!r} needs pyarrow, which is not installed: run `pip install potstill[parquet]`, or give CSV"
        ) from None
    try:
        table = parquet.read_table(path)
        _check_header(table.column_names, columns)
        return [_row(number, cells) for number, cells in enumerate(table.to_pylist(), start=1)]
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"{str(path)!r} cannot be read as Parquet: {reason}; write it again") from None


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{str(path)!r} is not UTF-8 (byte {error.start}): save it in UTF-8") from None


def _check_header(names: Sequence[str], columns: Collection[str]) -> None:
    for place, name in enumerate(names):
        if name not in columns:
            raise InputError(f"unknown column {name[:60]!r}: {did_you_mean(name[:60], columns)}")
        if name in names[:place]:
            raise InputError(f"the column {name!r} appears twice: keep one")


def _row(number: int, cells: Mapping[str, Any]) -> Row:
    return Row(number, {name: cell for name, cell in cells.items() if not _empty(cell)})


def _empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and cell != cell)
