"""The lecture: what its code prints, the Korean pages, the notebooks, and links."""

import doctest
import re
from itertools import zip_longest
from pathlib import Path

import pytest

from notebooks.snippets import KOREAN, LECTURE, blocks, run, snippets

PAGES = sorted(LECTURE.glob("*.md"))
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_prints_what_stands_below_it(page, monkeypatch):
    monkeypatch.chdir(LECTURE.parents[1])
    names: dict = {"__name__": page.stem}
    for snippet in snippets(page.read_text(encoding="utf-8")):
        printed = run(snippet, page, names)
        assert doctest.OutputChecker().check_output(snippet.said or "", printed, FLAGS), f"line {snippet.line}:\n{printed}"


def test_every_page_has_its_twin():
    assert [page.name for page in sorted(KOREAN.glob("*.md"))] == [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_korean_pages_have_the_same_code_formulas_and_pictures(page):
    ours, theirs = (folder.joinpath(page.name).read_text(encoding="utf-8") for folder in (LECTURE, KOREAN))
    for mine, other in zip_longest(blocks(ours), blocks(theirs)):
        assert mine == other
    pictures = [re.findall(r"^ *!\[.*?\]\((.*?)\)", text, re.MULTILINE) for text in (ours, theirs)]
    assert [f"../{path}" for path in pictures[0]] == pictures[1]
    assert f"(../ko/lecture/{page.name})" in ours
    assert f"(../../lecture/{page.name})" in theirs


@pytest.mark.parametrize("page", [*PAGES, *sorted(KOREAN.glob("*.md"))], ids=lambda page: "/".join(page.parts[-3:]))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        aim = (page.parent / path).resolve() if path else page
        assert aim.is_file(), link
        if anchor:
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.*)", aim.read_text("utf-8"), re.MULTILINE)}


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
