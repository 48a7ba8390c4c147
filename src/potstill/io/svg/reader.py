"""The reader of SVG files: the tree of elements becomes a `Sketch`."""

import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import torch

from potstill.errors import InputError, Note
from potstill.io.files import as_path, check_file
from potstill.io.svg.document import BYTES, Xml, href, local, parse
from potstill.io.svg.fields import Fields
from potstill.io.svg.fixed import FixedLayers
from potstill.io.svg.geometry import SHAPES, Outlines
from potstill.io.svg.paints import Paints, Unsupported, scale_of
from potstill.io.svg.styles import Style, Styles
from potstill.io.svg.values import length, numbers, share, transform, viewport
from potstill.io.svg.writer import SvgFile
from potstill.vectors.sketch import (
    IDENTITY,
    Fixed,
    Flat,
    Layer,
    Matrix,
    Node,
    Outline,
    Refs,
    Shape,
    Sketch,
    Stroke,
    compose,
)
from potstill.vectors.strokes import Cap, Join

SHAPES_AT_MOST = 20_000
_USES = 12  # within one another
_SKIPPED = {
    *("defs", "symbol", "clipPath", "mask", "marker", "pattern", "linearGradient", "radialGradient", "filter", "style"),
    *("title", "desc", "metadata", "view", "cursor", "animate", "animateTransform", "animateMotion", "set", ""),
}
_DRAWN_ELSEWHERE = ("text", "image", "foreignObject")


def read_svg(source: str | Path | bytes) -> SvgFile:
    """Read an SVG file, or its bytes.

    What cannot be optimised (text, pictures, filters, masks, patterns, markers, dashes) is kept, named in a note, and
    drawn by resvg as a layer that does not move.

    Raises:
        InputError: the file cannot be read, is hostile or too large, has a value that is none, or draws nothing.
    """
    if isinstance(source, bytes):
        return _Reader(parse(source, "the SVG")).read()
    path = as_path(source)
    check_file(path, "an SVG file", most=BYTES)
    return _Reader(parse(path.read_bytes(), repr(str(path)))).read()


class _Reader:
    """The walk through one file."""

    def __init__(self, xml: Xml) -> None:
        self.xml = xml
        self.ids: dict[str, Element] = {}
        for element in xml.root.iter():
            if name := element.get("id"):
                self.ids.setdefault(name, element)
        self.styles = Styles(xml)
        box = self._box(xml.root)
        self.width, self.height = self._size(xml.root, box)
        self.view = (0.0, 0.0, self.width, self.height) if box is None else box
        page = self.view[2], self.view[3]
        self.fields = Fields(xml, max(page))
        self.outlines = Outlines(self.fields, page)
        self.paints = Paints(self.fields, self.styles, self.ids, page)
        self.fixed = FixedLayers(xml, self.width, self.height)
        self.kept: set[str] = set()
        self.named: dict[str, set[int]] = {}
        self._open: list[str] = []
        self._uses: list[Element] = []
        self._shapes = 0

    def read(self) -> SvgFile:
        """The whole file."""
        root = self.xml.root
        nodes = tuple(self._children(root, self.styles.of(root, Style()), IDENTITY, (root,)))
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
        sketch = Sketch(values, kinds, nodes, self.width, self.height, page, named)
        return SvgFile(self.xml, sketch, tuple(self.fields.written))

    def _box(self, element: Element) -> tuple[float, float, float, float] | None:
        text = element.get("viewBox")
        if text is None:
            return None
        found = numbers(text, f"{self.xml.name}: viewBox")
        if len(found) != 4 or not all(side >= 1e-6 for side in found[2:]):
            raise InputError(f"{self.xml.name}: viewBox = {text[:60]!r} must be x, y and a width and height above 0")
        return tuple(found)  # type: ignore[return-value]

    def _size(self, root: Element, box: tuple[float, float, float, float] | None) -> tuple[float, float]:
        sizes = []
        for name, whole in (("width", box[2] if box else 300.0), ("height", box[3] if box else 150.0)):
            text = root.get(name, "auto").strip()
            sizes.append(whole if text in ("auto", "") else length(text, f"{self.xml.name}: {name}", whole))
        if box and ("width" in root.attrib) != ("height" in root.attrib):  # the other follows from the viewBox
            if "width" in root.attrib:
                sizes[1] = sizes[0] * box[3] / box[2]
            else:
                sizes[0] = sizes[1] * box[2] / box[3]
        if not all(side > 0 for side in sizes) or not 1e-3 <= sizes[0] / sizes[1] <= 1e3:
            raise InputError(f"{self.xml.name} is {sizes[0]:g} x {sizes[1]:g}: give it a width and a height above 0")
        return sizes[0], sizes[1]

    def _children(self, parent: Element, style: Style, matrix: Matrix, chain: tuple[Element, ...]) -> Iterator[Node]:
        for child in self._chosen(parent):
            yield from self._element(child, style, matrix, chain)

    def _chosen(self, parent: Element) -> list[Element]:
        """The children that are drawn; of a switch the first whose language is English or none."""
        children = list(parent)
        if local(parent) == "switch":
            fits = (
                c for c in children if not c.get("requiredExtensions") and c.get("systemLanguage", "en")[:2] == "en"
            )
            first = next((child for child in fits if local(child)), None)
            return [] if first is None else [first]
        return children

    def _element(self, element: Element, parent: Style, matrix: Matrix, chain: tuple[Element, ...]) -> Iterator[Node]:
        kind = local(element)
        if kind in _SKIPPED:
            return
        style = self.styles.of(element, parent)
        if style.get("display") == "none":
            return
        name = element.get("id")
        if name:
            self._open.append(name)
            self.named.setdefault(name, set())
        try:
            self._check(element, kind, style)
            yield from self._drawn(element, kind, style, matrix, chain)
        except Unsupported as reason:
            if self._uses:
                raise InputError(f"{self.xml.name}: {reason} within <use> is not supported: expand it") from None
            self.kept.add(str(reason))
            yield Fixed(self.fixed.of((*chain, element)))
        finally:
            if name:
                self._open.pop()

    def _check(self, element: Element, kind: str, style: Style) -> None:
        """Raise for what is drawn elsewhere."""
        if kind in _DRAWN_ELSEWHERE:
            raise Unsupported(f"<{kind}>")
        for name in ("filter", "mask"):
            if style.get(name, "none") != "none":
                raise Unsupported(f"a {name}")
        if style.get("mix-blend-mode", "normal") != "normal":
            raise Unsupported("mix-blend-mode")
        if kind in SHAPES and style.get("stroke", "none") != "none":
            dashes = style.get("stroke-dasharray", "none")
            if dashes != "none" and any(part.strip("0.") for part in dashes.replace(",", " ").split()):
                raise Unsupported("dashes")
            if style.get("vector-effect", "none") != "none":
                raise Unsupported("vector-effect")
        if kind in SHAPES and any(style.get(f"marker-{end}", "none") != "none" for end in ("start", "mid", "end")):
            raise Unsupported("markers")

    def _drawn(
        self, element: Element, kind: str, style: Style, matrix: Matrix, chain: tuple[Element, ...]
    ) -> Iterator[Node]:
        own = transform(element.get("transform", ""), f"{self.xml.name}: transform of <{kind}>")
        matrix = compose(matrix, own)
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
        clip = self._clip(style, matrix)
        seen = self._opacity(element, style, "opacity", declared_only=True)
        self._own(range(before, len(self.fields.numbers)))
        if clip is None and not seen:
            yield from nodes
        elif clip is None and len(nodes) == 1 and isinstance(node := nodes[0], Shape):
            yield Shape(node.outline, node.paint, (*node.opacities, *seen), node.matrix, node.even_odd, node.stroke)
        else:
            yield Layer(nodes, seen, clip)

    def _own(self, places) -> None:
        """Count numbers to all elements with an id that are being read."""
        for name in self._open:
            self.named[name].update(places)

    def _use(self, element: Element, style: Style, matrix: Matrix, chain: tuple[Element, ...]) -> tuple[Node, ...]:
        target = self.ids.get(href(element).removeprefix("#"))
        if target is None:
            return ()
        if target in self._uses or target in chain or len(self._uses) >= _USES:
            raise InputError(f"{self.xml.name}: <use> of {href(element)[:40]!r} refers to itself: remove it")
        what = f"{self.xml.name}: {{}} of <use>"
        x, y = (length(element.get(n, "0"), what.format(n), w) for n, w in (("x", self.view[2]), ("y", self.view[3])))
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
        box = self._box(element)
        what = f"{self.xml.name}: {{}} of <{local(sized)}>"
        wholes = {"x": self.view[2], "y": self.view[3], "width": self.view[2], "height": self.view[3]}

        def get(name: str, default: str) -> float:
            text = sized.get(name, element.get(name, default)).strip()
            return length(default if text in ("auto", "") else text, what.format(name), wholes[name])

        width, height = get("width", "100%"), get("height", "100%")
        if width <= 0 or height <= 0:
            return ()
        at = (get("x", "0"), get("y", "0")) if local(sized) == "svg" else (0.0, 0.0)
        matrix = compose(matrix, (1.0, 0.0, 0.0, 1.0, *at))
        inner = viewport(box, width, height, element.get("preserveAspectRatio", "xMidYMid")) if box else IDENTITY
        own = transform(element.get("transform", ""), what.format("transform")) if element is not sized else IDENTITY
        nodes = tuple(self._children(element, style, compose(compose(matrix, own), inner), (*chain, element)))
        if not nodes or style.get("overflow") in ("visible", "auto"):
            return nodes
        corners = self.fields.add([0.0, 0.0, width, height], "points")
        frame = Shape(_rectangle(corners), Flat(self._black()), matrix=compose(matrix, own))
        return (Layer(nodes, clip=(frame,)),)

    def _black(self) -> int:
        return self.fields.add([0.0, 0.0, 0.0], "colours")[0]

    def _shape(self, element: Element, style: Style, matrix: Matrix) -> Iterator[Shape]:
        if style.get("visibility", "visible") != "visible":
            return
        scale = scale_of(matrix)
        outline = self.outlines.of(element, scale)
        self._shapes += 1
        if self._shapes > SHAPES_AT_MOST:
            raise InputError(f"{self.xml.name} draws over {SHAPES_AT_MOST:,} shapes: simplify it")
        if outline is None:
            return
        self._own(outline.index.flatten().tolist() if self._open else ())
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
            self._own(_places(part))
        yield from parts

    def _stroke(self, element: Element, style: Style, scale: float) -> Stroke:
        value, decimals = style["stroke-width"], self.fields.decimals(scale)
        whole = math.hypot(self.view[2], self.view[3]) / math.sqrt(2)
        width = length(value.text, f"{self.xml.name}: stroke-width", whole) if value else 1.0
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
        """An opacity; one that is not declared could be added, except that of what may be a group."""
        value = style[name]
        if value is None:
            return () if declared_only else self.fields.attribute(element, name, [1.0], "opacities")
        return self.fields.at(value.spot, [share(value.text, f"{self.xml.name}: {name}")], "opacities")

    def _clip(self, style: Style, matrix: Matrix) -> tuple[Node, ...] | None:
        """What a clip path lets through; None without one."""
        text = style.get("clip-path", "none")
        if text == "none":
            return None
        target = self.ids.get(text.removeprefix("url(").rstrip(")").strip(" '\"").removeprefix("#"))
        if not text.startswith("url("):
            raise Unsupported("a clip-path that is no url(#id)")
        if target is None or local(target) != "clipPath":
            return None
        if target.get("clipPathUnits") == "objectBoundingBox":
            raise Unsupported("a clip path in units of the bounding box")
        if target in self._uses or len(self._uses) >= _USES:
            raise InputError(f"{self.xml.name}: the clip path {text[:40]!r} refers to itself: remove it")
        self._uses.append(target)
        opened, self._open = self._open, []
        try:
            own = compose(matrix, transform(target.get("transform", ""), f"{self.xml.name}: transform of <clipPath>"))
            clip = tuple(node for child in target for node in self._clipping(child, Style(), own))
            nested = self._clip(self.styles.of(target, Style()), matrix)
        finally:
            self._uses.pop()
            self._open = opened
        return clip if nested is None else (Layer(clip, clip=nested),)

    def _clipping(self, element: Element, parent: Style, matrix: Matrix) -> Iterator[Node]:
        """The shapes of a clip path, in black."""
        kind, style = local(element), self.styles.of(element, parent)
        if kind in _SKIPPED or style.get("display") == "none" or style.get("visibility", "visible") != "visible":
            return
        own = compose(matrix, transform(element.get("transform", ""), f"{self.xml.name}: transform of <{kind}>"))
        nodes: tuple[Node, ...]
        if kind == "use" and (target := self.ids.get(href(element).removeprefix("#"))) is not None:
            if local(target) == "use":
                raise Unsupported("<use> of <use> in a clip path")
            x, y = (length(element.get(name, "0"), f"{self.xml.name}: {name} of <use>", 1.0) for name in ("x", "y"))
            nodes = tuple(self._clipping(target, style, compose(own, (1.0, 0.0, 0.0, 1.0, x, y))))
        elif kind in SHAPES:
            outline = self.outlines.of(element, scale_of(own))
            even_odd = style.get("clip-rule") == "evenodd"
            nodes = (Shape(outline, Flat(self._black()), (), own, even_odd),) if outline else ()
        else:
            raise Unsupported(f"<{kind}> in a clip path")
        nested = self._clip(style, own)
        yield from nodes if nested is None else (Layer(nodes, clip=nested),)


def _places(shape: Shape) -> Iterator[int]:
    yield from shape.opacities
    if shape.stroke:
        yield shape.stroke.width
    if isinstance(shape.paint, Flat):
        yield from range(shape.paint.colour, shape.paint.colour + 3)
    else:
        yield from (*shape.paint.geometry, *shape.paint.offsets, *shape.paint.opacities)
        yield from (place + part for place in shape.paint.colours for part in range(3))


def _rectangle(corners: Refs) -> Outline:
    left, top, right, bottom = corners
    index = torch.zeros(4, 4, 2, 3, dtype=torch.int64)
    points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for number in range(4):
        index[number, :2, :, 0] = torch.tensor(points[number])
        index[number, 2:, :, 0] = torch.tensor(points[number + 1])
    weight = torch.zeros(4, 4, 2, 3, dtype=torch.float64)
    weight[..., 0] = 1
    no = torch.zeros(4, dtype=torch.bool)
    return Outline(index, weight, ~no, no, torch.tensor([1, 2, 3, 0]), no)


def _draws(node: Node) -> bool:
    return isinstance(node, Shape) or (isinstance(node, Layer) and any(map(_draws, node.nodes)))
