"""Colours and gradients of elements."""

from collections.abc import Iterator
from functools import partial

from potstill.io.svg.document import SVG, Element, href, local
from potstill.io.svg.fields import Fields, write_colour
from potstill.io.svg.styles import Style, Styles, Value
from potstill.io.svg.transforms import Transforms
from potstill.io.svg.unsupported import Unsupported
from potstill.io.svg.values import colour, length, share, transform
from potstill.vectors.sketch import Flat, Gradient, Kind, Paint, Refs, scale_of

_SPREADS = {"reflect": "reflect", "repeat": "repeat"}


class Paints:
    """Reads the paints of a file, each gradient once for each kind of use."""

    def __init__(self, fields: Fields, styles: Styles, ids: dict[str, Element], transforms: Transforms) -> None:
        """For a file and the elements that it names."""
        self._transforms = transforms
        self._fields, self._styles, self._ids = fields, styles, ids
        self._what = f"{fields.xml.name}: {{}}"

    def of(self, element: Element, style: Style, name: str, scale: float) -> tuple[Paint, Refs] | None:
        """The fill or stroke of an element, and the opacities that belong to the colour; None if there is none.

        Raises:
            Unsupported: it is a pattern.
            InputError: it is no paint.
        """
        value = style[name]
        if value is None and name == "stroke":
            return None
        text = value.text if value else "black"
        if text.startswith("url("):
            target, _, fallback = text[4:].partition(")")
            found = self._ids.get(target.strip(" '\"").removeprefix("#"))
            if found is not None:
                return self._gradient(found, scale)
            if not (text := fallback.strip()):
                return None
        if text == "none":
            return None
        if text.startswith("context-"):
            raise Unsupported(text)
        return self._flat(element, name, style, value if value and value.text == text else None, text)

    def _flat(self, element: Element, name: str, style: Style, value: Value | None, text: str) -> tuple[Paint, Refs]:
        if text.lower() == "currentcolor":
            name, value = "color", style["color"]
            text = value.text if value else "black"
        *rgb, alpha = colour(text, self._what.format(name))
        if alpha == 0 and rgb == [0, 0, 0]:
            return Flat(self._fields.add(rgb, "colours")[0]), self._fields.add([0.0], "opacities")
        if value is None and name != "color":  # the default, which is declared nowhere
            place = self._fields.attribute(element, name, rgb, "colours", write_colour)[0]
        else:
            write = write_colour if alpha == 1 else partial(_write_rgba, alpha=alpha)
            place = self._fields.at(value.spot if value else None, rgb, "colours", write)[0]
        return Flat(place), self._fields.add([alpha], "opacities") if alpha < 1 else ()

    def _gradient(self, element: Element, scale: float) -> tuple[Paint, Refs] | None:
        kind = local(element)
        if kind not in ("linearGradient", "radialGradient"):
            raise Unsupported(kind)
        chain = list(self._chain(element))
        stops = next(([stop for stop in each if stop.tag == SVG + "stop"] for each in chain if _has_stops(each)), [])
        if not stops:
            return None

        def find(name: str) -> Element | None:
            return next((each for each in chain if each.get(name) is not None), None)

        def text(name: str, default: str) -> str:
            holder = find(name)
            return default if holder is None else holder.get(name, default)

        if length(text("fr", "0"), self._what.format("fr"), 1.0):
            raise Unsupported("fr of a radialGradient")
        boxed = text("gradientUnits", "") != "userSpaceOnUse"
        declared = (self._transforms.declared(each, self._styles.within(each)) for each in chain)
        matrix = next((each for each in declared if each is not None), None)
        if matrix is None:
            matrix = transform(text("gradientTransform", ""), self._what.format("gradientTransform"))
        width, height = (1.0, 1.0) if boxed else self._fields.page
        decimals = 4 if boxed else self._fields.decimals(scale * scale_of(matrix))

        def place(name: str, default: str, whole: float) -> int:
            holder = find(name)
            at = element if holder is None else holder
            em = self._styles.within(at).em
            value = self._fields.length(text(name, default), self._what.format(name), whole, em)
            return self._fields.attribute(at, name, [value], "gradients", decimals=decimals)[0]

        if kind == "linearGradient":
            geometry = (place("x1", "0%", width), place("y1", "0%", height))
            geometry += (place("x2", "100%", width), place("y2", "0%", height))
        else:
            mean = ((width**2 + height**2) / 2) ** 0.5
            cx, cy, r = place("cx", "50%", width), place("cy", "50%", height), place("r", "50%", mean)
            fx = cx if find("fx") is None else place("fx", "", width)
            fy = cy if find("fy") is None else place("fy", "", height)
            geometry = (cx, cy, r, fx, fy)
        read = [self._stop(stop) for stop in stops]
        if len(read) == 1:
            read *= 2
        offsets, colours, opacities = zip(*read, strict=True)
        spread = _SPREADS.get(text("spreadMethod", "pad"), "pad")
        return Gradient(geometry, offsets, colours, opacities, spread, boxed, matrix), ()  # type: ignore[arg-type]

    def _chain(self, element: Element) -> Iterator[Element]:
        """The gradient and those that it takes what it lacks from."""
        seen: set[Element] = set()
        while element is not None and element not in seen:
            seen.add(element)
            yield element
            element = self._ids.get(href(element).removeprefix("#"))  # type: ignore[assignment]

    def _stop(self, stop: Element) -> tuple[int, int, int]:
        """The places of its offset, red and opacity."""
        style = self._styles.within(stop)
        value, opacity = style["stop-color"], style["stop-opacity"]
        text = value.text if value else "black"
        if text.lower() == "currentcolor":
            value = style["color"] or Value("black", None)
            text = value.text
        *rgb, alpha = colour(text, self._what.format("stop-color"))
        if value is None:
            red = self._fields.attribute(stop, "stop-color", rgb, "colours", write_colour)[0]
        else:
            red = self._fields.at(value.spot if alpha == 1 else None, rgb, "colours", write_colour)[0]
        seen = share(opacity.text, self._what.format("stop-opacity")) if opacity else 1.0
        if opacity is None and alpha == 1:
            clear = self._fields.attribute(stop, "stop-opacity", [seen], "opacities")[0]
        else:
            spot = opacity.spot if opacity and alpha == 1 else None
            clear = self._fields.at(spot, [seen * alpha], "opacities")[0]
        kind: Kind = "stops"
        at = share(stop.get("offset", "0"), self._what.format("offset"))
        return self._fields.attribute(stop, "offset", [at], kind, decimals=4)[0], red, clear


def _has_stops(element: Element) -> bool:
    return any(child.tag == SVG + "stop" for child in element)


def _write_rgba(values, decimals: int, alpha: float) -> str:
    red, green, blue = (round(255 * min(max(value, 0.0), 1.0)) for value in values)
    return f"rgba({red},{green},{blue},{alpha:g})"
