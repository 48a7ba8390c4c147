"""Rows are selected by their numbers, by booleans, or by a column, and every mistake is one line."""

import numpy as np
import pytest

from potstill.errors import InputError
from potstill.io.ply import ply_bytes
from potstill.io.selections import read_selection

CHOSEN = np.array([True, False, True, False, False])


def write(folder, name, value):
    path = folder / name
    if isinstance(value, np.ndarray):
        np.save(path, value)
    else:
        path.write_bytes(value)
    return path


COLUMN = {"x": np.zeros(5), "selected": np.array([1, 0, -0.5, 0, 0])}
RIGHT = {
    "lines.txt": b"0\n2\n2\n",
    "commas.txt": b" 2, 0 ",
    "numbers.npy": np.array([2, 0], dtype=np.uint8),
    "booleans.npy": CHOSEN,
    "column.ply": ply_bytes(COLUMN, ()),
}


@pytest.mark.parametrize("name", RIGHT)
def test_every_form_selects_the_same(tmp_path, name):
    assert (read_selection(write(tmp_path, name, RIGHT[name]), 5) == CHOSEN).all()


HUGE = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
HUGE += b"{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
WRONG = {
    "ending.csv": (b"0", "must end in"),
    "words.txt": (b"0 two", "does not hold whole numbers"),
    "half.txt": (b"0.5", "does not hold whole numbers"),
    "latin.txt": (b"\xe4", "does not hold whole numbers"),
    "empty.txt": (b"", "selects no Gaussian"),
    "large.txt": (b"0 5", "selects the Gaussian 5, and they are numbered from 0 to 4"),
    "long.txt": (b"9" * 30, "does not hold whole numbers"),
    "negative.npy": (np.array([-1]), "selects the Gaussian -1"),
    "few.npy": (CHOSEN[:4], "selects from 4 Gaussians, and the scene has 5"),
    "none.npy": (CHOSEN & False, "selects no Gaussian"),
    "floats.npy": (np.ones(5), "holds float64 of shape"),
    "square.npy": (np.ones((5, 5), dtype=bool), "holds bool of shape"),
    "objects.npy": (np.array([{}, None]), "does not hold an array of numpy"),
    "text.npy": (b"hello", "does not hold an array of numpy"),
    "nothing.npy": (b"", "does not hold an array of numpy|is empty"),
    "huge.npy": (HUGE + b"x" * 100, "does not hold an array of numpy"),
    "bare.ply": (ply_bytes({"x": np.zeros(5)}, ()), "has no column 'selected'"),
    "few.ply": (ply_bytes({"selected": np.ones(4)}, ()), "selects from 4 Gaussians"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_selects_nothing_sensible_is_one_line(tmp_path, name):
    value, message = WRONG[name]
    with pytest.raises(InputError, match=message) as caught:
        read_selection(write(tmp_path, name, value), 5)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        read_selection(tmp_path / "none.txt", 5)
