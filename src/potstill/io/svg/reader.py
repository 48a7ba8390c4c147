"""The reader of SVG files: the tree of elements becomes a `Sketch`."""

import math
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch

from potstill.errors import InputError, Note
from potstill.io.files import as_path, check_file
from potstill.io.svg.census import count_shapes
from potstill.io.svg.clips import ClipPaths
from potstill.io.svg.document import BYTES, NESTED, NOT_DRAWN, SHAPES, Element, Xml, applies, href, local, parse
from potstill.io.svg.fields import Fields
from potstill.io.svg.fixed import FixedLayers
from potstill.io.svg.geometry import Outlines, number_shapes, rectangle
from potstill.io.svg.pages import page_size, view_box
from potstill.io.svg.paints import Paints
from potstill.io.svg.styles import Style, Styles
from potstill.io.svg.transforms import Transforms
from potstill.io.svg.unsupported import Unsupported, check
from potstill.io.svg.values import length, share, viewport
from potstill.io.svg.writer import SvgFile
from potstill.vectors.sketch import (
    IDENTITY,
    Flat,
    Layer,
    Matrix,
    Node,
    Refs,
    Shape,
    Sketch,
    Still,
    Stroke,
    compose,
    scale_of,
)
from potstill.vectors.strokes import Cap, Join


def read_svg(source: str | Path | bytes) -> SvgFile:
    """Read an SVG file, or its bytes.

    What cannot be optimised (text, pictures, filters, masks, patterns, markers, dashes) is kept, named in a note, and
    drawn by resvg as a layer that does not move.

    Raises:
        InputError: the file cannot be read, is hostile or too large, has an invalid value, or draws nothing.
    """
    data, name = source, "the SVG"
    if not isinstance(data, bytes):
        path = as_path(source)  # type: ignore[arg-type]
        check_file(path, "an SVG file", most=BYTES)
        data, name = path.read_bytes(), repr(str(path))
    try:
        return _Reader(parse(data, name)).read()
    except RecursionError:
        raise InputError(f"{name} is nested too deeply: flatten it") from None


class _Reader:
    """The walk through one file."""

    def __init__(self, xml: Xml) -> None:
        self.xml = xml
        self.ids: dict[str, Element] = {}
        for element in xml.root.iter():
            if name := element.get("id"):
                self.ids.setdefault(name, element)
        self.numbered = number_shapes(xml, self.ids)
        count_shapes(xml, self.ids)
        self.styles = Styles(xml)
        box = view_box(xml.root, xml.name)
        self.width, self.height = page_size(xml.root, box, xml.name, self.styles.within(xml.root).em)
        self.view = (0.0, 0.0, self.width, self.height) if box is None else box
        self.fields = Fields(xml, (self.view[2], self.view[3]))
        self.fields.rem = self.styles.within(xml.root).em
        self.outlines = Outlines(self.fields)
        self.transforms = Transforms(self.fields)
        self.paints = Paints(self.fields, self.styles, self.ids, self.transforms)
        self.clips = ClipPaths(self.fields, self.styles, self.ids, self.outlines, self.transforms)
        self.fixed = FixedLayers(xml, self.styles, self.transforms, self.width, self.height)
        self.kept: set[str] = set()
        self.named: dict[str, set[int]] = {}
        self._open: list[str] = []
        self._uses: list[Element] = []

    def read(self) -> SvgFile:
        """The whole file."""
        root = self.xml.root
        nodes = self._root(root)
        if not any(_draws(node) for node in nodes):
            raise InputError(f"{self.xml.name} draws nothing that can be optimised: give one with paths or shapes")
        if self.kept:
            what = ", ".join(sorted(self.kept))
            warnings.warn(
                f"{self.xml.name} has {what}: kept as they are, and drawn as layers that do not move",
                Note,
                stacklevel=3,
            )
        ratio = root.get("preserveAspectRatio", "xMidYMid")
        values = torch.tensor(self.fields.numbers, dtype=torch.float64)
        named = {name: frozenset(places) for name, places in self.named.items()}
        page = viewport(self.view, self.width, self.height, ratio)
        kinds = tuple(self.fields.kinds)
        written = {place for each in self.fields.written for place in each.numbers}
        constant = frozenset(range(len(values))) - written
        sketch = Sketch(values, kinds, nodes, self.width, self.height, page, constant, named)
        return SvgFile(self.xml, sketch, tuple(self.fields.written))

    def _root(self, root: Element) -> tuple[Node, ...]:
        """The file as a group; its transform, which viewers read in several ways, is left out."""
        style = self.styles.of(root, Style())
        if style.get("display") == "none":
            return ()
        if root.get("transform") or style.get("transform"):
            text = f"{self.xml.name} has a transform on the root, where viewers differ: it is ignored; put it on a <g>"
            warnings.warn(text, Note, stacklevel=4)
        try:
            check("svg", style)
            return self._grouped(tuple(self._children(root, style, IDENTITY, (root,))), root, style, IDENTITY)
        except Unsupported as reason:
            raise InputError(f"{self.xml.name}: {reason} of the root would keep all as it is: remove it") from None

    def _children(self, parent: Element, style: Style, matrix: Matrix, chain: tuple[Element, ...]) -> Iterator[Node]:
        children = parent
        if local(parent) == "switch":
            children = [child for child in parent if local(child) and applies(child)][:1]
        for child in children:
            yield from self._element(child, style, matrix, chain)

    def _element(self, element: Element, parent: Style, matrix: Matrix, chain: tuple[Element, ...]) -> Iterator[Node]:
        kind = local(element)
        if kind in NOT_DRAWN or not applies(element):
            return
        style = self.styles.of(element, parent)
        if style.get("display") == "none":
            return
        self.fields.em = style.em
        name = element.get("id") or self.numbered.get(element)
        if name:
            self._open.append(name)
            self.named.setdefault(name, set())
        try:
            check(kind, style)
            yield from self._drawn(element, kind, style, matrix, chain)
        except Unsupported as reason:
            if self._uses:
                raise InputError(f"{self.xml.name}: {reason} within <use> is not supported: expand it") from None
            self.kept.add(str(reason))
            yield Still(self.fixed.of((*chain, element)))
        finally:
            if name:
                self._open.pop()

    def _drawn(
        self, element: Element, kind: str, style: Style, matrix: Matrix, chain: tuple[Element, ...]
    ) -> Iterator[Node]:
        matrix = compose(matrix, self.transforms.of(element, style))
        before = len(self.fields.numbers)
        if kind in ("g", "a", "switch"):
            nodes = tuple(self._children(element, style, matrix, (*chain, element)))
        elif kind == "svg":
            nodes = self._nested(element, element, style, matrix, chain)
        elif kind == "use":
            nodes = self._use(element, style, matrix, chain)
        elif kind in SHAPES:
            nodes = tuple(self._shape(element, style, matrix))
        else:
            return
        if not nodes:
            return
        yield from self._grouped(nodes, element, style, matrix, before)

    def _grouped(
        self, nodes: tuple[Node, ...], element: Element, style: Style, matrix: Matrix, before: int = 0
    ) -> tuple[Node, ...]:
        """The nodes with the opacity and the clip path of their element, whose numbers begin at `before`."""
        seen = self._opacity(element, style, "opacity", declared_only=True)
        self._own(range(before, len(self.fields.numbers)))
        clip = self.clips.of(style, matrix)
        if clip is None and not seen:
            return nodes
        if clip is None and len(nodes) == 1 and isinstance(node := nodes[0], Shape):
            opacities = (*node.opacities, *seen)
            return (Shape(node.outline, node.paint, opacities, node.matrix, node.even_odd, node.stroke),)
        return (Layer(nodes, seen, clip),)

    def _own(self, places) -> None:
        """Count numbers to all elements with a name that are being read."""
        for name in self._open:
            self.named[name].update(places)

    def _use(self, element: Element, style: Style, matrix: Matrix, chain: tuple[Element, ...]) -> tuple[Node, ...]:
        target = self.ids.get(href(element).removeprefix("#"))
        if target is None:
            return ()
        if target in self._uses or target in chain or len(self._uses) >= NESTED:
            raise InputError(f"{self.xml.name}: <use> of {href(element)[:40]!r} refers to itself: remove it")
        what = f"{self.xml.name}: {{}} of <use>"
        x, y = (
            self.fields.length(element.get(n, "0"), what.format(n), w)
            for n, w in zip("xy", self.fields.page, strict=True)
        )
        matrix = compose(matrix, (1.0, 0.0, 0.0, 1.0, x, y))
        self._uses.append(target)
        try:
            if local(target) in ("symbol", "svg"):
                return self._nested(target, element, self.styles.of(target, style), matrix, (*chain, element))
            return tuple(self._element(target, style, matrix, (*chain, element)))
        finally:
            self._uses.pop()

    def _nested(
        self, element: Element, sized: Element, style: Style, matrix: Matrix, chain: tuple[Element, ...]
    ) -> tuple[Node, ...]:
        """An `svg` or `symbol` within the file: a viewport of its own."""
        box = view_box(element, self.xml.name)
        what = f"{self.xml.name}: {{}} of <{local(sized)}>"
        wholes: dict[str, float] = dict(zip(("x", "y", "width", "height"), self.fields.page * 2, strict=True))

        def get(name: str, default: str) -> float:
            text = sized.get(name, element.get(name, default)).strip()
            return self.fields.length(default if text in ("auto", "") else text, what.format(name), wholes[name])

        width, height = get("width", "100%"), get("height", "100%")
        if width <= 0 or height <= 0:
            return ()
        at = (get("x", "0"), get("y", "0")) if local(sized) == "svg" else (0.0, 0.0)
        matrix = compose(matrix, (1.0, 0.0, 0.0, 1.0, *at))
        inner = viewport(box, width, height, element.get("preserveAspectRatio", "xMidYMid")) if box else IDENTITY
        own = self.transforms.of(element, style) if element is not sized else IDENTITY
        page, self.fields.page = self.fields.page, box[2:] if box else (width, height)
        nodes = tuple(self._children(element, style, compose(compose(matrix, own), inner), (*chain, element)))
        self.fields.page = page
        if not nodes or style.get("overflow") in ("visible", "auto"):
            return nodes
        corners = self.fields.add([0.0, 0.0, width, height], "points")
        frame = Shape(rectangle(corners), Flat(self.fields.black()), matrix=compose(matrix, own))
        return (Layer(nodes, clip=(frame,)),)

    def _shape(self, element: Element, style: Style, matrix: Matrix) -> Iterator[Shape]:
        if style.get("visibility", "visible") != "visible":
            return
        scale = scale_of(matrix)
        outline = self.outlines.of(element, scale)
        if outline is None:
            return
        parts = []
        if found := self.paints.of(element, style, "fill", scale):
            paint, seen = found
            seen = (*seen, *self._opacity(element, style, "fill-opacity"))
            parts.append(Shape(outline, paint, seen, matrix, style.get("fill-rule") == "evenodd"))
        if found := self.paints.of(element, style, "stroke", scale):
            paint, seen = found
            stroke = self._stroke(element, style, scale)
            if self.fields.numbers[stroke.width] > 0:
                seen = (*seen, *self._opacity(element, style, "stroke-opacity"))
                parts.append(Shape(outline, paint, seen, matrix, stroke=stroke))
        if style.get("paint-order").split()[:1] == ["stroke"]:
            parts.reverse()
        for part in parts:
            self._own(part.places())
        yield from parts

    def _stroke(self, element: Element, style: Style, scale: float) -> Stroke:
        value, decimals = style["stroke-width"], self.fields.decimals(scale)
        whole = math.hypot(*self.fields.page) / math.sqrt(2)
        width = self.fields.length(value.text, f"{self.xml.name}: stroke-width", whole) if value else 1.0
        if value is None:
            place = self.fields.attribute(element, "stroke-width", [width], "widths", decimals=decimals)
        else:
            place = self.fields.at(value.spot, [width], "widths", decimals=decimals)
        caps, joins = Cap.__members__, Join.__members__
        cap = caps.get(style.get("stroke-linecap").upper(), Cap.BUTT)
        join = joins.get(style.get("stroke-linejoin").upper(), Join.MITER)
        limit = length(style.get("stroke-miterlimit", "4"), f"{self.xml.name}: stroke-miterlimit", 1.0)
        return Stroke(place[0], cap, join, max(limit, 1.0))

    def _opacity(self, element: Element, style: Style, name: str, declared_only: bool = False) -> Refs:
        """An opacity. If it is not declared, it can be added, except where the element may be a group."""
        value = style[name]
        if value is None:
            return () if declared_only else self.fields.attribute(element, name, [1.0], "opacities")
        return self.fields.at(value.spot, [share(value.text, f"{self.xml.name}: {name}")], "opacities")


def _draws(node: Node) -> bool:
    return isinstance(node, Shape) or (isinstance(node, Layer) and any(map(_draws, node.nodes)))
