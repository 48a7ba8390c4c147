"""Transforms of elements: the attribute, or the property of CSS that stands above it, and what they turn about.

With the origin o, which is (0, 0) unless it is declared, the matrix is T(o) M T(-o). A property that is no transform is
named and left out, as browsers leave it out.
"""

import math
import re
import warnings

from potstill.errors import InputError, Note
from potstill.io.svg.document import Element, local
from potstill.io.svg.fields import Fields
from potstill.io.svg.styles import Style
from potstill.io.svg.values import NUMBER, function_matrix, length, transform
from potstill.vectors.sketch import IDENTITY, Matrix, compose

_FUNCTION = re.compile(r"\s*([a-zA-Z0-9]+)\(([^()]*)\)\s*")
_ANGLE = re.compile(rf"({NUMBER.pattern})(deg|grad|rad|turn)", re.IGNORECASE)
_DEGREES = {"deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}
_PLACES = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}
_OTHERS = ("translate", "rotate", "scale", "transform-box")


class Transforms:
    """The transforms of a file."""

    def __init__(self, fields: Fields) -> None:
        """Percentages count of the page of `fields`."""
        self._fields, self._page, self._name = fields, fields.page, fields.xml.name
        self._known: dict[Element, Matrix] = {}
        self._said: set[str] = set()

    def of(self, element: Element, style: Style) -> Matrix:
        """The matrix of the element that is being read.

        Raises:
            InputError: the attribute is no transform.
        """
        found = self._declared(element, style, self._fields.page)
        if found is None:
            return self._attribute(element)
        self._known[element] = found
        return found

    def declared(self, element: Element, style: Style) -> Matrix | None:
        """The matrix of any element, where it is not that of its attribute alone."""
        return self._known.get(element) or self._declared(element, style, self._page)

    def _attribute(self, element: Element) -> Matrix:
        return transform(element.get("transform", ""), f"{self._name}: transform of <{local(element)}>")

    def _declared(self, element: Element, style: Style, page: tuple[float, float]) -> Matrix | None:
        for name in _OTHERS:
            if style.get(name, "none") not in ("none", "view-box"):
                self._note(f"{name}: {style.get(name)}")
        property_, origin = style.get("transform"), style.get("transform-origin")
        matrix = _css(property_, page, style.em) if property_ else None
        if property_ and matrix is None:
            self._note(f"transform: {property_}")
        attribute = element.get("transform-origin", "")
        at = _origin(origin, page, style.em, units=True) if origin else None
        if origin and at is None:
            self._note(f"transform-origin: {origin}")
        at = at or (_origin(attribute, page, style.em, units=False) if attribute else None)
        if matrix is None and at is None and not property_:
            return None
        matrix = self._attribute(element) if matrix is None else matrix
        x, y = at or (0.0, 0.0)
        return compose(compose((1.0, 0.0, 0.0, 1.0, x, y), matrix), (1.0, 0.0, 0.0, 1.0, -x, -y))

    def _note(self, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            warnings.warn(f"{self._name} has {what[:60]!r}, which is not supported: it is ignored", Note, stacklevel=2)


def write_matrix(matrix: Matrix) -> str:
    """The text of a transform."""
    return f"matrix({' '.join(f'{each:.9g}' for each in matrix)})"


def _css(text: str, page: tuple[float, float], em: float) -> Matrix | None:
    """The matrix of the property; None of what is none."""
    result, position = IDENTITY, 0
    while position < len(text) and text != "none":
        found = _FUNCTION.match(text, position)
        given = [each.strip() for each in found[2].split(",")] if found else []
        try:
            matrix = _function(found[1].lower(), given, page, em) if found else None
        except InputError:
            return None
        if found is None or matrix is None:
            return None
        result, position = compose(result, matrix), found.end()
    return result


def _function(name: str, given: list[str], page: tuple[float, float], em: float) -> Matrix | None:
    first, more = given[0], given[1:2]
    if len(given) > (6 if name == "matrix" else 2 if name in ("translate", "scale", "skew") else 1):
        return None
    if name in ("translate", "translatex", "translatey"):
        x = 0.0 if name == "translatey" else _length(first, page[0], em)
        y = _length(first if name == "translatey" else (more or ["0"])[0], page[1], em)
        return function_matrix("translate", [x, y])
    if name in ("scale", "scalex", "scaley"):
        a, b = _number(first), _number((more or [first])[0])
        return function_matrix("scale", [1.0 if name == "scaley" else a, 1.0 if name == "scalex" else b])
    if name == "rotate":
        return function_matrix("rotate", [_angle(first)])
    if name in ("skew", "skewx", "skewy"):
        across = 0.0 if name == "skewy" else math.tan(math.radians(_angle(first)))
        down = (
            0.0 if name == "skewx" else math.tan(math.radians(_angle(first if name == "skewy" else (more or ["0"])[0])))
        )
        return 1.0, down, across, 1.0, 0.0, 0.0
    return function_matrix("matrix", [_number(each) for each in given]) if name == "matrix" else None


def _length(text: str, whole: float, em: float) -> float:
    """A length of CSS, which has a unit unless it is 0."""
    if NUMBER.fullmatch(text) and float(text):
        raise InputError(f"the length {text!r} has no unit: write {text}px")
    return length(text, "a length", whole, em)


def _number(text: str) -> float:
    if text.endswith(("%", *"0123456789.")):
        return length(text, "a number", 1.0)
    raise InputError(f"{text[:60]!r} must be a number: correct it")


def _angle(text: str) -> float:
    """In degrees."""
    if text == "0":
        return 0.0
    if found := _ANGLE.fullmatch(text):
        return float(found[1]) * _DEGREES[found[2].lower()]
    raise InputError(f"{text[:60]!r} must be an angle such as 45deg: correct it")


def _origin(text: str, page: tuple[float, float], em: float, units: bool) -> tuple[float, float] | None:
    """The point that a transform leaves where it is; None of what is none."""
    parts = text.split()
    x, y = (*parts, "center")[:2] if 1 <= len(parts) <= 3 else ("", "")
    if x in ("top", "bottom") or y in ("left", "right"):
        x, y = y, x
    read = _length if units else lambda text, whole, em: length(text, "a length", whole, em)
    try:
        return read(_PLACES.get(x, x), page[0], em), read(_PLACES.get(y, y), page[1], em)
    except InputError:
        return None
