"""edit, generate, compare and batch on drawings as a user meets them."""

import json
import re
from pathlib import Path

import pytest

from potstill.cli import main
from potstill.tasks.files.provenance import read_record
from tests.cli.test_cli import run
from tests.optional import require
from tests.stops import Killed, contents, killed_after

for package in ("tinycss2", "cssselect2", "fontTools"):
    require(package)

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <path id="heart" fill="#f8312f" d="M16 28C9 24 2 18 2 11 2 6 5 4 9 4s6 2 7 5c1-3 4-5 7-5s7 2 7 7C30 18 23 24 16 28z"/>
  <circle id="light" cx="8" cy="9" r="2" fill="#ff8c8a"/>
</svg>
"""
END = ("json", "png", "svg")
PROMPTS = ("--source", "red heart", "--target", "blue heart")


@pytest.fixture
def heart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("heart.svg").write_text(SVG)
    return Path("heart.svg")


@pytest.fixture
def tiny(tiny_folder):
    return ("--model", str(tiny_folder("sd")), "--steps", "4")


def test_an_svg_goes_in_and_comes_out(capsys, heart, tiny):
    words = ("--only", "#light", "--change", "colours", "--colour-rate", "0.1", "--gif", "--preview")
    code, out, err = run(capsys, "edit", "heart.svg", *PROMPTS, *tiny, *words)
    assert code == 0, err
    assert "wrote edit.svg, edit.png, edit.gif and edit.json" in out
    names = {"heart.svg", "edit.svg", "edit.png", "edit.gif", "edit.json"}
    assert {path.name for path in Path().iterdir()} == names
    written = Path("edit.svg").read_text().splitlines()
    assert [line for line in SVG.splitlines() if line not in written] == [SVG.splitlines()[0], SVG.splitlines()[2]]
    for file in ("edit.svg", "edit.png", "edit.json"):
        assert run(capsys, "replay", file)[:2] == (0, "the same, to the byte\n")
    code, _, err = run(capsys, "edit", "--config", "edit.svg", "--out", "again")
    assert code == 0, err
    assert Path("again.svg").read_bytes() == Path("edit.svg").read_bytes()
    assert Path("again.png").read_bytes() == Path("edit.png").read_bytes()
    code, _, err = run(capsys, "replay", "edit.png", "--out", "third.svg")
    assert code == 0, err
    assert Path("third.svg").read_bytes() == Path("edit.svg").read_bytes()
    code, _, err = run(capsys, "edit", "edit.svg", *PROMPTS, *tiny, "--out", "next.svg")  # the settings are replaced
    assert code == 0, err
    assert Path("next.svg").read_text().count("<metadata") == 1
    assert read_record("next.svg")["drawing"]["path"] == "edit.svg"


COMMANDS = {
    "edit": ("edit", "heart.svg", *PROMPTS, "--gif", "--regularizers", "NoCrossing(10)", "--method", "pds"),
    "paths": ("generate", "red heart", "--scene", "paths", "--paths", "4"),
    "strokes": ("generate", "red heart", "--scene", "strokes", "--strokes", "4", "--method", "sdi"),
    "compare": ("compare", "heart.svg", *PROMPTS, "--methods", "dds", "pds", "--only", "#heart"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_killed_goes_on_to_the_same_bytes(capsys, heart, tiny, monkeypatch, name):
    words, out = (*COMMANDS[name], *tiny), "" if name == "compare" else "/made.svg"
    code, _, err = run(capsys, *words, "--out", f"whole{out}")
    assert code == 0, err
    with monkeypatch.context() as patch:
        killed_after(patch, 2)
        with pytest.raises(Killed):
            main([*words, "--out", f"killed{out}"])
    code, _, err = run(capsys, "resume", "killed")
    assert code == 0, err
    assert "resuming after step 2 of 4" in err
    assert contents(Path("killed")) == contents(Path("whole"))


def test_methods_are_compared_on_a_drawing_and_on_a_prompt(capsys, heart, tiny):
    words = ("--methods", "dds", "sds", "--change", "colours", "--json")
    code, out, err = run(capsys, "compare", "heart.svg", *PROMPTS, *tiny, *words)
    assert code == 0, err
    numbers = ["method", "rms_change", "pixels_changed", "evaluations"]
    assert [list(row) for row in json.loads(out)["methods"]] == [numbers] * 2
    names = ["compare.gif", "compare.json", "compare.png", *(f"{m}.{e}" for m in ("dds", "sds") for e in END)]
    assert sorted(path.name for path in Path("compare").iterdir()) == names
    assert run(capsys, "replay", "compare/dds.svg")[:2] == (0, "the same, to the byte\n")
    words = ("--change", "colours", "--out", "alone.svg", "--method", "dds")
    assert run(capsys, "edit", "heart.svg", *PROMPTS, *tiny, *words)[0] == 0
    assert Path("alone.svg").read_bytes() == Path("compare/dds.svg").read_bytes()
    words = ("--prompt", "red heart", "--scene", "strokes", "--strokes", "3", "--methods", "sds", "--out", "made")
    code, _, err = run(capsys, "compare", *words, *tiny)
    assert code == 0, err
    assert Path("made/sds.svg").read_text().count("<path") == 3


def test_rows_of_a_table_are_drawings(capsys, heart, tiny):
    edit = {"drawing": "heart.svg", "source": "red heart", "target": "blue heart", "steps": 2}
    rows = [
        {**edit, "only": "#light", "change": "points colours", "regularizers": "NoCrossing(10) Smooth(weight=1)"},
        {"scene": "paths", "prompt": "red heart", "paths": 3, "steps": 2, "change": ["points"]},
        {**edit, "change": "shapes"},
        {**edit, "drawing": "no.svg"},
        {**edit, "strokes": 3},
        {"image": "heart.svg", "source": "a", "target": "b"},
    ]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = ("batch", "rows.jsonl", *tiny[:2], "--json", "--batch-size", "1")
    code, out, err = run(capsys, *words)
    found = json.loads(out)
    assert code == 1
    assert [row["output"] and row["output"][-4:] for row in found] == [".svg"] * 2 + [None] * 4, err
    said = [
        "'shapes' must be one of",
        "no.svg",
        "strokes does not apply",
        "is a drawing: give it in the column drawing",
    ]
    for row, message in zip(found[2:], said, strict=True):
        assert message in row["error"]
    told = (found[0][name] for name in ("change", "regularizers", "only"))
    assert [*told] == ["points colours", "NoCrossing(weight=10.0) Smooth()", "#light"]
    assert (found[0]["rms_change"] > 0, found[1]["rms_change"], found[1]["paths"]) == (True, None, 3)
    place = Path("batch", found[0]["output"])
    assert run(capsys, "replay", str(place))[:2] == (0, "the same, to the byte\n")
    first = (
        "--only",
        "#light",
        "--change",
        "points",
        "colours",
        "--regularizers",
        "NoCrossing(10)",
        "Smooth(weight=1)",
    )
    assert run(capsys, "edit", "heart.svg", *PROMPTS, *tiny[:2], "--steps", "2", *first)[0] == 0
    bare = [re.sub("<metadata.*</metadata>", "", file.read_text()) for file in (Path("edit.svg"), place)]
    assert bare[0] == bare[1]
    place.unlink()
    before = {path: path.stat().st_mtime_ns for path in Path("batch").glob("*-*.json")}
    assert run(capsys, *words)[0] == 1
    assert sum(path.stat().st_mtime_ns != changed for path, changed in before.items()) == 1  # one drawing was gone


def test_the_helps_are_those_of_drawings_and_the_plain_ones_mention_them(capsys):
    _, drawing, _ = run(capsys, "edit", "x.svg", "--help")
    assert "--only-box LEFT TOP RIGHT BOTTOM" in drawing
    assert "--mask" in drawing
    assert "potstill edit x.svg --help" in " ".join(run(capsys, "edit", "--help")[1].split())
    _, drawing, _ = run(capsys, "generate", "--scene", "strokes", "--help")
    assert "--strokes INT" in drawing
    assert "potstill generate --scene paths --help" in " ".join(run(capsys, "generate", "--help")[1].split())
    _, whole, _ = run(capsys, "edit", "x.svg", "--help-all")
    assert "--colour-rate" in whole


HOSTILE = {
    "a bomb": ('<!DOCTYPE svg [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>', "entit"),
    "a link": (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image href="http://a.b/c"/></svg>',
        "a.b",
    ),
    "a script": ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>1</script></svg>', "script"),
    "a NaN": ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="nan"/></svg>', "nan"),
    "no area": ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 9"><circle r="1"/></svg>', "viewBox"),
    "nothing": ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>', "nothing"),
    "no XML": ("<svg", "XML"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_drawings_are_one_line_and_nothing_is_written(capsys, heart, tiny, name):
    text, reason = HOSTILE[name]
    heart.write_text(text)
    code, out, err = run(capsys, "edit", "heart.svg", *PROMPTS, *tiny)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert reason.lower() in err.lower()
    assert [path.name for path in Path().iterdir()] == ["heart.svg"]


WRONG = {
    "an ending": (("edit", "heart.svg", *PROMPTS, "--out", "a.png"), "must end in .svg"),
    "an input as output": (("edit", "heart.svg", *PROMPTS, "--out", "heart.svg", "--overwrite"), "is an input"),
    "no such drawing": (("edit", "no.svg", *PROMPTS), "there is no such file"),
    "no drawing": (("edit", *PROMPTS, "--config", "heart.svg"), "holds no settings"),
    "an id": (("edit", "heart.svg", *PROMPTS, "--only", "#hart"), "no element with the id 'hart': did you mean"),
    "a scene": (("generate", "red heart", "--scene", "path"), "--scene = 'path' must be one of"),
    "a number": (("generate", "red heart", "--scene", "paths", "--strokes", "3"), "leave it out"),
    "a drawing as a picture": (("invert", "heart.svg", "--prompt", "heart"), "is an SVG drawing"),
    "a drawing as a scene": (("view", "heart.svg"), "is no scene"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_one_line_and_nothing_is_written(capsys, heart, name):
    words, reason = WRONG[name]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1, err
    assert reason in err
    assert [path.name for path in Path().iterdir()] == ["heart.svg"]
