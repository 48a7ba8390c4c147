"""The lecture: what its code prints, the Korean pages, the notebooks, and links."""

import re
import subprocess
import sys
from itertools import zip_longest

import nbformat
import pytest

from notebooks.build import FOLDER, INSTALL, SOURCES, build, texts
from notebooks.snippets import KOREAN, LECTURE, agree, blocks

PAGES = sorted(LECTURE.glob("*.md"))


@pytest.mark.parametrize("half", [0, 1])
def test_the_code_of_the_pages_prints_what_stands_below_it(half):
    """In an interpreter of its own, without the checks of shapes, which make these small tensors four times slower."""
    command = [sys.executable, "-m", "notebooks.snippets", *map(str, PAGES[half::2])]
    done = subprocess.run(command, cwd=LECTURE.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a  1.00 b\n", "a 1.1 b\n", True),
        ("a 1.0", "a 1.2", False),
        ("a 1.0", "b 1.0", False),
        ("0.01", "-0.01", True),
        ("1 2", "1", False),
        ("arrives 1.0", "drifts 1.0", False),
    ],
)
def test_outputs_agree(one, other, same):
    assert agree(one, other) == same


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
            headings = re.findall(r"^#+ (.*)", aim.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), link


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


@pytest.mark.parametrize("name", SOURCES)
def test_notebooks_are_those_of_their_sources(name):
    book = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    assert texts(book) == texts(build(name)), "make notebooks"
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 1_500_000
    assert book.cells[1].source == INSTALL
    assert not [output for cell in book.cells for output in cell.get("outputs", ()) if output.output_type == "error"]
