"""Worlds from CSV and NPZ files that are none."""

import io
import struct
import zipfile

import numpy as np
import pytest

from potstill.errors import InputError
from potstill.worlds import load_world
from tests.hostile.harness import bounded, one_line, refused


def table(*rows: str) -> bytes:
    return "\n".join(["x,y,label", *rows]).encode()


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npy_header(shape: str, descr: str = "'<f8'") -> bytes:
    """What an array says of itself, without the array."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return buffer.getvalue()


POINTS, LABELS = np.eye(4, 2), np.array([0, 0, 1, 1])
WORLDS = {
    "empty.csv": (b"", r"has the columns \[\]"),
    "head.csv": (table(), "holds 0 points"),
    "one-row.csv": (table("0,0,1"), "holds 1 points"),
    "one-class.csv": (table("0,0,1", "1,1,1"), "has 1 classes"),
    "three-classes.csv": (table("0,0,1", "1,1,2", "2,2,3"), "has 3 classes"),
    "short-row.csv": (table("0,0,1", "1,1"), "line 3 of"),
    "long-row.csv": (table("0,0,1", "1,1,2,3,4"), "line 3 of"),
    "nan.csv": (table("0,0,1", "nan,1,2"), "must be finite"),
    "inf.csv": (table("0,0,1", "1,-inf,2"), "must be finite"),
    "1e400.csv": (table("0,0,1", "1,1e400,2"), "must be finite"),
    "1e300.csv": (table("0,0,1", "1,1e300,2"), "at most 1e.30"),
    "words.csv": (table("0,0,1", "one,1,2"), "x and y must be numbers"),
    "hex.csv": (table("0,0,1", "0x1p3,1,2"), "x and y must be numbers"),
    "no-label.csv": (table("0,0,1", "1,1,"), "label must not be empty"),
    "labels-nan.csv": (table("0,0,nan", "1,1,nan"), "label nan of point 1 .* is no class"),
    "columns.csv": (b"a,b,c\n1,2,3\n", "they must be x, y, label"),
    "twice.csv": (b"x,x,label\n1,2,3\n", "they must be x, y, label"),
    "utf-16.csv": (table("0,0,1").decode().encode("utf-16"), "cannot read"),
    "zeros.csv": (bytes(500), "cannot read|columns"),
    "zero.csv": (table("0,0,1", "1,1,a\0b", "1,2,c"), "cannot read|classes"),
    "coincide.csv": (table("1,1,1", "1,1,2"), "coincide"),
    "many.csv": (table(*(f"{n},0,{n % 2}" for n in range(10_001))), "holds 10001 points: give 2 to 10,000"),
    "huge.csv": (b"x,y,label\n" + b"1,2,3\n" * 2_000_000, "12,000,010 bytes: give at most"),
    "wide.csv": (table("0,0," + "x" * 200_000), "cannot read"),
    "many-columns.csv": (b"," * 100_000, "they must be x, y, label"),
    "none.npz": (b"", "cannot read"),
    "text.npz": (b"hello", "cannot read"),
    "array.npz": (npy_header("(4, 2)") + bytes(64), "cannot read"),
    "pickle.npz": (b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.", "cannot read"),
    "objects.npz": (npz(points=POINTS, labels=np.array([{}, 1, 2, 3], dtype=object)), "must be plain arrays"),
    "object-points.npz": (npz(points=POINTS.astype(object), labels=LABELS), "must be plain arrays"),
    "ragged.npz": (npz(points=POINTS, labels=LABELS[:3]), "shape .* and 3 labels"),
    "flat.npz": (npz(points=POINTS.ravel(), labels=LABELS), "give points"),
    "nan.npz": (npz(points=POINTS * np.nan, labels=LABELS), "must be finite"),
    "complex.npz": (npz(points=POINTS * 1j, labels=LABELS), "points of complex128"),
    "complex-labels.npz": (npz(points=POINTS, labels=LABELS * 1j), "labels of complex128"),
    "dates.npz": (npz(points=POINTS.astype("M8[s]"), labels=LABELS), "give real numbers"),
    "texts.npz": (npz(points=POINTS.astype(str), labels=LABELS), "give real numbers"),
    "structure.npz": (npz(points=POINTS, labels=np.zeros(4, [("a", int), ("b", int)])), "give real numbers"),
    "none-points.npz": (npz(labels=LABELS), "they must be points and labels"),
    "more.npz": (npz(points=POINTS, labels=LABELS, more=LABELS), "they must be points and labels"),
    "many.npz": (npz(points=np.zeros((20_000, 2)), labels=np.zeros(20_000)), "holds 20000 points"),
    "bomb.npz": (npz(points=np.zeros((10**7, 2)), labels=LABELS), "unpacks to 160,000,2.. bytes: give at most"),
    "says-huge.npz": (archive(points=npy_header("(10000000000, 2)"), labels=b""), "cannot read"),
    "says-negative.npz": (archive(points=npy_header("(-4, 2)"), labels=b""), "cannot read"),
    "says-code.npz": (
        archive(points=npy_header("(4, 2)", "__import__('os').system('touch pwned')"), labels=b""),
        "cannot read",
    ),
    "says-object.npz": (archive(points=npy_header("(4, 2)", "'|O'") + b"\x80\x04.", labels=b""), "cannot read"),
    "damaged.npz": (npz(points=POINTS, labels=LABELS)[:-30], "cannot read"),
    "changed.npz": (npz(points=POINTS, labels=LABELS).replace(b"points", b"../../", 1), "cannot read|must be points"),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_that_is_none_is_one_line(capsys, folder, name):
    data, message = WORLDS[name]
    (folder / name).write_bytes(data)
    refused(capsys, folder, [("world", "theorem")[len(name) % 2], name], message)
    with bounded(), pytest.raises(InputError, match=message) as caught:
        load_world(name)
    one_line(str(caught.value), name)
