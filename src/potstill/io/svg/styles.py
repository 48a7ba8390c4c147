"""The cascade: presentation attributes, style sheets and style attributes, and where the winning value stands."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import cssselect2
import tinycss2

from potstill.errors import InputError, Note
from potstill.io.svg.document import SVG, Element, Spot, Xml
from potstill.io.svg.values import EM, font_size

INHERITED = {
    *("fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray"),
    *("fill-rule", "clip-rule", "fill-opacity", "stroke-opacity", "color", "visibility", "paint-order", "font-size"),
    *("marker-start", "marker-mid", "marker-end"),
}
OWN = {
    *("opacity", "display", "stop-color", "stop-opacity", "clip-path", "mask", "filter", "mix-blend-mode"),
    *("vector-effect", "overflow"),
}
DECLARED = {"transform", "transform-origin", "transform-box", "translate", "rotate", "scale"}
"""Properties that count where CSS declares them; attributes of these names have other syntaxes."""
SHEETS = 500_000
"""The most characters of all style sheets."""


@dataclass(frozen=True)
class Value:
    """A declared value."""

    text: str
    spot: Spot | None
    """Where it stands; None where it cannot be replaced."""


@dataclass(frozen=True)
class Style:
    """The values that apply to an element, and those that it hands down."""

    values: Mapping[str, Value] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The text of a property."""
        value = self.values.get(name)
        return value.text if value else default

    @property
    def em(self) -> float:
        """The size of the font, which `font-size` holds in user units."""
        return float(self.get("font-size", str(EM)))

    def __getitem__(self, name: str) -> Value | None:
        """The value of a property, if one is declared."""
        return self.values.get(name)


class Styles:
    """The style sheets of a file, and the style of each of its elements."""

    def __init__(self, xml: Xml) -> None:
        """Read the sheets.

        Raises:
            InputError: they are too large.
        """
        self._xml = xml
        self._matcher = cssselect2.Matcher()
        sheets = [element for element in xml.root.iter(SVG + "style") if element.text]
        if sum(len(sheet.text or "") for sheet in sheets) > SHEETS:
            raise InputError(f"{xml.name} has style sheets of over {SHEETS:,} characters: remove what it does not use")
        for sheet in sheets:
            self._read(sheet)
        self._parents = {child: element for element in xml.root.iter() for child in element}
        self._places: dict[Element, Style] = {}
        self._wrapped = {}
        if sheets:
            root = cssselect2.ElementWrapper.from_xml_root(xml.root)
            self._wrapped = {wrapper.etree_element: wrapper for wrapper in root.iter_subtree()}

    def _read(self, sheet: Element) -> None:
        text = sheet.text or ""
        for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
            if rule.type == "qualified-rule":
                try:
                    selectors = cssselect2.compile_selector_list(rule.prelude)
                except cssselect2.SelectorError:
                    _note(self._xml.name, f"the selector {tinycss2.serialize(rule.prelude).strip()[:40]!r}")
                    continue
                declared = list(_declarations(rule.content, text, self._xml.places[sheet].text))
                for selector in selectors:
                    self._matcher.add_selector(selector, declared)
            elif rule.type == "at-rule" and rule.lower_at_keyword not in ("charset", "namespace", "font-face"):
                _note(self._xml.name, f"@{rule.at_keyword}")

    def of(self, element: Element, parent: Style) -> Style:
        """The style of an element within another."""
        ranked: list[tuple[tuple, str, Value]] = []
        place = self._xml.places[element]
        for name, text in element.attrib.items():
            if name in INHERITED or name in OWN:
                spot = place.attributes.get(name)
                ranked.append(((0,), name, Value(text.strip(), spot if self._xml.exact(spot, text) else None)))
        if wrapper := self._wrapped.get(element):
            for specificity, order, _, declared in self._matcher.match(wrapper):
                ranked += [((2 * important + 1, specificity, order), n, v) for n, v, important in declared]
        if text := element.get("style"):
            spot = place.attributes.get("style")
            spot = spot if self._xml.exact(spot, text) else None
            for name, value, important in _declarations(text, text, spot):
                ranked.append(((4 if important else 2,), name, value))
        values = {name: value for name, value in parent.values.items() if name in INHERITED}
        for _, name, value in sorted(ranked, key=lambda each: each[0]):
            if value.text == "inherit":
                if name in parent.values:
                    values[name] = parent.values[name]
            else:
                values[name] = value
        if (size := values.get("font-size")) is not parent["font-size"] and size:
            rem = EM if element is self._xml.root else self.within(self._xml.root).em
            values["font-size"] = Value(str(font_size(size.text, parent.em, rem)), None)
        return Style(values)

    def within(self, element: Element) -> Style:
        """The style of an element where it stands in the file, which is what a gradient or a clip path inherits."""
        if element not in self._places:
            parent = self._parents.get(element)
            self._places[element] = self.of(element, Style() if parent is None else self.within(parent))
        return self._places[element]


def _declarations(content, text: str, spot: Spot | None) -> Iterator[tuple[str, Value, bool]]:
    """The properties that a style attribute or the content of a rule declares, with their places."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for each in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if each.type != "declaration":
            continue
        tokens = [token for token in each.value if token.type not in ("whitespace", "comment")]
        value = tinycss2.serialize(each.value).strip()
        found = None
        if tokens and spot is not None:
            start = starts[tokens[0].source_line - 1] + tokens[0].source_column - 1
            if text[start : start + len(value)] == value:
                begin = spot.start + len(text[:start].encode())
                found = Spot(begin, begin + len(value.encode()))
        names = ("marker-start", "marker-mid", "marker-end") if each.lower_name == "marker" else (each.lower_name,)
        for name in names:
            if name in INHERITED or name in OWN or name in DECLARED:
                yield name, Value(value, found), each.important


def _note(name: str, what: str) -> None:
    warnings.warn(f"{name} uses {what} in a style sheet, which is not supported: it is ignored", Note, stacklevel=2)
