"""Both languages have every text, with the same blanks, and the page asks for no other."""

import re

import pytest

from documentation.page_font import letters
from potstill.web.page import HERE, KOREAN, tabs
from potstill.web.texts import TEXTS
from tests import optional


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_fill_in_the_same(key):
    english, korean = TEXTS[key]
    assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", korean))
    assert english
    assert korean


def test_every_text_that_the_page_names_is_there():
    used = set()
    files = [file.read_text("utf-8") for file in (*HERE.glob("*.js"), HERE / "heading.html")]
    for source in (*files, *(tab.html() for tab in tabs())):
        used |= set(re.findall(r'(?:data-text|data-label|data-hint)="(\w+)"', source))
        used |= set(re.findall(r'\b(?:say|text|button|slider|choice|group|check)\("(\w+)"', source))
    assert used
    assert not used - TEXTS.keys()


def test_the_font_of_the_page_has_every_letter_of_its_korean():
    optional.require("fontTools")
    from fontTools.ttLib import TTFont

    missing = letters() - {chr(code) for code in TTFont(KOREAN).getBestCmap() or {}}
    assert not missing, "run python -m documentation.page_font again"
