"""Worlds from files: labelled points as CSV (columns x, y, label) or NPZ (arrays points, labels)."""

import csv
import math
import zipfile
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64

from potstill.errors import InputError
from potstill.io.files import check_file
from potstill.worlds.world import WORLDS, World

LIMIT = 10_000
"""Maximum number of points."""
BYTES = 10_000_000
"""Maximum size of a file, compressed or not."""
FAR = 1e100
"""Maximum size of a coordinate: its square must be finite, too."""


def load_world(name: str) -> World:
    """A world by name, or a kernel mixture read from a CSV or NPZ file (see `potstill.worlds.loading`).

    Raises:
        InputError: the name is not that of a world, and not a readable file.
    """
    if name in WORLDS:
        return WORLDS[name]()
    if Path(name).suffix.lower() in (".csv", ".npz"):
        return read_world(Path(name))
    raise InputError(
        f"unknown world {name!r}: choose {', '.join(WORLDS)}, views, or a .csv or .npz file of labelled points"
    )


def read_world(path: Path, width: float = 0.06) -> World:
    """A kernel mixture of the points in a file: every point is a centre.

    There must be two labels; the smaller one (numbers sort before text) is class 1. The points are shifted to mean 0
    and scaled to a mean square of 1 per axis, as noise schedules expect; `width` is in these units.

    Raises:
        InputError: the file cannot be read, or its contents break a rule.
    """
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
    first = min(set(labels), key=lambda label: (isinstance(label, str), label))
    offset = points.mean(0)
    scale = float(np.sqrt(np.square(points - offset).mean()))
    if not scale > 0:
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
    if len(set(labels)) != 2:
        raise InputError(f"{name} has {len(set(labels))} classes: there must be exactly two labels")


def _read_csv(path: Path) -> tuple[Float64[np.ndarray, "n 2"], list]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = [column.strip() for column in reader.fieldnames or []]
        if sorted(columns) != ["label", "x", "y"]:
            raise InputError(f"{str(path)!r} has the columns {str(columns)[:200]}: they must be x, y, label")
        reader.fieldnames = columns
        points, labels = [], []
        for row in reader:
            try:
                if None in row:  # more values than columns
                    raise ValueError
                points.append([float(row["x"]), float(row["y"])])
                labels.append(_label(row["label"].strip()))
            except (TypeError, ValueError, AttributeError):
                raise InputError(
                    f"line {reader.line_num} of {str(path)!r} is {str(list(row.values()))[:200]}: x and y must be "
                    "numbers, label must not be empty, and no further values are allowed"
                ) from None
    return np.array(points, dtype=np.float64).reshape(-1, 2), labels


def _label(text: str) -> float | str:
    if not text:
        raise ValueError
    try:
        number = float(text)
    except ValueError:
        return text
    return text if math.isnan(number) else number  # NaN does not equal itself


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
    return points.astype(np.float64), labels.reshape(-1).tolist()
