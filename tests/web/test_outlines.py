"""Outlines of drawings for the page: by the smallest element, in units of the page, of numbers and commands alone."""

import re

from potstill.io.svg import read_svg
from potstill.web.outlines import outlines

TEXT = """<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 10 10">
<g id="face"><rect id="head" width="10" height="10" fill="#fc0"/>
<path d="M1 1h2v2h-2zM4 4h1v1z" fill-rule="evenodd"/></g>
<g transform="translate(5 5)"><path id="mouth" d="M0 0L2 2" fill="#111" stroke="#800" stroke-width="1"/></g>
</svg>"""


def test_every_element_has_its_outline_on_the_page():
    head, path, mouth = outlines(read_svg(TEXT.encode()).sketch)
    assert (head.name, path.name, mouth.name) == ("head", "path:1", "mouth")
    assert path.path.count("M") == 2
    assert path.path.startswith("M2 2C")
    assert (head.even_odd, path.even_odd) == (False, True)
    assert mouth.path.startswith("M10 10C")


def test_an_outline_is_of_numbers_and_commands():
    for each in outlines(read_svg(TEXT.encode()).sketch):
        assert re.fullmatch(r"[MC0-9e+\-. ]+", each.path)
