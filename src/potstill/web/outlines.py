"""The outlines of a drawing as path data: a page can draw and click them, and nothing of the file itself reaches it."""

from collections.abc import Iterator
from typing import NamedTuple

from potstill.vectors.sketch import Layer, Node, Shape, Sketch, apply, compose


class NamedOutline(NamedTuple):
    """The outline of an element, in the units of the page."""

    name: str
    """As in `Sketch.named`."""
    path: str
    """Path data of numbers and commands alone."""
    even_odd: bool


def outlines(sketch: Sketch) -> list[NamedOutline]:
    """The outlines of the elements that are drawn, the lowest first; a fill and a stroke of one element are one."""
    names: dict[int, str] = {}
    for name, places in sorted(sketch.named.items(), key=lambda each: -len(each[1])):
        names |= dict.fromkeys(places, name)  # of an element and its groups the smallest is the last
    found: dict[tuple[str, str], NamedOutline] = {}
    for shape in _shapes(sketch.nodes):
        places = shape.outline.index[shape.outline.weight != 0].tolist()
        if name := next((names[place] for place in places if place in names), None):
            path = _path(shape, sketch)
            found[name, path] = NamedOutline(name, path, shape.even_odd)
    return [*found.values()]


def _shapes(nodes: tuple[Node, ...]) -> Iterator[Shape]:
    for node in nodes:
        if isinstance(node, Layer):
            yield from _shapes(node.nodes)
        elif isinstance(node, Shape):
            yield node


def _path(shape: Shape, sketch: Sketch) -> str:
    """Cubic curves one after another; a new line begins where the last did not end."""
    points = (sketch.numbers[shape.outline.index] * shape.outline.weight).sum(-1)
    moved = apply(compose(sketch.page, shape.matrix), points)
    parts, end = [], None
    for start, *rest in moved.tolist():
        if start != end:
            parts.append(f"M{start[0]:.6g} {start[1]:.6g}")
        parts.append("C" + " ".join(f"{x:.6g} {y:.6g}" for x, y in rest))
        end = rest[-1]
    return "".join(parts)
