"""PLY files: a header that names the columns of each element, and rows as text or in binary."""

import itertools
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from potstill.errors import InputError
from potstill.io.files import check_file
from potstill.io.printable import printable

LONGEST_HEADER = 1 << 16
"""Bytes of a header; that of Gaussians of degree 3 has 1,500."""
MOST_BYTES = 8_000_000_000
"""Bytes of a file."""
MOST_LIST_ROWS = 1_000_000
"""Rows with lists, which are read one by one."""
_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_NAMES = {
    "i1": "char",
    "u1": "uchar",
    "i2": "short",
    "u2": "ushort",
    "i4": "int",
    "u4": "uint",
    "f4": "float",
    "f8": "double",
}
_FORMATS = {"ascii": None, "binary_little_endian": "<", "binary_big_endian": ">"}


class Property(NamedTuple):
    """A column."""

    name: str
    kind: str
    """As numpy writes it."""
    length: str | None = None
    """The kind of the count before a list; None for a number."""


@dataclass(frozen=True)
class Element:
    """A table: its name, rows and columns."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def lists(self) -> bool:
        """Whether a column holds lists, so that rows differ in length."""
        return any(each.length for each in self.properties)

    def dtype(self, order: str) -> np.dtype:
        """A row without lists."""
        return np.dtype([(each.name, order + each.kind) for each in self.properties])


@dataclass(frozen=True)
class Header:
    """What the header says."""

    order: str | None
    """The order of bytes, None for text."""
    elements: tuple[Element, ...]
    comments: tuple[str, ...]
    size: int
    """Its bytes."""

    def element(self, name: str, what: str) -> Element:
        """The element of that name.

        Raises:
            InputError: there is none.
        """
        for each in self.elements:
            if each.name == name:
                return each
        raise InputError(f"{what} has no element {name!r}, only {_listed(each.name for each in self.elements)}")


def read_header(path: Path) -> Header:
    """The header of a file, before anything else is read.

    Raises:
        InputError: the file cannot be read, or the header is not that of a PLY file.
    """
    check_file(path, "a PLY file", most=MOST_BYTES)
    what = repr(str(path))
    with path.open("rb") as file:
        start = file.read(LONGEST_HEADER)
    end = re.search(rb"\nend_header\r?\n", start)
    if not re.match(rb"ply\r?\n", start) or not end:
        raise InputError(
            f"{what} is no PLY file: it does not begin with a PLY header of at most {LONGEST_HEADER:,} bytes"
        )
    order, elements, comments = "?", [], []
    for line in start[: end.start()].decode(errors="surrogateescape").split("\n")[1:]:
        word, _, rest = line.strip().partition(" ")
        words = rest.split()
        if word == "format" and words and words[0] in _FORMATS:
            order = _FORMATS[words[0]]
        elif word in ("comment", "obj_info"):
            comments.append(rest)
        elif word == "element" and len(words) == 2 and re.fullmatch(r"\d{1,12}", words[1]):
            elements.append(Element(words[0], int(words[1]), ()))
        elif word == "property" and elements and (column := _property(words)):
            last = elements[-1]
            if column.name in (each.name for each in last.properties):
                raise InputError(f"{what} has two columns {printable(column.name)!r} of {printable(last.name)}")
            elements[-1] = Element(last.name, last.count, (*last.properties, column))
        elif line.strip():
            raise InputError(f"{what} has the header line '{printable(line)[:60]}', which is not that of a PLY file")
    if order == "?":
        raise InputError(f"{what} has a header without a format: ascii, binary_little_endian or binary_big_endian")
    return Header(order, tuple(elements), tuple(comments), end.end())


def read_columns(path: Path, header: Header, name: str, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """Some columns of an element, in float64 or as they are stored.

    Raises:
        InputError: the file is shorter or longer than its header says, a row is broken, or a column holds lists.
    """
    what, wanted = repr(str(path)), header.element(name, repr(str(path)))
    if any(each.length for each in wanted.properties if each.name in columns):
        raise InputError(f"{what} has lists in columns of {name!r} that must hold numbers")
    before = header.elements[: header.elements.index(wanted)]
    if header.order is None:
        return _from_text(path, header, before, wanted, columns)
    with path.open("rb") as file:
        file.seek(header.size)
        for each in before:
            if each.lists:
                _skip_lists(file, each, header.order, what)
            else:
                file.seek(each.count * each.dtype(header.order).itemsize, 1)
        if wanted.lists:
            rows = _skip_lists(file, wanted, header.order, what, columns)
            return {column: np.array([row[column] for row in rows]) for column in columns}
        _check_length(path, header, wanted, file.tell())
        rows = np.fromfile(file, wanted.dtype(header.order), wanted.count)
    return {column: rows[column].astype(rows[column].dtype.newbyteorder("=")) for column in columns}


def ply_bytes(columns: Mapping[str, np.ndarray], comments: Sequence[str]) -> bytes:
    """A little-endian file of one element, `vertex`, whose columns keep the kind of their numbers."""
    count = len(next(iter(columns.values())))
    kinds = {name: values.dtype.str[1:] for name, values in columns.items()}
    lines = ["ply", "format binary_little_endian 1.0", *(f"comment {each}" for each in comments)]
    lines += [f"element vertex {count}", *(f"property {_NAMES[kind]} {name}" for name, kind in kinds.items())]
    rows = np.empty(count, [(name, "<" + kind) for name, kind in kinds.items()])
    for name, values in columns.items():
        rows[name] = values
    return "\n".join([*lines, "end_header", ""]).encode(errors="surrogateescape") + rows.tobytes()


def _property(words: list[str]) -> Property | None:
    """A column from the words of its line; None if they are not those of one."""
    if len(words) == 2 and words[0] in _TYPES:
        return Property(words[1], _TYPES[words[0]])
    known = len(words) == 4 and words[0] == "list" and words[1] in _TYPES and words[2] in _TYPES
    return Property(words[3], _TYPES[words[2]], _TYPES[words[1]]) if known and "f" not in _TYPES[words[1]] else None


def _check_length(path: Path, header: Header, wanted: Element, start: int) -> None:
    """Compare the bytes that the header promises with those of the file, as far as no lists follow."""
    order, size, what = header.order or "", path.stat().st_size, repr(str(path))
    row = wanted.dtype(order).itemsize
    if row == 0 or start + wanted.count * row > size:
        holds = max(size - start, 0) // row if row else 0
        raise InputError(
            f"{what} says that it has {wanted.count:,} rows, but it holds {holds:,}: it is cut off or damaged"
        )
    after = header.elements[header.elements.index(wanted) + 1 :]
    total = start + wanted.count * row
    if not any(each.lists for each in after):
        total += sum(each.count * each.dtype(order).itemsize for each in after)
        if total < size:
            raise InputError(f"{what} has {size - total:,} bytes more than its header says: it is damaged")


def _skip_lists(file, element: Element, order: str, what: str, columns: Sequence[str] = ()) -> list[dict[str, float]]:
    """Read rows with lists one by one, and keep some columns."""
    if element.count > MOST_LIST_ROWS:
        raise InputError(f"{what} has {element.count:,} rows with lists: at most {MOST_LIST_ROWS:,} are read")
    kept: list[dict[str, float]] = []

    def number(kind: str) -> int | float:
        data = file.read(np.dtype(kind).itemsize)
        if len(data) < np.dtype(kind).itemsize:
            raise InputError(f"{what} ends within {printable(element.name)!r}: it is cut off or damaged")
        return struct.unpack(order + np.dtype(kind).char, data)[0]

    for _ in range(element.count):
        row = {}
        for name, kind, length in element.properties:
            if length:
                file.seek(max(int(number(length)), 0) * np.dtype(kind).itemsize, 1)
            elif name in columns:
                row[name] = number(kind)
            else:
                number(kind)
        kept.append(row)
    return kept


def _from_text(
    path: Path, header: Header, before: Sequence[Element], wanted: Element, columns: Sequence[str]
) -> dict[str, np.ndarray]:
    """From rows of text, one a line."""
    what, width = repr(str(path)), len(wanted.properties)
    with path.open("rb") as file:
        file.seek(header.size)
        rows = iter(lambda: file.readline(LONGEST_HEADER), b"")
        skipped = sum(each.count for each in before)
        lines = list(itertools.islice(rows, skipped, skipped + wanted.count))
    if len(lines) < wanted.count:
        raise InputError(f"{what} says that it has {wanted.count:,} rows, but it holds {len(lines):,}: it is cut off")
    if wanted.lists:
        raise InputError(f"{what} has lists among the columns of {wanted.name!r} as text: save it in binary")
    try:
        table = np.array(b" ".join(lines).split(), dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{what} has a row that is no row of numbers ({' '.join(str(error).split())})") from None
    if table.size != wanted.count * width:
        raise InputError(f"{what} has rows of other than {width} numbers: it is damaged")
    table = table.reshape(wanted.count, width)
    names = [each.name for each in wanted.properties]
    return {column: table[:, names.index(column)] for column in columns}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(printable(name)) for name in names) or "none"
