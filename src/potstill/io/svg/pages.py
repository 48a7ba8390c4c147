"""The page of a file and the viewports within it."""

from potstill.errors import InputError
from potstill.io.svg.document import Element
from potstill.io.svg.values import EM, length, numbers

Rectangle = tuple[float, float, float, float]
"""x, y, width and height."""


def view_box(element: Element, name: str) -> Rectangle | None:
    """The viewBox of an element, if it has one.

    Raises:
        InputError: it is not four numbers, or has no area.
    """
    text = element.get("viewBox")
    if text is None:
        return None
    found = numbers(text, f"{name}: viewBox")
    if len(found) != 4 or not all(side >= 1e-6 for side in found[2:]):
        raise InputError(f"{name}: viewBox = {text[:60]!r} must be x, y and a width and height above 0")
    return tuple(found)  # type: ignore[return-value]


def page_size(root: Element, box: Rectangle | None, name: str, em: float = EM) -> tuple[float, float]:
    """The width and height of the page, in a font of size `em`; what is not given follows from the viewBox.

    Raises:
        InputError: a side is 0 or less, or one is 1,000 times the other.
    """
    sizes = []
    for side, whole in (("width", box[2] if box else 300.0), ("height", box[3] if box else 150.0)):
        text = root.get(side, "auto").strip()
        sizes.append(whole if text in ("auto", "") else length(text, f"{name}: {side}", whole, em, em))
    if box and ("width" in root.attrib) != ("height" in root.attrib):
        if "width" in root.attrib:
            sizes[1] = sizes[0] * box[3] / box[2]
        else:
            sizes[0] = sizes[1] * box[2] / box[3]
    if not all(side > 0 for side in sizes) or not 1e-3 <= sizes[0] / sizes[1] <= 1e3:
        raise InputError(f"{name} is {sizes[0]:g} x {sizes[1]:g}: give it a width and a height above 0, of one order")
    return sizes[0], sizes[1]
