"""Path data, read into curves that keep the ties of their commands.

Every number of the text is one number of the drawing. So a horizontal line stays horizontal, the handle of a smooth
curve stays the mirror image of the one before, and an arc stays an arc, which turns and grows with its two ends.
"""

import cmath
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from potstill.errors import InputError
from potstill.io.svg.fields import NUMBERS
from potstill.io.svg.values import LARGEST, NUMBER

Sum = tuple[tuple[int, float], ...]
"""A coordinate: places in a list of numbers, each with its weight."""
Spot2 = tuple[Sum, Sum]
"""A point of two such sums."""

LONG = 1.5
"""How far an arc may go from the middle of its chord, in chords. A longer one, such as an almost whole circle, would
grow wildly with its ends: it becomes curves.
"""
_COUNTS = {"m": 2, "z": 0, "l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7}
_GAP = re.compile(r"[\s,]*")
_FLAG = re.compile(r"[01]")


@dataclass(frozen=True)
class Arc:
    """An elliptical arc as it was read."""

    radii: tuple[float, float]
    turn: float
    """The rotation of the ellipse in degrees."""
    flags: tuple[int, int]
    chord: complex
    """From its start to its end."""

    @property
    def bend(self) -> float:
        """How far the middle of the arc moves with its radii, relative to them.

        With c half the chord in radii the arc is 1 -+ sqrt(1 - c^2) high, and its derivative is |1 -+ 1/sqrt(1 - c^2)|.
        """
        chord = self.chord * cmath.rect(1, -math.radians(self.turn))
        c = math.hypot(chord.real / self.radii[0], chord.imag / self.radii[1]) / 2
        away = 1 / math.sqrt(1 - c**2) if c < 1 else math.inf
        return away + 1 if self.flags[0] else away - 1


@dataclass(frozen=True)
class Segment:
    """One command: a curve with 1, 2 or 3 points after the one before it, or an arc with its end."""

    points: tuple[Spot2, ...]
    arc: Arc | None = None
    cubics: tuple[tuple[Spot2, Spot2, Spot2], ...] = ()
    """The curves that stand for an arc."""


@dataclass(frozen=True)
class Subpath:
    """Segments after one another."""

    start: Spot2
    segments: tuple[Segment, ...]
    closed: bool


def commands(text: str, what: str) -> Iterator[tuple[str, list[float]]]:
    """Every command with the numbers of one use of it; more numbers after `M` are those of `L`.

    Raises:
        InputError: it is no path data, or has too many numbers or one too large.
    """
    if len(text) > 2 * NUMBERS and len(NUMBER.findall(text)) > NUMBERS:
        raise InputError(f"{what} has over {NUMBERS:,} numbers: simplify the drawing")
    position, command, given = 0, "", []
    while (position := _GAP.match(text, position).end()) < len(text):  # type: ignore[union-attr]
        count = _COUNTS.get(command.lower(), 0)
        letter = text[position]
        if letter.lower() in _COUNTS and not given and (command or letter in "mM"):
            command, position = letter, position + 1
            if letter in "zZ":
                yield command, []
            continue
        flag = command in ("a", "A") and len(given) in (3, 4)
        found = (_FLAG if flag else NUMBER).match(text, position) if count else None
        if not found:
            break
        given.append(float(found[0]))
        if not abs(given[-1]) <= LARGEST:
            raise InputError(f"{what} has a number beyond {LARGEST:,.0f}: scale the drawing down")
        position = found.end()
        if len(given) == count:
            yield command, given
            given, command = [], {"m": "l", "M": "L"}.get(command, command)
    if position < len(text) or given:
        raise InputError(f"{what} is not path data at {text[position : position + 20]!r}: correct it")


def read_path(text: str, what: str) -> tuple[list[float], list[Subpath]]:
    """The numbers of path data, and its subpaths. The end of a closed subpath on its start is the start.

    Raises:
        InputError: as `commands`.
    """
    reader = _PathReader()
    for command, given in commands(text, what):
        reader.take(command, given)
    reader.end(False)
    return reader.numbers, reader.subpaths


class _PathReader:
    """The state of reading: the point that was reached, as numbers and as a complex value."""

    def __init__(self) -> None:
        self.numbers: list[float] = []
        self.subpaths: list[Subpath] = []
        self._segments: list[Segment] = []
        self._start = self._now = self._handle_value = 0j
        self._start_spot: Spot2 = ((), ())
        self._spot = self._handle = self._start_spot
        self._before = ""

    def _number(self, value: float) -> Sum:
        self.numbers.append(value)
        return ((len(self.numbers) - 1, 1.0),)

    def _point(self, value: complex) -> Spot2:
        return self._number(value.real), self._number(value.imag)

    def end(self, closed: bool) -> None:
        """End the subpath. One that is closed at once is a line to its start, of which a stroke makes a dot."""
        if closed and self._before == "m":
            self._segments = [Segment((self._start_spot,))]
        if self._segments:
            last = self._segments[-1]
            if closed and abs(self._now - self._start) <= 1e-9 * max(abs(self._now), abs(self._start)):
                cubics = (*last.cubics[:-1], (*last.cubics[-1][:2], self._start_spot)) if last.cubics else ()
                self._segments[-1] = Segment((*last.points[:-1], self._start_spot), last.arc, cubics)
            self.subpaths.append(Subpath(self._start_spot, tuple(self._segments), closed))
        self._segments = []

    def take(self, command: str, given: list[float]) -> None:
        """Read one command."""
        kind, base = command.lower(), self._now if command.islower() else 0j
        if kind == "z":
            self.end(True)
            self._now, self._spot = self._start, self._start_spot
        elif kind == "m":
            self.end(False)
            self._start = self._now = base + complex(*given)
            self._start_spot = self._spot = self._point(self._now)
        elif kind == "h":
            self._to(
                [(base.real + given[0]) + 1j * self._now.imag], [(self._number(base.real + given[0]), self._spot[1])]
            )
        elif kind == "v":
            self._to(
                [self._now.real + 1j * (base.imag + given[0])], [(self._spot[0], self._number(base.imag + given[0]))]
            )
        elif kind == "a":
            self._arc(base + complex(*given[5:]), given)
        else:
            values = [base + complex(*given[at : at + 2]) for at in range(0, len(given), 2)]
            spots = [self._point(value) for value in values]
            if kind in "st":
                smooth = self._before in ("cs" if kind == "s" else "qt")
                values.insert(0, 2 * self._now - self._handle_value if smooth else self._now)
                if not smooth:
                    spots.insert(0, self._spot)
                elif self._before == "t":  # a mirror image of a mirror image would be a sum of too many
                    spots.insert(0, self._point(values[0]))
                else:
                    spots.insert(0, _mirrored(self._spot, self._handle))
            self._to(values, spots)
        self._before = kind

    def _to(self, values: list[complex], spots: list[Spot2]) -> None:
        self._segments.append(Segment(tuple(spots)))
        self._now, self._spot = values[-1], spots[-1]
        if len(values) > 1:
            self._handle_value, self._handle = values[-2], spots[-2]

    def _arc(self, end: complex, given: list[float]) -> None:
        """Its curves as z_0 + w (z_1 - z_0), with a constant complex w for every point."""
        rx, ry, turn, large, sweep = abs(given[0]), abs(given[1]), given[2], int(given[3]), int(given[4])
        begin, chord = self._now, end - self._now
        if chord == 0:
            return
        spot = self._point(end)
        if not rx or not ry:
            self._to([end], [spot])
            return
        pen = RecordingPen()
        text = f"M0 0A{rx:.17f} {ry:.17f} {turn:.17f} {large} {sweep} {chord.real:.17f} {chord.imag:.17f}"
        parse_path(text, pen)
        cubics = []
        for name, points in pen.value:
            if name == "curveTo":
                cubics.append(tuple(_tied(self._spot, spot, complex(*point) / chord) for point in points))
        if max(abs(complex(*point) / chord - 0.5) for _, points in pen.value for point in points) > LONG:
            for _, points in pen.value[1:-1]:
                values = [begin + complex(*point) for point in points]
                self._to(values, [self._point(value) for value in values])
            return
        cubics[-1] = (*cubics[-1][:2], spot)
        self._segments.append(Segment((spot,), Arc((rx, ry), turn, (large, sweep), chord), tuple(cubics)))
        self._now, self._spot = begin + chord, spot


def _add(*parts: tuple[Sum, float]) -> Sum:
    """A sum of sums with weights."""
    found: dict[int, float] = {}
    for each, weight in parts:
        for place, own in each:
            found[place] = found.get(place, 0.0) + weight * own
    return tuple(found.items())


def _tied(a: Spot2, b: Spot2, w: complex) -> Spot2:
    """a + w (b - a), as complex numbers."""
    (ax, ay), (bx, by) = a, b
    return (
        _add((ax, 1 - w.real), (bx, w.real), (ay, w.imag), (by, -w.imag)),
        _add((ay, 1 - w.real), (by, w.real), (ax, -w.imag), (bx, w.imag)),
    )


def _mirrored(now: Spot2, handle: Spot2) -> Spot2:
    """2 now - handle."""
    x, y = (_add((at, 2.0), (away, -1.0)) for at, away in zip(now, handle, strict=True))
    return x, y
