"""Clip paths: shapes in black, whose alpha is the clip. They do not move."""

from collections.abc import Iterator

from potstill.errors import InputError
from potstill.io.svg.document import NESTED, NOT_DRAWN, SHAPES, Element, applies, href, local
from potstill.io.svg.fields import Fields
from potstill.io.svg.geometry import Outlines
from potstill.io.svg.styles import Style, Styles
from potstill.io.svg.transforms import Transforms
from potstill.io.svg.unsupported import Unsupported
from potstill.vectors.sketch import Flat, Layer, Matrix, Node, Shape, compose, scale_of


class ClipPaths:
    """The clip paths of a file."""

    def __init__(
        self, fields: Fields, styles: Styles, ids: dict[str, Element], outlines: Outlines, transforms: Transforms
    ) -> None:
        """For a file and the elements that it names."""
        self._transforms = transforms
        self._fields, self._styles, self._ids, self._outlines = fields, styles, ids, outlines
        self._name = fields.xml.name
        self._open: list[Element] = []

    def of(self, style: Style, matrix: Matrix) -> tuple[Node, ...] | None:
        """What a clip path lets through; None without one."""
        text = style.get("clip-path", "none")
        if text == "none":
            return None
        if not text.startswith("url("):
            raise Unsupported("a clip-path that is no url(#id)")
        target = self._ids.get(text[4:].rstrip(")").strip(" '\"").removeprefix("#"))
        if target is None or local(target) != "clipPath":
            return None
        if target.get("clipPathUnits") == "objectBoundingBox":
            raise Unsupported("a clip path in units of the bounding box")
        if target in self._open or len(self._open) >= NESTED:
            raise InputError(f"{self._name}: the clip path {text[:40]!r} refers to itself: remove it")
        self._open.append(target)
        try:
            there = self._styles.within(target)
            own = compose(matrix, self._transforms.of(target, there))
            clip = tuple(node for child in target for node in self._clipping(child, there, own))
            nested = self.of(there, matrix)
        finally:
            self._open.pop()
        return clip if nested is None else (Layer(clip, clip=nested),)

    def _clipping(self, element: Element, parent: Style, matrix: Matrix) -> Iterator[Node]:
        """The shapes of a clip path, in black."""
        kind, style = local(element), self._styles.of(element, parent)
        self._fields.em = style.em
        hidden = style.get("display") == "none" or style.get("visibility", "visible") != "visible"
        if kind in NOT_DRAWN or hidden or not applies(element):
            return
        own = compose(matrix, self._transforms.of(element, style))
        nodes: tuple[Node, ...]
        if kind == "use" and (target := self._ids.get(href(element).removeprefix("#"))) is not None:
            if local(target) == "use":
                raise Unsupported("<use> of <use> in a clip path")
            x, y = (self._fields.length(element.get(each, "0"), f"{self._name}: {each} of <use>", 1.0) for each in "xy")
            nodes = tuple(self._clipping(target, style, compose(own, (1.0, 0.0, 0.0, 1.0, x, y))))
        elif kind in SHAPES:
            outline = self._outlines.of(element, scale_of(own))
            even_odd = style.get("clip-rule") == "evenodd"
            nodes = (Shape(outline, Flat(self._fields.black()), (), own, even_odd),) if outline else ()
        else:
            raise Unsupported(f"<{kind}> in a clip path")
        nested = self.of(style, own)
        yield from nodes if nested is None else (Layer(nodes, clip=nested),)
