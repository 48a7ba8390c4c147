"""Path data: read into curves, and written again as briefly as it can be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from potstill.errors import InputError
from potstill.io.svg.fields import format_number
from potstill.io.svg.values import LARGEST, NUMBER
from potstill.vectors.sketch import Refs

_COUNTS = {"m": 2, "z": 0, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7}
_GAP = re.compile(r"[\s,]*")
_FLAG = re.compile(r"[01]")
Point = tuple[float, float]


@dataclass(frozen=True)
class Subpath:
    """Curves after one another: each a list of points after the one before, of 1, 2 or 3 points.

    Points are places in a list of numbers, of x before y.
    """

    start: Refs
    curves: tuple[tuple[Refs, ...], ...]
    closed: bool


def tokens(text: str, what: str) -> str:
    """The same path data, spaced so that every reader reads it alike.

    Raises:
        InputError: it is no path data.
    """
    parts: list[str] = []
    position, command, numbers = 0, "", 0
    while True:
        position = _GAP.match(text, position).end()  # type: ignore[union-attr]
        if position == len(text):
            break
        if text[position].isalpha() and text[position].lower() in _COUNTS:
            if not _complete(command, numbers):
                break
            command, numbers = text[position], 0
            parts += [] if command in ("a", "A") else [command]
            position += 1
            continue
        flag = command in ("a", "A") and numbers % 7 in (3, 4)
        found = (_FLAG if flag else NUMBER).match(text, position)
        if not found or not command or command in ("z", "Z"):
            break
        number = float(found[0])
        if not abs(number) <= LARGEST:
            raise InputError(f"{what} has a number beyond {LARGEST:,.0f}: scale the drawing down")
        parts.append(str(int(number)) if number == int(number) else f"{number:.17g}")
        position, numbers = found.end(), numbers + 1
        if command in ("a", "A") and numbers % 7 == 0:
            line = "l" if command == "a" else "L"  # an arc without a radius is a line
            parts[-7:] = [line, *parts[-2:]] if "0" in parts[-7:-5] else [command, *parts[-7:]]
    if position < len(text) or not _complete(command, numbers) or (parts and parts[0] not in ("m", "M")):
        raise InputError(f"{what} is not path data at {text[position : position + 20]!r}: correct it")
    return " ".join(parts)


def _complete(command: str, numbers: int) -> bool:
    """Whether a command has all its numbers, once or more often."""
    count = _COUNTS.get(command.lower(), 0)
    return numbers > 0 and numbers % count == 0 if count else True


def read(text: str, what: str) -> tuple[list[float], list[Subpath]]:
    """The numbers of path data, and its subpaths; arcs become cubic curves, and a point on the start is the start.

    Raises:
        InputError: it is no path data.
    """
    pen = RecordingPen()
    parse_path(tokens(text, what), pen)
    numbers: list[float] = []

    def add(point: Point) -> Refs:
        numbers.extend(point)
        return len(numbers) - 2, len(numbers) - 1

    subpaths: list[Subpath] = []
    start, curves, now = (), [], (0.0, 0.0)
    first = now
    for name, points in pen.value:
        if name == "moveTo":
            first = now = points[0]
            start, curves = add(now), []
        elif name in ("lineTo", "curveTo", "qCurveTo"):
            curves.append(tuple(add(point) for point in points))
            now = points[-1]
        else:
            closed = name == "closePath"
            if closed and curves and _near(now, first):
                curves[-1] = (*curves[-1][:-1], start)
            subpaths.append(Subpath(start, tuple(curves), closed))
    return numbers, subpaths


def _near(a: Point, b: Point) -> bool:
    size = max(map(abs, (*a, *b)))
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) <= 1e-9 * size


def write(subpaths: Sequence[Subpath], values: Sequence[float], decimals: int) -> str:
    """Path data, with every point rounded as an absolute point, so that roundings do not add up."""
    scale = 10**decimals
    grid = [round(value * scale) for value in values]
    writer = _Writer(decimals)
    for path in subpaths:
        writer.move(grid, path.start)
        for number, curve in enumerate(path.curves):
            last = number == len(path.curves) - 1
            if not (last and path.closed and len(curve) == 1 and curve[0] == path.start):  # that Z draws
                writer.curve(grid, curve)
        if path.closed:
            writer.close(grid, path.start)
    return writer.text


class _Writer:
    """Chooses for every curve the shorter of absolute and relative, and of the short commands."""

    def __init__(self, decimals: int) -> None:
        self.text, self._decimals = "", decimals
        self._now = self._control = (0, 0)
        self._command, self._kind = "", ""

    def move(self, grid: list[int], start: Refs) -> None:
        self._put({"m": [grid[start[0]], grid[start[1]]]}, always=True)
        self._now = grid[start[0]], grid[start[1]]
        self._command = {"m": "l", "M": "L"}[self._command]
        self._kind = ""

    def close(self, grid: list[int], start: Refs) -> None:
        self.text += "z"
        self._command, self._kind = "z", ""
        self._now = grid[start[0]], grid[start[1]]

    def curve(self, grid: list[int], curve: tuple[Refs, ...]) -> None:
        points = [(grid[x], grid[y]) for x, y in curve]
        (x, y), end = self._now, points[-1]
        kind = "lqc"[len(points) - 1]
        flat = [each for point in points for each in point]
        choices = {kind: flat}
        mirrored = (2 * x - self._control[0], 2 * y - self._control[1]) if self._kind == kind else (x, y)
        if kind == "l":
            choices |= {"v": [end[1]]} if end[0] == x else {"h": [end[0]]} if end[1] == y else {}
        elif points[0] == mirrored:
            choices |= {"t" if kind == "q" else "s": flat[2:]}
        self._put(choices)
        self._control = points[-2] if len(points) > 1 else end
        self._now, self._kind = end, kind

    def _put(self, choices: dict[str, list[int]], always: bool = False) -> None:
        options = []
        for letter, values in choices.items():
            base = {"h": self._now[:1], "v": self._now[1:]}.get(letter, self._now)
            relative = [value - base[place % len(base)] for place, value in enumerate(values)]
            for command, given in ((letter, relative), (letter.upper(), values)):
                text = "" if command == self._command and not always else command
                for value in given:
                    number = format_number(value / 10**self._decimals, self._decimals)
                    before = text or self.text[-24:]
                    glued = number[0] == "-" or (number[0] == "." and "." in re.split(r"[^\d.]", before)[-1])
                    text += number if glued or (not before[-1:].isdigit() and before[-1:] != ".") else " " + number
                options.append((len(text), text, command))
        _, text, self._command = min(options, key=lambda each: each[0])
        self.text += text
