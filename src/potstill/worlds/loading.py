"""Worlds from files: labelled points as CSV or TSV (columns x, y, label) or NPZ (arrays points, labels)."""

import csv
import io
import math
import re
import zipfile
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64

from potstill.errors import InputError
from potstill.fields import check_number
from potstill.io.files import as_path, check_file
from potstill.worlds.world import WORLDS, World

LIMIT = 10_000
"""Maximum number of points."""
BYTES = 10_000_000
"""Maximum size of a file, compressed or not."""
FAR = 1e30
"""Maximum size of a coordinate, so that its square is finite in float32, too; spreads below its inverse count as 0."""


def load_world(name: str | Path) -> World:
    """A world by name, or a kernel mixture read from a CSV or NPZ file (see `potstill.worlds.loading`).

    Raises:
        InputError: the name is not that of a world, and not a readable file.
    """
    if name in WORLDS:
        return WORLDS[str(name)]()
    if as_path(name, "world").suffix.lower() in (".csv", ".tsv", ".npz"):
        return read_world(name)
    raise InputError(
        f"unknown world {name!r}: choose {', '.join(WORLDS)}, views, toys, or a .csv, .tsv or .npz file of labelled "
        "points"
    )


def read_world(path: str | Path, width: float = 0.06) -> World:
    """A kernel mixture of the points in a file: every point is a centre.

    There must be two labels; the smaller one (numbers sort before text) is class 1. A CSV may have its columns in any
    order, between commas, semicolons or tabs, and decimal commas between semicolons. The points are shifted to mean 0
    and scaled to a mean square of 1 per axis, as noise schedules expect; `width` is in these units.

    Raises:
        InputError: the file cannot be read, or its contents break a rule.
    """
    path = as_path(path)
    check_number("width", width, 1e-12, 1e6, usual="0.06")
    check_file(path, "a .csv or .npz of labelled points")
    try:
        if (size := path.stat().st_size) > BYTES:
            raise InputError(f"{str(path)!r} has {size:,} bytes: give at most {BYTES:,}, enough for {LIMIT:,} points")
        points, labels = (_read_npz if path.suffix.lower() == ".npz" else _read_csv)(path)
    except InputError:
        raise
    except Exception as error:
        # The readers raise many kinds of errors: BadZipFile, zlib.error, EOFError, UnicodeDecodeError, csv.Error, ...
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"cannot read {str(path)!r}: {reason}; give a .csv or .npz of labelled points") from error
    _check(path, points, labels)
    first, second = _classes(labels)
    offset = points.mean(0)
    scale = float(np.sqrt(np.square(points - offset).mean()))
    if not scale > FAR**-1:
        raise InputError(f"all points of {str(path)!r} coincide: give points that differ")
    chosen = np.array([label == first for label in labels])
    unit = torch.from_numpy((points - offset) / scale)
    return World(
        name=path.stem,
        source=unit[torch.from_numpy(chosen)],
        target=unit[torch.from_numpy(~chosen)],
        width=width,
        offset=(float(offset[0]), float(offset[1])),
        scale=scale,
        classes=(_name(first), _name(second)),
    )


def _check(path: Path, points: Float64[np.ndarray, "..."], labels: list) -> None:
    name = repr(str(path))
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise InputError(
            f"{name} holds points of shape {points.shape} and {len(labels)} labels: give points [n, 2] and labels [n]"
        )
    if not 2 <= len(points) <= LIMIT:
        raise InputError(f"{name} holds {len(points)} points: give 2 to {LIMIT:,}")
    bad = np.flatnonzero(~(np.abs(points) <= FAR).all(1))
    if len(bad):
        raise InputError(
            f"point {bad[0] + 1} of {name} is {points[bad[0]].tolist()}: every coordinate must be finite, and at most "
            f"{FAR:g} in size"
        )
    if any(isinstance(label, float) and not math.isfinite(label) for label in labels):
        number = next(n for n, label in enumerate(labels) if isinstance(label, float) and not math.isfinite(label))
        raise InputError(
            f"label {labels[number]} of point {number + 1} of {name} is no class: give every point a class"
        )
    if len(found := _classes(labels)) != 2:
        several = ", ".join(map(_name, found[:6])) + (", ..." if len(found) > 6 else "")
        fix = "keep the points of two of them" if len(found) > 2 else "add the points of another one"
        raise InputError(
            f"{name} has {len(found)} classes: there must be exactly two labels, not {several or 'none'}; {fix}"
        )


def _classes(labels: list) -> list:
    """The labels that occur, numbers in front."""
    return sorted(set(labels), key=lambda label: (isinstance(label, str), label))


def _name(label: int | float | str) -> str:
    """A label as it is shown, whole numbers without a fraction."""
    text = f"{label:g}" if isinstance(label, float) else str(label)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _read_csv(path: Path) -> tuple[Float64[np.ndarray, "n 2"], list]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        text = file.read()
        separator = max(",;\t", key=text.partition("\n")[0].count)
        read = _comma if separator == ";" and not re.search(r"\d\.\d", text) else _number
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        columns = [column.strip().lower() for column in reader.fieldnames or []]
        if sorted(columns) != ["label", "x", "y"]:
            fix = "; the first line must name them" if any(map(_is_number, columns)) else ""
            raise InputError(f"{str(path)!r} has the columns {str(columns)[:200]}: they must be x, y, label{fix}")
        reader.fieldnames = columns
        points, labels = [], []
        for row in reader:
            try:
                if None in row:  # more values than columns
                    raise ValueError
                points.append([read(row["x"]), read(row["y"])])
                labels.append(_label(row["label"].strip()))
            except (TypeError, ValueError, AttributeError):
                raise InputError(
                    f"line {reader.line_num} of {str(path)!r} is {str(list(row.values()))[:200]}: x and y must be "
                    "numbers with a decimal point, label must not be empty, and no further values are allowed"
                ) from None
    return np.array(points, dtype=np.float64).reshape(-1, 2), labels


def _label(text: str) -> float | str:
    if not text:
        raise ValueError
    return _number(text) if _is_number(text) else text


def _number(text: str) -> float:
    """As `float`, without the underscores of Python's own numbers."""
    if "_" in text:
        raise ValueError
    return float(text)


def _comma(text: str) -> float:
    """A number with a decimal comma, as spreadsheets write them between semicolons."""
    return _number(text.replace(",", ".", 1))


def _is_number(text: str) -> bool:
    try:
        _number(text)
    except ValueError:
        return False
    return True


def _read_npz(path: Path) -> tuple[Float64[np.ndarray, "..."], list]:
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
        if size > BYTES:
            raise InputError(f"{str(path)!r} unpacks to {size:,} bytes: give at most {BYTES:,}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if sorted(arrays.files) != ["labels", "points"]:
                raise InputError(
                    f"{str(path)!r} has the arrays {str(arrays.files)[:200]}: they must be points and labels"
                )
            points, labels = arrays["points"], arrays["labels"]
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).partition(":")[0][:200]  # the rest may quote the file
        raise InputError(f"cannot read {str(path)!r}: {reason}; points and labels must be plain arrays") from error
    if points.dtype.kind not in "fiu" or labels.dtype.kind not in "fiubUS":
        raise InputError(
            f"{str(path)!r} holds points of {points.dtype} and labels of {labels.dtype}: give real numbers as points, "
            "and numbers or strings as labels"
        )
    if labels.ndim not in (1, 2) or labels.size != len(labels):
        raise InputError(f"{str(path)!r} holds labels of shape {labels.shape}: give one for each point, [n]")
    labels = np.char.decode(labels) if labels.dtype.kind == "S" else labels
    return points.astype(np.float64), labels.reshape(-1).tolist()
