"""The numbers of a sketch and the places in the file that they are read from and written to."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from potstill.errors import InputError
from potstill.io.svg.document import Element, Spot, Xml, href, local
from potstill.io.svg.styles import INHERITED
from potstill.io.svg.values import EM, length
from potstill.vectors.sketch import Kind, Refs

NUMBERS = 200_000
"""The most numbers of a drawing."""
Write = Callable[[Sequence[float], int], str]
"""The text of a value from its numbers and the number of decimals."""


@dataclass(frozen=True)
class Written:
    """A value in the file that is made of numbers of the sketch."""

    numbers: Refs
    spot: Spot
    """What is replaced; empty where an attribute is added."""
    write: Write
    decimals: int
    added: str = ""
    """The name of the attribute that is added."""

    def edit(self, values: Sequence[float], decimals: int) -> tuple[Spot, str]:
        """What is replaced, and by what, given all numbers of the sketch."""
        text = self.write([values[place] for place in self.numbers], decimals)
        return self.spot, f' {self.added}="{text}"' if self.added else text


def format_number(value: float, decimals: int) -> str:
    """The shortest text of a number that is rounded to some decimals: `.5`, `-3`, `0`."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    digits = digits[1:] if digits.startswith("0.") else digits
    return "0" if digits == "0" else sign + digits


def write_number(values: Sequence[float], decimals: int) -> str:
    """One number."""
    return format_number(values[0], decimals)


def write_colour(values: Sequence[float], decimals: int) -> str:
    """`#rrggbb`, or `#rgb` where that is the same."""
    text = "".join(f"{round(255 * min(max(value, 0.0), 1.0)):02x}" for value in values)
    return f"#{text[::2] if text[::2] == text[1::2] else text}"


class Fields:
    """Collects numbers, each read once however often it is used.

    Attributes:
        page: the width and height of the page, or of the inner `svg` that is being read.
        em: the size of the font of the element that is being read.
        rem: that of the root.
    """

    def __init__(self, xml: Xml, page: tuple[float, float]) -> None:
        """Begin, with the width and height of the page in its own units."""
        self.xml, self.extent, self.page = xml, max(page), page
        self.em = self.rem = EM
        self.numbers: list[float] = []
        self.kinds: list[Kind] = []
        self.written: list[Written] = []
        self._known: dict[Hashable, Refs] = {}
        used = {href(element).removeprefix("#") for element in xml.root.iter() if local(element) == "use"}
        self._used = {part for element in xml.root.iter() if element.get("id") in used for part in element.iter()}

    def decimals(self, scale: float = 1.0) -> int:
        """The decimals that keep a 10,000th of the page, in units that are `scale` page units long."""
        step = self.extent / (10_000 * max(scale, 1e-12))
        return min(max(math.ceil(-math.log10(step)), 0), 9)

    def length(self, text: str, what: str, whole: float, em: float | None = None) -> float:
        """A length of the element that is being read.

        Raises:
            InputError: the text is not a length.
        """
        return length(text, what, whole, self.em if em is None else em, self.rem)

    def add(self, values: Sequence[float], kind: Kind) -> Refs:
        """Numbers that stand nowhere in the file.

        Raises:
            InputError: there are too many in all.
        """
        start = len(self.numbers)
        self.numbers += values
        kinds: list[Kind] = [kind] * len(values)
        self.kinds += kinds
        if len(self.numbers) > NUMBERS:
            raise InputError(f"{self.xml.name} has over {NUMBERS:,} numbers: simplify the drawing")
        return tuple(range(start, len(self.numbers)))

    def black(self) -> int:
        """The colour of a shape that only covers."""
        return self.add([0.0, 0.0, 0.0], "colours")[0]

    def at(
        self, spot: Spot | None, values: Sequence[float], kind: Kind, write: Write = write_number, decimals: int = 3
    ) -> Refs:
        """The numbers of a value at a place in the file, the same for all who use it."""
        if spot is not None and (known := self._known.get(spot)) is not None:
            return known
        refs = self.add(values, kind)
        if spot is not None:
            self._known[spot] = refs
            self.written.append(Written(refs, spot, write, decimals))
        return refs

    def attribute(
        self,
        element: Element,
        name: str,
        values: Sequence[float],
        kind: Kind,
        write: Write = write_number,
        decimals: int = 3,
    ) -> Refs:
        """The numbers of an attribute, or of one that is not there and that would be added.

        A property is not added to what a `use` refers to, where it would count above what each `use` hands down: its
        numbers stand nowhere.
        """
        place = self.xml.places[element]
        spot = place.attributes.get(name)
        if spot is not None:
            return self.at(spot, values, kind, write, decimals)
        if element in self._used and name in INHERITED:
            return self.add(values, kind)
        key = (element, name)
        if key not in self._known:
            self._known[key] = refs = self.add(values, kind)
            end = Spot(place.name_end, place.name_end)
            self.written.append(Written(refs, end, write, decimals, name))
        return self._known[key]
