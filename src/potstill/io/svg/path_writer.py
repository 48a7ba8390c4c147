"""Path data, written as briefly as it can be."""

import cmath
import math
import re
from collections.abc import Sequence

from potstill.io.svg.fields import format_number
from potstill.io.svg.path_data import Arc, Spot2, Subpath


def write_path(subpaths: Sequence[Subpath], values: Sequence[float], decimals: int) -> str:
    """Path data, with every number rounded as part of an absolute point, so that roundings do not add up."""
    scale = 10**decimals
    grid = [round(value * scale) for value in values]

    def at(spot: Spot2) -> tuple[int, int]:
        x, y = (round(sum(grid[place] * weight for place, weight in each)) for each in spot)
        return x, y

    writer, before = _Writer(decimals), None
    for path in subpaths:
        if before is None or not before.closed or before.start != path.start:  # else Z leads there
            writer.move(at(path.start))
        before = path
        for number, segment in enumerate(path.segments):
            last = number == len(path.segments) - 1
            if segment.arc is not None:
                writer.arc(segment.arc, at(segment.points[0]))
            elif not (last and path.closed and segment.points == (path.start,)):  # that Z draws
                writer.curve([at(point) for point in segment.points])
        if path.closed:
            writer.close(at(path.start))
    return writer.text


class _Writer:
    """Chooses for every curve the shorter of absolute and relative, and of the short commands."""

    def __init__(self, decimals: int) -> None:
        self.text, self._decimals = "", decimals
        self._now = self._control = (0, 0)
        self._command, self._kind = "", ""

    def move(self, start: tuple[int, int]) -> None:
        self._command = ""
        self._put({"m": [*start]})
        self._command = {"m": "l", "M": "L"}[self._command]
        self._now, self._kind = start, ""

    def close(self, start: tuple[int, int]) -> None:
        self.text += "z"
        self._now, self._command, self._kind = start, "z", ""

    def curve(self, points: list[tuple[int, int]]) -> None:
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

    def arc(self, arc: Arc, end: tuple[int, int]) -> None:
        now, before = complex(end[0] - self._now[0], end[1] - self._now[1]) / 10**self._decimals, arc.chord
        if now == 0:
            return
        growth, turned = abs(now) / abs(before), math.degrees(cmath.phase(now / before))
        moved = abs(now - before) > 10**-self._decimals
        rx, ry = (radius * growth if moved else radius for radius in arc.radii)
        turn = 0.0 if arc.radii[0] == arc.radii[1] else arc.turn + turned if moved else arc.turn
        radii = [self._radius(radius, arc) if moved else format_number(radius, 6) for radius in (rx, ry)]
        self._put({"a": [*end]}, [*radii, format_number(turn, 2), *map(str, arc.flags)])
        self._now, self._kind = end, ""

    def _radius(self, radius: float, arc: Arc) -> str:
        """The shortest text of a radius that moves the middle of the arc by half a unit of the last decimal at most.

        The middle of a half circle moves far with its radius: there it is rounded down, and a radius
        that is too small counts as half of the chord.
        """
        scale, bend = 10**self._decimals, arc.bend
        if arc.radii[0] == arc.radii[1] and bend > 20:
            return format_number(math.floor(radius * scale) / scale, self._decimals)
        for places in range(self._decimals + 1):
            if (short := round(radius, places)) > 0 and abs(short - radius) * bend <= 0.5 / scale:
                return format_number(short, places)
        return format_number(radius, self._decimals + 1)

    def _put(self, choices: dict[str, list[int]], before: Sequence[str] = ()) -> None:
        options = []
        for letter, values in choices.items():
            base = {"h": self._now[:1], "v": self._now[1:]}.get(letter, self._now)
            relative = [value - base[place % len(base)] for place, value in enumerate(values)]
            for command, given in ((letter, relative), (letter.upper(), values)):
                text = "" if command == self._command else command
                numbers = [format_number(value / 10**self._decimals, self._decimals) for value in given]
                for place, number in enumerate([*before, *numbers]):
                    text += _joined(text or self.text[-24:], number, flagged=bool(before) and place in (4, 5))
                options.append((len(text), text, command))
        _, text, self._command = min(options, key=lambda each: each[0])
        self.text += text


def _joined(before: str, number: str, flagged: bool) -> str:
    """A number with the space that it needs; after a flag it needs none."""
    dotted = number[0] == "." and "." in re.split(r"[^\d.]", before)[-1]
    needs = before[-1:].isdigit() and number[0] != "-" and not dotted and not flagged
    return " " + number if needs else number
