"""Which of n rows are selected: their numbers in a file of text or of numpy, or a column of a PLY with as many rows."""

from pathlib import Path

import numpy as np

from potstill.errors import InputError
from potstill.io.files import as_path, check_file
from potstill.io.ply import read_columns, read_header

COLUMN = "selected"
"""The column of a PLY: every number but 0 selects its row."""
BYTES = 200_000_000
"""The most bytes of a file."""


def read_selection(path: str | Path, count: int) -> np.ndarray:
    """Which of `count` rows a file selects, as booleans.

    A .txt holds the numbers of the rows, from 0, with blanks, commas or lines between them; a .npy the same, or a
    boolean for each row; a .ply the column `selected` of as many vertices.

    Raises:
        InputError: the file has another format, does not fit the rows, or selects nothing.
    """
    path = as_path(path)
    kind, what = path.suffix.lower(), repr(str(path))
    if kind not in (".txt", ".npy", ".ply"):
        raise InputError(f"{what} must end in .txt, .npy or .ply to select Gaussians")
    if kind == ".ply":
        header = read_header(path)
        vertices = header.element("vertex", what)
        if COLUMN not in (each.name for each in vertices.properties):
            raise InputError(f"{what} has no column {COLUMN!r}: give its vertices one that is 1 where to edit, else 0")
        return selection(read_columns(path, header, "vertex", [COLUMN])[COLUMN] != 0, count, what)
    check_file(path, "a selection", most=BYTES)
    try:
        if kind == ".npy":
            values = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            values = np.array(path.read_text("utf-8").replace(",", " ").split(), dtype=np.int64)
    except OSError as error:
        raise InputError(f"cannot read {what}: {error.strerror or error}; check the path") from error
    except (ValueError, OverflowError, EOFError, SyntaxError) as error:  # numpy parses the header as Python
        form = "an array of numpy" if kind == ".npy" else "whole numbers, such as 0 1 2"
        raise InputError(f"{what} does not hold {form} ({' '.join(str(error).split())[:100]})") from None
    return selection(values, count, what)


def selection(values: np.ndarray, count: int, what: str) -> np.ndarray:
    """The booleans [count] of an array of these, or of the numbers of rows.

    Raises:
        InputError: it is neither, does not fit, or selects none.
    """
    values = np.asarray(values)
    if values.ndim != 1 or values.dtype.kind not in "biu":
        kind = f"{values.dtype} of shape {values.shape}"
        raise InputError(f"{what} holds {kind}: give the numbers of the Gaussians, or a boolean for each")
    if values.dtype.kind == "b":
        if len(values) != count:
            raise InputError(
                f"{what} selects from {len(values):,} Gaussians, and the scene has {count:,}: give as many"
            )
        chosen = np.array(values)
    else:
        if len(values) and not (int(values.min()) >= 0 and int(values.max()) < count):
            odd = int(values.min()) if values.min() < 0 else int(values.max())
            raise InputError(f"{what} selects the Gaussian {odd:,}, and they are numbered from 0 to {count - 1:,}")
        chosen = np.zeros(count, dtype=bool)
        chosen[values] = True
    if not chosen.any():
        raise InputError(f"{what} selects no Gaussian, so nothing would change: select at least one")
    return chosen
