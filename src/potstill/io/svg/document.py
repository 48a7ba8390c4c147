"""The XML of an SVG from outside: what is hostile is refused, and every attribute knows where it stands in the file."""

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import tostring as tostring
from xml.parsers import expat

from potstill.errors import InputError

SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}"
BYTES = 8_000_000
"""The most bytes of a file."""
ELEMENTS = 20_000
DEPTH = 200
ENTITIES = 100
"""The most entities; drawing programs declare about ten, for their namespaces."""
ENTITY = 300
"""The most characters of an entity."""
NESTED = 12
"""How often `use` and clip paths may lead to one another."""
SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon")
NOT_DRAWN = {
    *("defs", "symbol", "clipPath", "mask", "marker", "pattern", "linearGradient", "radialGradient", "filter", "style"),
    *("title", "desc", "metadata", "view", "cursor", "animate", "animateTransform", "animateMotion", "set", ""),
}
"""Elements that draw nothing where they stand; empty for those of other namespaces."""
_ATTRIBUTE = re.compile(rb"""([^\s=/>"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LINKS = ("href", XLINK + "href", "src")
_URL = re.compile(r"url\(\s*['\"]?\s*(?!['\"]?\s*#)([^)]{0,60})", re.IGNORECASE)
_IMPORT = re.compile(r"@import|expression\s*\(|javascript:", re.IGNORECASE)


@dataclass(frozen=True)
class Spot:
    """A part of the file, in bytes from `start` to `end`."""

    start: int
    end: int


@dataclass
class Place:
    """Where an element stands in the file."""

    name_end: int
    """After the name in the start tag: attributes can be inserted here."""
    tag_end: int
    """After the start tag."""
    attributes: dict[str, Spot] = field(default_factory=dict)
    """The values of the attributes without a prefix, within the quotes."""
    text: Spot | None = None
    """The text, if the file holds it exactly as it is read."""


@dataclass(frozen=True)
class Xml:
    """A parsed file."""

    name: str
    """What messages call it."""
    source: bytes
    root: Element
    places: dict[Element, Place]

    def exact(self, spot: Spot | None, text: str) -> bool:
        """Whether a part of the file is this text as it stands, without entities."""
        return spot is not None and self.source[spot.start : spot.end] == text.encode()


def parse(data: bytes, name: str) -> Xml:
    """Parse an SVG file.

    Raises:
        InputError: it is not well-formed, not UTF-8, not SVG, too large, or could do harm: it declares entities that
            are more than short texts, refers to other files or holds scripts.
    """
    if len(data) > BYTES:
        raise InputError(f"{name} has {len(data):,} bytes: an SVG may have {BYTES:,}; simplify it")
    if data[:2] == b"\x1f\x8b":
        raise InputError(f"{name} is compressed (svgz): decompress it with gunzip")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start}): save it in UTF-8") from None
    reading = _Reading(data, name)
    if reading.root is None or reading.root.tag != SVG + "svg":
        raise InputError(f"{name} is not an SVG: its root must be <svg xmlns={SVG[1:-1]!r}>")
    return Xml(name, data, reading.root, reading.places)


def local(element: Element) -> str:
    """The name of an SVG element; empty for one of another namespace."""
    return element.tag.removeprefix(SVG) if element.tag.startswith(SVG) else ""


def href(element: Element) -> str:
    """What an element refers to."""
    return (element.get("href") or element.get(XLINK + "href") or "").strip()


def applies(element: Element) -> bool:
    """Whether an element is drawn where the language is English and no extension is known."""
    languages = element.get("systemLanguage", "en").split(",")
    return not element.get("requiredExtensions") and any(each.strip()[:2] == "en" for each in languages)


class _Reading:
    """One run of the parser."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name = data, name
        self.root: Element | None = None
        self.places: dict[Element, Place] = {}
        self._open: list[Element] = []
        self._entities = 0
        self._text: list[tuple[int, str]] = []
        parser = self._parser = expat.ParserCreate(namespace_separator="}")
        parser.specified_attributes = True
        parser.buffer_text = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped
        parser.ProcessingInstructionHandler = self._instruction
        parser.ExternalEntityRefHandler = None
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            if "amplification" in reason:
                raise InputError(f"{name} expands its entities without end: remove them") from None
            raise InputError(f"{name} is not well-formed XML (line {error.lineno}: {reason}): correct it") from None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        named = {("{" + key if "}" in key else key): value for key, value in attributes.items()}
        element = Element("{" + tag if "}" in tag else tag, named)
        self._check(element)
        self._keep_text()
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
        self._open.append(element)
        self.places[element] = self._place(self._parser.CurrentByteIndex)
        if len(self._open) > DEPTH or len(self.places) > ELEMENTS:
            raise InputError(f"{self.name} has over {ELEMENTS:,} elements, or {DEPTH} within one another: simplify it")

    def _place(self, start: int) -> Place:
        """The attributes in the start tag, which is known to be well-formed."""
        name = re.compile(rb"<[^\s/>]+").match(self.data, start)
        place = Place(name.end() if name else start, 0)
        position = place.name_end
        while found := _ATTRIBUTE.match(self.data, len(self.data) - len(self.data[position:].lstrip())):
            group = 2 if found[2] is not None else 3
            place.attributes[found[1].decode()] = Spot(*found.span(group))
            position = found.end()
        place.tag_end = self.data.index(b">", position) + 1
        return place

    def _check(self, element: Element) -> None:
        """Refuse scripts and what lies outside of the file."""
        kind = element.tag.rpartition("}")[2]
        if kind == "script":
            raise InputError(f"{self.name} holds a script: remove it")
        for key, value in element.attrib.items():
            plain = key.rpartition("}")[2]
            if plain.lower().startswith("on") and "}" not in key:
                raise InputError(f"{self.name} holds a script ({plain} of <{kind}>): remove it")
            target = value.strip().lower()
            link = key in _LINKS and kind != "a" and not target.startswith(("#", "data:"))
            if (link and target) or target.startswith(("javascript:", "data:image/svg", "data:text")):
                raise InputError(
                    f"{self.name} refers to {value.strip()[:60]!r}, outside of the file: embed or remove it"
                )
            self._check_style(value if "}" not in key else "")

    def _check_style(self, text: str) -> None:
        if found := _URL.search(text):
            if not found[1].strip("'\" ").lower().startswith("data:"):
                raise InputError(f"{self.name} refers to {found[1][:60]!r}, outside of the file: embed or remove it")
        elif found := _IMPORT.search(text):
            raise InputError(f"{self.name} holds {found[0]!r}, which could run or fetch something: remove it")

    def _characters(self, text: str) -> None:
        self._text.append((self._parser.CurrentByteIndex, text))

    def _keep_text(self) -> None:
        """Give the text that was read to its element: before its children, or after the last of them."""
        text = "".join(part for _, part in self._text)
        self._text = []
        if not text:
            return
        within = self._open[-1]
        if len(within):
            within[-1].tail = text
        else:
            within.text = text

    def _end(self, tag: str) -> None:
        element = self._open[-1]
        if self._text and not len(element):
            element.text = "".join(text for _, text in self._text)
            start = self._text[0][0]
            spot = Spot(start, start + len(element.text.encode()))
            if self.data[spot.start : spot.end] == element.text.encode():
                self.places[element].text = spot
            if tag.endswith("}style"):
                self._check_style(element.text)
        self._keep_text()
        self._open.pop()

    def _entity(self, name: str, parameter: int, value: str | None, *outside: str | None) -> None:
        self._entities += 1
        if parameter or value is None or len(value) > ENTITY or set("&<%") & set(value) or self._entities > ENTITIES:
            raise InputError(f"{self.name} declares the entity {name[:40]!r}, which is not a short text: remove it")

    def _skipped(self, name: str, parameter: int) -> None:
        raise InputError(f"{self.name} uses the entity {name[:40]!r} without declaring it: declare it or write it out")

    def _instruction(self, target: str, data: str) -> None:
        if target.lower() == "xml-stylesheet":
            raise InputError(f"{self.name} refers to a style sheet outside of the file: embed it in <style>")
