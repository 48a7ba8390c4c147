"""The writer of SVG files: the user's own file with new numbers, and all else as it was, to the byte."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.io.svg.document import SVG, Spot, Xml, parse
from potstill.io.svg.fields import Written
from potstill.vectors.sketch import Sketch

GROWTH = 0.05
"""The share by which a file may grow before its numbers are rounded more."""
COARSER = ((0, 0), (1, 0), (1, 10), (1, 20), (1, 40), (2, 40), (2, 80), (2, 160))
"""How numbers become coarser until the file is small enough: by fewer decimals, and by keeping lengths that moved by at
most so many units of their last decimal, each of which is a 10,000th of the page or less. The last moves a point by a
64th of the page at most, a pixel of the bundled model."""
_LENGTHS = ("points", "widths", "gradients")
_ID = "potstill"
"""The id of the `metadata` element that holds settings."""


@dataclass(frozen=True)
class SvgFile:
    """An SVG file, its drawing, and where in the file the numbers of the drawing stand."""

    xml: Xml
    sketch: Sketch
    written: tuple[Written, ...]

    def text(self, numbers: Float[Tensor, " n"], metadata: str | None = None) -> str:
        """The file with these numbers: a value is replaced only where one of its numbers is new.

        Lengths are rounded to a 10,000th of the page. Where the file would grow by more than a 20th they are rounded
        to more, up to a 100th, and those that moved least, by up to a 64th of the page, keep the value that they had.

        Args:
            numbers: of the sketch, in its order.
            metadata: a text for `<metadata id="potstill">`, which replaces that of an earlier run.

        Raises:
            InputError: a number is not finite.
        """
        given, before = numbers.detach().cpu(), self.sketch.numbers.to(numbers.dtype)
        changed = (given != before).tolist()
        values = given.double().tolist()
        new = [each for each in self.written if any(changed[place] for place in each.numbers)]
        for each in new:
            if bad := [values[place] for place in each.numbers if not abs(values[place]) < 1e12]:
                raise InputError(f"a number of {self.xml.name} is {bad[0]}: only finite numbers can be written")
        edits: list[tuple[Spot, str]] = []
        for fewer, still in COARSER:
            kept = self._kept(values, still) if still else values
            edits = [each.edit(kept, max(each.decimals - fewer, 0)) for each in new]
            if sum(len(text) - (spot.end - spot.start) for spot, text in edits) <= GROWTH * len(self.xml.source):
                break
        if metadata is not None:
            edits.append(self._metadata(metadata))
        return _edited(self.xml.source, edits).decode()

    def _kept(self, values: Sequence[float], still: int) -> list[float]:
        """The values, with that of the file for a length that moved by at most so many units of its last decimal."""
        found, before = list(values), self.sketch.numbers.tolist()
        for each in self.written:
            for place in each.numbers:
                near = abs(values[place] - before[place]) <= still * 10**-each.decimals
                if near and self.sketch.kinds[place] in _LENGTHS:
                    found[place] = before[place]
        return found

    def _metadata(self, text: str) -> tuple[Spot, str]:
        content = escape(re.sub(r"[^\t\n\r\x20-\uffff]", "?", text), quote=False)
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
