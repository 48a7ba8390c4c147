"""The outlines of elements: paths and the basic shapes, as sums of the numbers in their attributes."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise

import torch

from potstill.io.svg.document import SHAPES, Element, Xml, local
from potstill.io.svg.fields import Fields, format_number
from potstill.io.svg.path_data import Spot2, Subpath, Sum, read_path
from potstill.io.svg.path_writer import write_path
from potstill.io.svg.values import numbers
from potstill.vectors.sketch import Outline, Refs

ROUND = 4 / 3 * (math.sqrt(2) - 1)
"""The handle of a quarter of a circle of radius 1."""

TERMS = 4
"""The most numbers that a coordinate is a sum of."""


class Outlines:
    """The outline of each element, read once."""

    def __init__(self, fields: Fields) -> None:
        """Their numbers come from `fields`."""
        self._fields = fields
        self._known: dict[Element, Outline | None] = {}

    def of(self, element: Element, scale: float) -> Outline | None:
        """The outline; None of an element that draws nothing.

        Raises:
            InputError: an attribute is not what it must be.
        """
        if element not in self._known:
            curves, straight, ends = [], [], []
            for start, parts, closed in self._parts(element, self._fields.decimals(scale)):
                _chain(start, parts, closed, curves, straight, ends)
            self._known[element] = _outline(curves, straight, ends)
        return self._known[element]

    def _parts(self, element: Element, decimals: int) -> list[tuple[Spot2, list[list[Spot2]], bool]]:
        """Every subpath: its start, its curves of 1, 2 or 3 points after the one before, and whether it is closed."""
        kind, name = local(element), f"{self._fields.xml.name}: {{}} of <{local(element)}>"
        if kind == "path":
            values, subpaths = read_path(element.get("d", ""), name.format("d"))
            write = partial(write_path, subpaths)
            refs = self._fields.attribute(element, "d", values, "points", write, decimals)
            return [_subpath(each, refs[0]) for each in subpaths]
        if kind in ("polyline", "polygon"):
            values = numbers(element.get("points", ""), name.format("points"))
            values = values[: len(values) // 2 * 2]
            refs = self._fields.attribute(element, "points", values, "points", _write_list, decimals)
            points = [(((x, 1.0),), ((y, 1.0),)) for x, y in zip(refs[::2], refs[1::2], strict=True)]
            return [(points[0], [[point] for point in points[1:]], kind == "polygon")] if points else []
        width, height = self._fields.page
        wholes = {"x": width, "y": height, "c": math.hypot(width, height) / math.sqrt(2)}

        def get(attribute: str, along: str, default: float | None = 0.0) -> tuple[int, float] | None:
            text = element.get(attribute, "auto").strip()
            if text == "auto" and default is None:
                return None
            value = (
                default or 0.0 if text == "auto" else self._fields.length(text, name.format(attribute), wholes[along])
            )
            return self._fields.attribute(element, attribute, [value], "points", decimals=decimals)[0], value

        if kind == "line":
            x1, y1, x2, y2 = (get(each, each[0])[0] for each in ("x1", "y1", "x2", "y2"))  # type: ignore[index]
            return [((_sum(x1), _sum(y1)), [[(_sum(x2), _sum(y2))]], False)]
        if kind == "rect":
            return self._rect(get)
        cx, cy = get("cx", "x"), get("cy", "y")
        rx, ry = (get("r", "c"),) * 2 if kind == "circle" else (get("rx", "x", None), get("ry", "y", None))
        rx, ry = rx or ry, ry or rx
        if rx is None or ry is None or rx[1] <= 0 or ry[1] <= 0:  # type: ignore[index]
            return []

        def at(x: float, y: float) -> Spot2:
            return _sum((cx[0], 1.0), (rx[0], x)), _sum((cy[0], 1.0), (ry[0], y))  # type: ignore[index]

        turns = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)]
        curves = []
        for (a, b), (c, d) in pairwise(turns):
            curves.append([at(a + ROUND * c, b + ROUND * d), at(c + ROUND * a, d + ROUND * b), at(c, d)])
        return [(at(1.0, 0.0), curves, True)]

    @staticmethod
    def _rect(get) -> list[tuple[Spot2, list[list[Spot2]], bool]]:
        x, y, w, h = get("x", "x"), get("y", "y"), get("width", "x"), get("height", "y")
        rx, ry = get("rx", "x", None), get("ry", "y", None)
        rx, ry = rx or ry, ry or rx
        if w[1] <= 0 or h[1] <= 0:
            return []
        rounded = rx is not None and ry is not None and min(rx[1], ry[1]) > 0
        across, down = _radius(rx, w), _radius(ry, h)

        def at(right: float, low: float, a: float, b: float) -> Spot2:
            """At a corner, moved by shares of the radii."""
            return (
                _sum((x[0], 1.0), (w[0], right), (across[0], a * across[1])),
                _sum((y[0], 1.0), (h[0], low), (down[0], b * down[1])),
            )

        if not rounded:
            points = [at(x, y, 0.0, 0.0) for x, y in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))]
            return [(points[0], [[point] for point in points[1:]], True)]
        k, curves = 1 - ROUND, []
        for right, low in ((1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)):
            a, b = 1 - 2 * right, 1 - 2 * low
            begin, leave = at(right, low, a, 0.0), at(right, low, k * a, 0.0)
            arrive, end = at(right, low, 0.0, k * b), at(right, low, 0.0, b)
            if right == low:  # the corners that are entered along an upright side
                begin, leave, arrive, end = end, arrive, leave, begin
            curves += [[begin], [leave, arrive, end]]
        return [(at(0.0, 0.0, 1.0, 0.0), curves, True)]


def _radius(radius: tuple[int, float] | None, side: tuple[int, float]) -> tuple[int, float]:
    """The number of a radius and its weight; more than half the side counts as half of it."""
    return (side[0], 0.5) if radius is None or radius[1] > side[1] / 2 else (radius[0], 1.0)


def _sum(*parts: tuple[int, float] | int) -> Sum:
    """A sum, with one weight for each number."""
    found: dict[int, float] = {}
    for part in parts:
        place, weight = part if isinstance(part, tuple) else (part, 1.0)
        found[place] = found.get(place, 0.0) + weight
    return tuple(found.items())


def _subpath(path: Subpath, first: int) -> tuple[Spot2, list[list[Spot2]], bool]:
    """Its curves, with the places of its numbers counted from `first`."""

    def at(spot: Spot2) -> Spot2:
        x, y = (tuple((place + first, weight) for place, weight in each) for each in spot)
        return x, y

    parts = [curve for segment in path.segments for curve in (segment.cubics or [segment.points])]
    return at(path.start), [[at(point) for point in curve] for curve in parts], path.closed


def _write_list(values: Sequence[float], decimals: int) -> str:
    return " ".join(format_number(value, decimals) for value in values)


def _mix(a: Spot2, b: Spot2, share: float) -> Spot2:
    """(1 - share) a + share b."""
    parts = [
        _sum(
            *[(place, (1 - share) * weight) for place, weight in one],
            *[(place, share * weight) for place, weight in two],
        )
        for one, two in zip(a, b, strict=True)
    ]
    return parts[0], parts[1]


def _chain(start: Spot2, parts: list[list[Spot2]], closed: bool, curves: list, straight: list, ends: list) -> None:
    """Append the curves of a subpath as cubics, and the line that closes it."""
    first, now = len(curves), start
    closing = [[start]] if parts and parts[-1][-1] != start else []
    for part in [*parts, *closing]:
        if len(part) == 1:
            handles = _mix(now, part[0], 1 / 3), _mix(now, part[0], 2 / 3)
        elif len(part) == 2:
            handles = _mix(now, part[0], 2 / 3), _mix(part[1], part[0], 2 / 3)
        else:
            handles = part[0], part[1]
        curves.append((now, *handles, part[-1]))
        straight.append(len(part) == 1)
        now = part[-1]
    drawn = first + len(parts) + (len(closing) if closed else 0)
    for number in range(first, len(curves)):
        following = number + 1 if number + 1 < drawn else first if closed else -1
        ends.append((following, number >= drawn, number == first and not closed))


def _outline(curves: list, straight: list, ends: list) -> Outline | None:
    if not curves:
        return None
    shape, places, weights = (len(curves), 4, 2, TERMS), [], []
    for curve in curves:
        for point in curve:
            for coordinate in point:
                padded = [*coordinate, *[(coordinate[0][0], 0.0)] * (TERMS - len(coordinate))]
                places += [place for place, _ in padded]
                weights += [each for _, each in padded]
    index, weight = torch.tensor(places).view(shape), torch.tensor(weights, dtype=torch.float64).view(shape)
    following, implied, starts = zip(*ends, strict=True)
    return Outline(
        index, weight, torch.tensor(straight), torch.tensor(implied), torch.tensor(following), torch.tensor(starts)
    )


def rectangle(corners: Refs) -> Outline:
    """The outline of a rectangle from left, top, right and bottom."""
    left, top, right, bottom = corners
    index = torch.zeros(4, 4, 2, TERMS, dtype=torch.int64)
    points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for number in range(4):
        index[number, :2, :, 0] = torch.tensor(points[number])
        index[number, 2:, :, 0] = torch.tensor(points[number + 1])
    weight = torch.zeros(4, 4, 2, TERMS, dtype=torch.float64)
    weight[..., 0] = 1
    no = torch.zeros(4, dtype=torch.bool)
    return Outline(index, weight, ~no, no, torch.tensor([1, 2, 3, 0]), no)


def number_shapes(xml: Xml, ids: Mapping[str, Element]) -> dict[Element, str]:
    """Names for the shapes without an id: `path:3` is the third <path> of the file."""
    counts: Counter[str] = Counter()
    names = {}
    for element in xml.root.iter():
        if (kind := local(element)) in SHAPES:
            counts[kind] += 1
            if not element.get("id") and (name := f"{kind}:{counts[kind]}") not in ids:
                names[element] = name
    return names
