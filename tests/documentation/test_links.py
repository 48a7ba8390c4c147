"""Every link of a page, and every page that code, docstrings and messages name, leads somewhere."""

import pytest

from documentation import links
from documentation.build import made_names
from documentation.links import ROOT

PAGES = links.pages()
SOURCES = [
    *(
        file
        for folder in ("src", "benchmarks", "examples", "training", "documentation")
        for file in (ROOT / folder).rglob("*.py")
    ),
    ROOT / "Makefile",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_to_a_file(page):
    assert not links.dead_links(page, frozenset(made_names()))


def test_every_page_that_code_names_exists():
    wrong = {}
    for file in SOURCES:
        gone = [name for name in links.mentions(file) if not (ROOT / name).exists()]
        if gone and file.name != "figures.py":
            wrong[str(file.relative_to(ROOT))] = gone
    assert not wrong


def test_links_in_code_are_not_links(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("`[a](b.md)`\n\n```text\n[a](c.md)\n```\n\n[a](d.md) [b](https://e.org/f.md) [c](#g)\n")
    assert links.dead_links(page) == ["d.md"]


def test_a_link_to_a_page_that_moved_is_mended(tmp_path, monkeypatch):
    monkeypatch.setattr(links, "ROOT", tmp_path)
    (tmp_path / "docs/guides").mkdir(parents=True)
    (tmp_path / "docs/guides/a.md").write_text("# A\n")
    page = tmp_path / "docs/b.md"
    page.write_text("[a](a.md#there) `[a](a.md)` [c](c.md) [b](b.md)\n")
    assert links.mended(page) == "[a](guides/a.md#there) `[a](a.md)` [c](c.md) [b](b.md)\n"


def test_a_dead_link_a_missing_place_and_another_host_are_faults_of_a_site(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="b.html#there">b</a><a href="b.html#gone">b</a><a href="c.html">c</a>'
        '<a href="https://e.org">out</a><img src="https://e.org/x.png"><link rel="canonical" href="https://e.org/">'
    )
    (tmp_path / "b.html").write_text('<h1 id="there">B</h1>')
    (tmp_path / "x.css").write_text("@font-face { src: url(//e.org/f.woff2) }")
    assert list(links.site_faults(tmp_path)) == [
        "a.html loads https://e.org/x.png from another host",
        "a.html links to b.html#gone, which has no such place",
        "a.html links to c.html, which does not exist",
        "x.css loads //e.org/f.woff2 from another host",
    ]
