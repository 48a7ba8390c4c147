"""Every page is in the navigation, and links lead to where their targets are gathered."""

import tomllib

from documentation import build
from documentation.links import ROOT


def navigation(nav) -> set[str]:
    if isinstance(nav, str):
        return {nav}
    parts = nav.values() if isinstance(nav, dict) else nav
    return set().union(*map(navigation, parts))


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page():
    listed = navigation(tomllib.loads(build.config(ROOT / "docs"))["project"]["nav"])
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    made = {name for name in build.made_names() if name.endswith(".md")}
    assert listed == pages | made | {f"project/{name.lower()}" for name in build.PROJECT}


def test_links_out_of_docs_lead_to_what_was_gathered(tmp_path):
    page = ROOT / "docs/guides/own-scene.md"
    text = build._moved(page, tmp_path)
    assert "(../files/examples/04_scene_of_ones_own.py)" in text
    assert (tmp_path / "files/examples/04_scene_of_ones_own.py").exists()
    assert build.place(ROOT / "SECURITY.md") == "project/security.md"


def test_the_names_of_made_pages_are_those_of_the_pages():
    made = build.made_pages()
    assert {*build.made_names()} == {*made, "internals/layers.svg"}
    assert all(text.startswith("# ") for text in made.values())
