"""The table of figures names every picture, and its hashes notice what changes a figure."""

import re
import sys
from subprocess import CalledProcessError

import pytest

from documentation import figures, links
from documentation.figures import ROOT, Figure

TABLE = figures.TABLE.read_text(encoding="utf-8")
FIGURES, GROUPS = figures.read(TABLE)


def test_every_picture_that_a_page_shows_is_in_the_table_once():
    made = [file for figure in FIGURES.values() for file in figure.files()]
    assert len(made) == len(set(made))
    shown = {
        (page.parent / address).resolve()
        for page in links.pages()
        for _, address in links.LINK.findall(page.read_text(encoding="utf-8"))
        if address.endswith((".png", ".svg", ".gif", ".json"))
    }
    assert not shown - {*made} - {ROOT / "docs/internals/layers.svg"}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_every_input_and_page_exists_and_every_command_is_one(figure):
    assert figures.current(figure, GROUPS)
    assert all((ROOT / page).exists() for page in figure.pages)
    assert {command.removeprefix("- ").split()[0] for command in figure.commands} <= {*figures.PROGRAMS}
    assert all((ROOT / script).exists() for command in figure.commands for script in re.findall(r"\S+\.py\b", command))


def test_a_figure_is_stale_when_code_changes_but_not_when_words_do(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    code, figure = tmp_path / "a.py", Figure("a", ("python a.py",), ("code",), "", makes=("a.py",))

    def hashed(text: str) -> str:
        figures._content.cache_clear()
        code.write_text(text)
        return figures.current(figure, {"code": ["*.py"]})

    first = hashed('"""Words."""\nX = 1  # why\n')
    assert hashed('"""Others."""\n\nX = 1\n"""What it is."""\n') == first
    assert hashed("X = 2\n") != first


def test_the_file_of_before_is_gone_when_a_figure_is_drawn_and_back_if_that_fails(tmp_path, monkeypatch):
    rows, table = tmp_path / "rows.json", tmp_path / "figures.toml"
    for name, value in (("ROOT", tmp_path), ("TABLE", table), ("PROGRAMS", {"python": [sys.executable]})):
        monkeypatch.setattr(figures, name, value)
    table.write_text('[a]\nhash = ""\n')
    rows.write_text("before")
    write = "from pathlib import Path; rows = Path('rows.json'); rows.write_text(str(rows.exists()))"
    figures.draw(Figure("a", (f'python -c "{write}"',), (), "", makes=("rows.json",)), {})
    assert rows.read_text() == "False"
    recorded = table.read_text()
    assert recorded != '[a]\nhash = ""\n'
    with pytest.raises(CalledProcessError):
        figures.draw(Figure("a", ('python -c "1 / 0"',), (), "", makes=("rows.json",)), {})
    assert (rows.read_text(), table.read_text()) == ("False", recorded)


def test_a_new_hash_is_recorded_and_checked():
    name = next(iter(FIGURES))
    made_from = figures.current(FIGURES[name], GROUPS)
    again, _ = figures.read(figures.recorded(TABLE, name, made_from))
    assert again[name].hash == made_from
    assert {**again, name: FIGURES[name]} == FIGURES
    assert name not in figures.stale({name: again[name]}, GROUPS)


def test_what_is_missing_or_changed_is_named(monkeypatch):
    monkeypatch.setattr(figures, "current", lambda figure, groups: "now")
    cases = {
        "none": Figure("none", (), (), "now", makes=("docs/pictures/none-*.png",)),
        "new": Figure("new", (), (), ""),
        "old": Figure("old", (), (), "before"),
        "fresh": Figure("fresh", (), (), "now"),
    }
    assert [*figures.stale(cases, GROUPS)] == ["none", "new", "old"]
