"""PLY files: every order of bytes and kind of row, and headers that lie."""

import struct
from pathlib import Path

import numpy as np
import pytest

from potstill.errors import InputError
from potstill.io.ply import ply_bytes, read_columns, read_header

ROWS = np.array([[1.5, -2, 3], [0.25, 5, -6], [7, 8, 9]])


def header(order: str, *lines: str, count: int = 3) -> bytes:
    vertex = [f"element vertex {count}", "property double x", "property float y", "property short z"]
    return "\n".join(["ply", f"format {order} 1.0", *(lines or vertex), "end_header", ""]).encode()


def body(order: str) -> bytes:
    if order == "ascii":
        return b"".join(b"%r %r %d\n" % (x, y, int(z)) for x, y, z in ROWS.tolist())
    kind = "<dfh" if "little" in order else ">dfh"
    return b"".join(struct.pack(kind, x, y, int(z)) for x, y, z in ROWS)


def read(path: Path, data: bytes) -> np.ndarray:
    path.write_bytes(data)
    found = read_columns(path, read_header(path), "vertex", ["x", "y", "z"])
    return np.stack([found[name] for name in "xyz"], 1)


ORDERS = ["ascii", "binary_little_endian", "binary_big_endian"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_of_every_kind_are_read(tmp_path, order, end):
    data = header(order).replace(b"\n", end.encode()) + body(order)
    assert np.array_equal(read(tmp_path / "a.ply", data), ROWS)


VERTEX = ("element vertex 3", "property double x", "property float y", "property short z")
CAMERA = ("comment a camera", "element camera 1", "property float fov", "property uchar kind")
FACES = ("element face 1", "property list uchar int vertex_indices")


@pytest.mark.parametrize("order", ORDERS)
def test_other_elements_comments_and_lists_are_passed_over(tmp_path, order):
    text = order == "ascii"
    mark = "<" if "little" in order else ">"
    camera = b"40.5 3\n" if text else struct.pack(f"{mark}fB", 40.5, 3)
    face = b"3 0 1 2\n" if text else struct.pack(f"{mark}B3i", 3, 0, 1, 2)
    for lines, before, after in (
        ((*CAMERA, *VERTEX, "obj_info made by hand"), camera, b""),
        ((*VERTEX, *FACES), b"", face),
        ((*FACES, *VERTEX), face, b""),
        ((*VERTEX, *CAMERA), b"", camera),
    ):
        data = header(order, *lines) + before + body(order) + after
        assert np.array_equal(read(tmp_path / "a.ply", data), ROWS)


def test_a_list_among_the_columns_of_a_vertex_is_passed_over(tmp_path):
    lines = (
        "element vertex 2",
        "property float x",
        "property list uchar short ids",
        "property float y",
        "property float z",
    )
    rows = struct.pack("<fB2hff", 1, 2, 7, 8, 2, 3) + struct.pack("<fBff", 4, 0, 5, 6)
    found = read(tmp_path / "a.ply", header("binary_little_endian", *lines) + rows)
    assert found.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_what_is_written_is_read(tmp_path):
    columns = {name: ROWS[:, k].astype(np.float32) for k, name in enumerate("xyz")}
    (tmp_path / "a.ply").write_bytes(ply_bytes(columns, ["one", "two words"]))
    again = read_header(tmp_path / "a.ply")
    assert again.comments == ("one", "two words")
    assert np.array_equal(read(tmp_path / "b.ply", ply_bytes(columns, [])), ROWS)


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"])
def test_numbers_of_every_kind_come_back_to_the_bit(tmp_path, kind):
    limits = np.finfo(kind) if kind[0] == "f" else np.iinfo(kind)
    values = np.array([limits.min, 1, limits.max], kind)
    (tmp_path / "a.ply").write_bytes(ply_bytes({"x": values}, []))
    again = read_columns(tmp_path / "a.ply", read_header(tmp_path / "a.ply"), "vertex", ["x"])["x"]
    assert again.dtype == values.dtype
    assert np.array_equal(again, values)


def test_comments_of_any_bytes_come_back(tmp_path):
    """UTF-8, among it a byte that ends a line in Latin-1, and bytes that are no UTF-8."""
    data = ply_bytes({"x": np.zeros(1, np.float32)}, ["MARK"]).replace(b"MARK", "Ångström 한".encode() + b" \xe9\xff")
    (tmp_path / "a.ply").write_bytes(data)
    (comment,) = read_header(tmp_path / "a.ply").comments
    assert comment.startswith("Ångström 한 ")
    assert ply_bytes({"x": np.zeros(1, np.float32)}, [comment]) == data


LITTLE = "binary_little_endian"
HOSTILE = {
    "empty": (b"", "no PLY file"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "no PLY file"),
    "endless header": (b"ply\n" + b"comment x\n" * 100_000, "at most 65,536 bytes"),
    "no format": (header(LITTLE).replace(b"format binary_little_endian 1.0\n", b""), "without a format"),
    "strange line": (header(LITTLE, "element vertex 3", "property quad x"), "header line 'property quad x'"),
    "control characters": (header(LITTLE, "property \x1b[2J x"), r"header line 'property \\x1b\[2J x'"),
    "a list of floats": (header(LITTLE, "element vertex 3", "property list float int x"), "header line"),
    "huge number": (header(LITTLE, "element vertex 99999999999999"), "header line 'element vertex"),
    "two columns": (header(LITTLE, "element vertex 3", "property int x", "property int x"), "two columns 'x'"),
    "no vertices": (header(LITTLE, "element face 0"), "no element 'vertex', only 'face'"),
    "cut off": (header(LITTLE) + body(LITTLE)[:-1], "says that it has 3 rows, but it holds 2"),
    "too few rows": (header(LITTLE, count=2) + body(LITTLE), "14 bytes more than its header says"),
    "a billion rows": (header(LITTLE, count=10**9) + body(LITTLE), "1,000,000,000 rows, but it holds 3"),
    "text cut off": (header("ascii", count=10**9) + body("ascii"), "1,000,000,000 rows, but it holds 3"),
    "text with words": (header("ascii") + b"1 2 3\n1 x 3\n1 2 3\n", "no row of numbers"),
    "text with a hole": (header("ascii") + b"1 2 3\n1 3\n1 2 3\n", "rows of other than 3 numbers"),
    "lists cut off": (header(LITTLE, *FACES, *VERTEX) + struct.pack("<B2i", 3, 0, 1), "cut off or damaged"),
    "lists that lie": (header(LITTLE, "element face 2000000", FACES[1], *VERTEX), "2,000,000 rows with lists"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_lies_is_refused_in_one_line(tmp_path, name):
    data, words = HOSTILE[name]
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path / "a.ply", data)
    assert "\n" not in str(caught.value)
