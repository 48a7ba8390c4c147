"""How much an SVG draws, counted before anything is drawn."""

from collections.abc import Mapping

from potstill.errors import InputError
from potstill.io.svg.document import NESTED, Element, Xml, href, local

SHAPES = 10_000
"""The most elements that are drawn, each as often as it is used."""


def count_shapes(xml: Xml, ids: Mapping[str, Element]) -> int:
    """The number of elements that a file draws, with those that are used several times, each time.

    Raises:
        InputError: there are too many, or a `use` leads to itself or through too many others.
    """
    known: dict[Element, int] = {}
    opened: list[Element] = []

    def count(element: Element, uses: int) -> int:
        if element in opened or uses > NESTED:
            raise InputError(f"{xml.name}: <use> of '#{element.get('id', '')[:40]}' refers to itself: remove it")
        if element not in known:
            opened.append(element)
            total = 1 + sum(count(child, uses) for child in element)
            target = ids.get(href(element).removeprefix("#")) if local(element) == "use" else None
            known[element] = total + (0 if target is None else count(target, uses + 1))
            opened.pop()
        return known[element]

    found = count(xml.root, 0)
    if found > SHAPES:
        raise InputError(f"{xml.name} draws over {SHAPES:,} shapes: simplify it")
    return found
