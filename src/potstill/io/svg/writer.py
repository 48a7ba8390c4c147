"""The writer of SVG files: the user's own file with new numbers, and all else as it was, to the byte."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.io.svg.document import SVG, Spot, Xml, parse
from potstill.io.svg.fields import Written
from potstill.vectors.sketch import Sketch

_ID = "potstill"
"""The id of the `metadata` element that holds settings."""


@dataclass(frozen=True)
class SvgFile:
    """An SVG file, its drawing, and where in the file the numbers of the drawing stand."""

    xml: Xml
    sketch: Sketch
    written: tuple[Written, ...]

    @property
    def writable(self) -> frozenset[int]:
        """The numbers that can be written back; the others have no place of their own in the file."""
        return frozenset(place for each in self.written for place in each.numbers)

    def text(self, numbers: Float[Tensor, " n"], metadata: str | None = None) -> str:
        """The file with these numbers: a value is replaced only where one of its numbers is new.

        Args:
            numbers: of the sketch, in its order.
            metadata: a text for `<metadata id="potstill">`, which replaces that of an earlier run.

        Raises:
            InputError: a number is not finite.
        """
        given, before = numbers.detach().cpu(), self.sketch.numbers.to(numbers.dtype)
        changed = (given != before).tolist()
        values = given.double().tolist()
        edits: list[tuple[Spot, str]] = []
        for each in self.written:
            if any(changed[place] for place in each.numbers):
                own = [values[place] for place in each.numbers]
                if not all(abs(value) < 1e12 for value in own):
                    raise InputError(f"a number of {self.xml.name} is {own[0]}: only finite numbers can be written")
                text = each.write(own, each.decimals)
                edits.append((each.spot, f' {each.added}="{text}"' if each.added else text))
        if metadata is not None:
            edits.append(self._metadata(metadata))
        return _edited(self.xml.source, edits).decode()

    def with_text(self, text: str) -> "SvgFile":
        """The file that has been written, whose drawing is read from it."""
        from potstill.io.svg.reader import read_svg

        again = read_svg(text.encode())
        return replace(again, xml=replace(again.xml, name=self.xml.name))

    def _metadata(self, text: str) -> tuple[Spot, str]:
        content = escape(re.sub(r"[^\t\n\r\x20-\uffff]", "?", text))
        element = f'<metadata id="{_ID}">{content}</metadata>'
        root = self.xml.root
        for child in root:
            if child.tag == SVG + "metadata" and child.get("id") == _ID:
                place = self.xml.places[child]
                start = self.xml.source.rindex(b"<", 0, place.name_end)
                end = self.xml.source.index(b"</", place.tag_end)
                return Spot(start, self.xml.source.index(b">", end) + 1), element
        end = self.xml.places[root].tag_end
        return Spot(end, end), element


def read_metadata(data: bytes, name: str) -> str | None:
    """The text in `<metadata id="potstill">` of an SVG file; None without one.

    Raises:
        InputError: the file is no SVG, or hostile.
    """
    for child in parse(data, name).root:
        if child.tag == SVG + "metadata" and child.get("id") == _ID:
            return child.text
    return None


def _edited(source: bytes, edits: Sequence[tuple[Spot, str]]) -> bytes:
    parts, position = [], 0
    for spot, text in sorted(edits, key=lambda each: (each[0].start, each[0].end)):
        parts += [source[position : spot.start], text.encode()]
        position = spot.end
    return b"".join([*parts, source[position:]])
