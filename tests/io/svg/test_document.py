"""Hostile and odd XML: refused in one line before any work, or read as it is meant."""

import time

import pytest

from potstill.errors import InputError
from potstill.io.svg import document, read_svg
from tests.io.svg.files import NAMESPACES, svg

PATH = '<path d="M0 0h9v9z"/>'
GROUPS = "<g>" * 150, "</g>" * 150
DEEP = "".join(f'<g id="a{n}">{GROUPS[0]}<use href="#a{n + 1}"/>{GROUPS[1]}</g>' for n in range(12))
BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'<!DOCTYPE svg [<!ENTITY l0 "lol">{BOMB}]>' + svg("<text>&l9;</text>"), "declares the entity 'l1'"),
        (
            '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + svg("<text>&x;</text>"),
            "declares the entity 'x'",
        ),
        ('<!DOCTYPE svg [<!ENTITY % p "x">]>' + svg(PATH), "declares the entity 'p'"),
        ('<!DOCTYPE svg [<!ENTITY big "' + "a" * 400 + '">]>' + svg(PATH), "not a short text"),
        ('<!DOCTYPE svg [<!ENTITY e "<path/>">]>' + svg("&e;"), "not a short text"),
        ('<!DOCTYPE svg SYSTEM "http://a.b/c.dtd">' + svg("<g>&d;</g>"), "uses the entity 'd' without declaring it"),
        (svg("<script>alert(1)</script>" + PATH), "holds a script"),
        (svg('<path d="M0 0h9v9z" onclick="alert(1)"/>'), r"holds a script \(onclick of <path>\)"),
        (svg('<image href="http://a.b/c.png"/>' + PATH), "refers to 'http://a.b/c.png', outside of the file"),
        (svg('<image xlink:href="../../secret.png"/>' + PATH), "outside of the file"),
        (svg('<use href="other.svg#a"/>' + PATH), "outside of the file"),
        (svg('<image href="data:image/svg+xml;base64,AAAA"/>' + PATH), "outside of the file"),
        (svg('<a href="javascript:alert(1)">' + PATH + "</a>"), "outside of the file"),
        (svg('<path d="M0 0h9v9z" fill="url(http://a.b/c#d)"/>'), "outside of the file"),
        (svg("<style>@import 'http://a.b/c.css';</style>" + PATH), "'@import'"),
        (svg("<style>path{fill:url( 'http://a.b' )}</style>" + PATH), "outside of the file"),
        ('<?xml-stylesheet href="a.css"?>' + svg(PATH), "style sheet outside of the file"),
        (svg("<style>" + ".a{fill:red}" * 50_000 + "</style>" + PATH), "style sheets of over 500,000"),
        (svg("<g>" * 300 + "</g>" * 300), "within one another"),
        (svg(DEEP), "nested too deeply"),
        (svg('<path d="M0 0' + "L1 1" * 2_000_001 + '"/>'), "an SVG may have 8,000,000"),
        (svg('<path d="M0 0' + "l1 1" * 300_000 + '"/>'), "over 200,000 numbers"),
        ("<html/>", "its root must be <svg"),
        ("<svg/>", "its root must be <svg"),
        ("<svg", "not well-formed XML"),
        ("", "not well-formed XML"),
        (svg("<g>"), "not well-formed XML"),
    ],
)
def test_what_could_do_harm_is_refused_in_one_line(text, message):
    began = time.process_time()
    with pytest.raises(InputError, match=message) as error:
        read_svg(text.encode())
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300
    assert time.process_time() - began < 10


def test_elements_are_counted_as_they_are_read(monkeypatch):
    monkeypatch.setattr(document, "ELEMENTS", 50)
    with pytest.raises(InputError, match="over 50 elements"):
        read_svg(svg("<g/>" * 60).encode())


def test_files_in_other_encodings_and_compressed_ones_are_refused():
    with pytest.raises(InputError, match="not UTF-8"):
        read_svg(svg('<path id="é" d="M0 0h9v9z"/>').encode("latin-1"))
    with pytest.raises(InputError, match="compressed"):
        read_svg(b"\x1f\x8b" + bytes(20))


def test_short_entities_of_drawing_programs_are_read_and_kept():
    head = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd" [<!ENTITY ns "http://a.b/">]>'
    text = f'{head}<svg {NAMESPACES} xmlns:x="&ns;" viewBox="0 0 9 9"><x:g/>{PATH}</svg>'
    file = read_svg(text.encode())
    assert file.text(file.sketch.numbers) == text
    assert file.text(file.sketch.numbers + 1).startswith(head)
