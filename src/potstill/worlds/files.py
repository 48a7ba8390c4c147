"""Worlds from files: labelled points as CSV (columns x, y, label) or NPZ (arrays points, labels)."""

import csv
import zipfile
from pathlib import Path

import numpy as np
import torch

from potstill.errors import InputError
from potstill.worlds.world import World

LIMIT = 10_000


def read_world(path: Path, width: float = 0.06) -> World:
    """A kernel mixture of the points in a file: every point is a centre.

    The labels must be two; the lesser (numbers before text, in order) is class 1. The points are moved
    to mean 0 and scaled to a mean square of 1 per axis, where noise schedules expect data; `width` is in
    these units.

    Raises:
        InputError: the file cannot be read, or its contents break a rule; the message says which.
    """
    if not path.is_file():
        raise InputError(f"cannot read {str(path)!r}: there is no such file; give a .csv or .npz of labelled points")
    try:
        points, labels = (_read_npz if path.suffix.lower() == ".npz" else _read_csv)(path)
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile, csv.Error) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}; give a .csv or .npz of labelled points") from error
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


def _check(path: Path, points: np.ndarray, labels: list) -> None:
    name = repr(str(path))
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise InputError(
            f"{name} holds points of shape {points.shape} and {len(labels)} labels: give points [n, 2] and labels [n]"
        )
    if not 2 <= len(points) <= LIMIT:
        raise InputError(f"{name} holds {len(points)} points: give 2 to {LIMIT:,}")
    bad = np.flatnonzero(~np.isfinite(points).all(1))
    if len(bad):
        raise InputError(f"point {bad[0] + 1} of {name} is {points[bad[0]].tolist()}: every coordinate must be finite")
    if len(set(labels)) != 2:
        raise InputError(f"{name} has {len(set(labels))} classes: labels must be of exactly two classes")


def _read_csv(path: Path) -> tuple[np.ndarray, list]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = [column.strip() for column in reader.fieldnames or []]
        if sorted(columns) != ["label", "x", "y"]:
            raise InputError(f"{str(path)!r} has the columns {columns}: they must be x, y, label")
        reader.fieldnames = columns
        points, labels = [], []
        for row in reader:
            try:
                points.append([float(row["x"]), float(row["y"])])
                labels.append(_label(row["label"].strip()))
            except (TypeError, ValueError, AttributeError):
                raise InputError(
                    f"line {reader.line_num} of {str(path)!r} is {list(row.values())}: x and y must be numbers and "
                    "label not empty"
                ) from None
    return np.array(points, dtype=np.float64).reshape(-1, 2), labels


def _label(text: str) -> float | str:
    if not text:
        raise ValueError
    try:
        return float(text)
    except ValueError:
        return text


def _read_npz(path: Path) -> tuple[np.ndarray, list]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if sorted(arrays.files) != ["labels", "points"]:
                raise InputError(f"{str(path)!r} has the arrays {arrays.files}: they must be points and labels")
            points, labels = arrays["points"].astype(np.float64), arrays["labels"]
    except ValueError as error:
        raise InputError(f"cannot read {str(path)!r}: {error}; points and labels must be plain arrays") from error
    return points, labels.reshape(-1).tolist()
