"""Values of attributes: lengths, colours, lists of numbers and transforms."""

import math
import re

from PIL import ImageColor

from potstill.errors import InputError
from potstill.vectors.sketch import IDENTITY, Matrix, compose

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LENGTH = re.compile(rf"({NUMBER.pattern})\s*(%|px|pt|pc|mm|cm|in|em|ex|rem|q)?", re.IGNORECASE)
_UNITS = {"": 1.0, "px": 1.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "q": 96 / 101.6}
EM = 16.0
"""The usual size of a font, in user units."""
_SIZES = {"xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": EM, "large": 18.0, "x-large": 24.0}
_SIZES |= {"xx-large": 32.0, "xxx-large": 48.0}
_TRANSFORM = re.compile(r"\s*,?\s*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)\s*")
_RGB = re.compile(r"(rgba?|hsla?)\(([^()]*)\)", re.IGNORECASE)
LARGEST = 1e7
"""The largest coordinate."""


def numbers(text: str, what: str, most: int | None = None) -> list[float]:
    """A list of numbers that are separated by spaces or commas.

    Raises:
        InputError: there is something else, or a number too large.
    """
    if re.sub(r"[\s,]+", "", NUMBER.sub("", text)):
        raise InputError(f"{what} = {text.strip()[:60]!r} must be numbers: correct it")
    found = [float(each) for each in NUMBER.findall(text)]
    if not all(abs(each) <= LARGEST for each in found):
        raise InputError(f"{what} has a number beyond {LARGEST:,.0f}: scale the drawing down")
    return found


def length(text: str, what: str, whole: float, em: float = EM, rem: float = EM) -> float:
    """A length in user units.

    Args:
        text: such as `12` or `3mm`.
        what: the name of the value, for a message.
        whole: the length of which a percentage is taken.
        em: the size of the font.
        rem: that of the root.

    Raises:
        InputError: the text is not a length.
    """
    found = _LENGTH.fullmatch(text.strip())
    value = float(found[1]) if found else math.inf
    if not found or not abs(value) <= LARGEST:
        raise InputError(f"{what} = {text.strip()[:60]!r} must be a length such as 12 or 3mm: correct it")
    units = _UNITS | {"%": whole / 100, "em": em, "rem": rem, "ex": em / 2}
    return value * units[(found[2] or "").lower()]


def font_size(text: str, em: float, rem: float) -> float:
    """A font-size within a font of size `em`; what is no size leaves that."""
    if text in ("larger", "smaller"):
        return em * 1.2 if text == "larger" else em / 1.2
    try:
        return _SIZES.get(text) or max(length(text, "font-size", em, em, rem), 0.0)
    except InputError:
        return em


def share(text: str, what: str) -> float:
    """A number or a percentage, in [0, 1].

    Raises:
        InputError: it is neither.
    """
    return min(max(length(text, what, 1.0), 0.0), 1.0)


def colour(text: str, what: str) -> tuple[float, float, float, float]:
    """RGB and alpha in [0, 1].

    Raises:
        InputError: it is no colour that is known here.
    """
    text = text.strip()
    if text.lower() == "transparent":
        return 0.0, 0.0, 0.0, 0.0
    alpha = 1.0
    try:
        if found := _RGB.fullmatch(text):
            parts = [part for part in re.split(r"[\s,/]+", found[2].strip()) if part]
            alpha = share(parts[3], what) if len(parts) == 4 else 1.0
            kind = found[1].lower()[:3]
            if kind == "rgb":
                red, green, blue = (length(part, what, 255.0) / 255 for part in parts[:3])
                return *(min(max(each, 0.0), 1.0) for each in (red, green, blue)), alpha  # type: ignore[return-value]
            text = f"hsl({parts[0].removesuffix('deg')},{parts[1]},{parts[2]})"
        rgb = ImageColor.getrgb(text)
    except (ValueError, IndexError):
        raise InputError(f"{what} = {text[:60]!r} is not a known colour: write it as #rrggbb") from None
    red, green, blue = (each / 255 for each in rgb[:3])
    return red, green, blue, rgb[3] / 255 if len(rgb) == 4 else alpha


def transform(text: str, what: str) -> Matrix:
    """The matrix of a `transform`.

    Raises:
        InputError: the text is not a transform.
    """
    result, position = IDENTITY, 0
    text = text.strip()
    while position < len(text):
        found = _TRANSFORM.match(text, position)
        given = numbers(found[2], what) if found else []
        matrix = function_matrix(found[1], given) if found else None
        if found is None or matrix is None or not all(map(math.isfinite, matrix)):
            raise InputError(f"{what} = {text[:60]!r} must be transforms such as translate(3 4): correct it")
        result, position = compose(result, matrix), found.end()
    return result


def function_matrix(name: str, given: list[float]) -> Matrix | None:
    """The matrix of one function of a transform; None if there is none with so many numbers."""
    count = len(given)
    if name == "matrix" and count == 6:
        return tuple(given)  # type: ignore[return-value]
    if name == "translate" and count in (1, 2):
        return 1.0, 0.0, 0.0, 1.0, given[0], given[1] if count == 2 else 0.0
    if name == "scale" and count in (1, 2):
        return given[0], 0.0, 0.0, given[-1], 0.0, 0.0
    if name == "rotate" and count in (1, 3):
        x, y = given[1:] or (0.0, 0.0)
        cos, sin = math.cos(math.radians(given[0])), math.sin(math.radians(given[0]))
        turned = cos, sin, -sin, cos, 0.0, 0.0
        return compose(compose((1.0, 0.0, 0.0, 1.0, x, y), turned), (1.0, 0.0, 0.0, 1.0, -x, -y))
    if name in ("skewX", "skewY") and count == 1:
        tan = math.tan(math.radians(given[0]))
        return (1.0, 0.0, tan, 1.0, 0.0, 0.0) if name == "skewX" else (1.0, tan, 0.0, 1.0, 0.0, 0.0)
    return None


def viewport(box: tuple[float, float, float, float], width: float, height: float, ratio: str) -> Matrix:
    """The matrix from a viewBox (x, y, w, h) to a viewport, as `preserveAspectRatio` says."""
    x, y, w, h = box
    sx, sy = width / w, height / h
    words = ratio.split() or ["xMidYMid"]
    align = next((word for word in words if word.startswith("x") or word == "none"), "xMidYMid")
    if align != "none":
        sx = sy = max(sx, sy) if "slice" in words else min(sx, sy)
    shares = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}
    at_x, at_y = (shares.get(align[1:4], 0.5), shares.get(align[5:8], 0.5)) if align != "none" else (0.0, 0.0)
    return sx, 0.0, 0.0, sy, at_x * (width - sx * w) - sx * x, at_y * (height - sy * h) - sy * y
