"""The command line as a user meets it: what it writes, what it says, and how it fails."""

import json
import re
import subprocess
import sys

import pytest

from potstill.cli import main
from potstill.cli.commands import COMMANDS


def run(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    captured = capsys.readouterr()
    return stop.value.code or 0, captured.out, captured.err


def test_world_writes_its_three_files_and_prints_them(capsys, tmp_path):
    words = ("world", "blobs", "--points", "5", "--steps", "4", "--seed", "3", "--out", str(tmp_path / "deep" / "er"))
    code, out, _ = run(capsys, *words, "--json")
    folder = tmp_path / "deep" / "er"
    assert code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["world.gif", "world.json", "world.png"]
    document = json.loads((folder / "world.json").read_text())
    assert json.loads(out) == document
    assert {key: document[key] for key in ("world", "guidance_scale", "seed", "steps")} == {
        "world": "blobs",
        "guidance_scale": 7.5,
        "seed": 3,
        "steps": 4,
    }
    names = "method source_distance target_distance transport transport_ratio spread spread_target coverage nll "
    names += "nll_target seconds evaluations"
    for method in document["methods"]:
        assert list(method) == names.split()
    picture = (folder / "world.png").read_bytes()
    again, out, _ = run(capsys, *words)
    assert again == 0
    assert "pds-consistent" in out
    assert (tmp_path / "deep" / "er-2" / "world.png").read_bytes() == picture


def test_world_takes_expressions_as_methods(capsys, tmp_path):
    names = ["sds", "DDS(noise=Fixed())", "pds-consistent", "PDS(coefficients=Identity(strength=0.3))"]
    words = ("--points", "3", "--steps", "2", "--out", str(tmp_path), "--json")
    code, out, _ = run(capsys, "world", "blobs", "--methods", *names, *words)
    assert code == 0
    assert [row["method"] for row in json.loads(out)["methods"]] == names


def test_views_and_theorem(capsys, tmp_path):
    code, out, _ = run(capsys, "world", "views", "--points", "3", "--steps", "10", "--out", str(tmp_path))
    assert code == 0
    assert "gradient variance" in out
    code, out, _ = run(capsys, "theorem", "rings", "--points", "3", "--steps", "5", "--out", str(tmp_path), "--json")
    assert code == 0
    assert all(run["largest_difference"] < 1e-10 for run in json.loads(out)["runs"])
    assert (tmp_path / "theorem.png").exists()


@pytest.mark.parametrize("words", ["theorem FILE --shares 1", "world FILE --methods sds"])
def test_the_classes_of_a_file_are_named(capsys, tmp_path, words):
    file = tmp_path / "two.csv"
    file.write_text("x,y,label\n0,0,dog\n1,1,cat\n2,0,dog\n")
    words = [*words.replace("FILE", str(file)).split(), "--points", "3", "--steps", "2", "--out", str(tmp_path / "out")]
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert re.search(r"class 1 .*is 'cat'[,;] class 2 \(blue\) is 'dog'", out)
    assert json.loads(run(capsys, *words, "--json")[1])["classes"] == {"1": "cat", "2": "dog"}


def test_methods_and_cite(capsys):
    code, out, _ = run(capsys, "methods", "--json")
    assert code == 0
    assert [row["method"] for row in json.loads(out)][:2] == ["sds", "sdi"]
    assert "psi(t) (x0 - x0_src)" in run(capsys, "methods")[1]
    assert run(capsys, "cite", "pds")[1].startswith("@inproceedings{koo2024pds")
    assert "@software{potstill" in run(capsys, "cite")[1]


def test_help_teaches(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(name in out and entry.summary in out for name, entry in COMMANDS.items())
    for name in COMMANDS:
        code, out, _ = run(capsys, name, "--help")
        assert code == 0
        assert "--json" in out or name in ("app", "cite", "view")
    assert run(capsys, "--version")[1].startswith("potstill 0.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("wurld", "unknown command 'wurld': did you mean 'world'?"),
        ("world moonz", "unknown world 'moonz': choose moons, blobs"),
        ("world gone.csv", "'gone.csv': there is no such file"),
        ("world moons --methods sds foo", "unknown method 'foo': choose from"),
        ("world moons --methods sds dss", "unknown method 'dss': did you mean"),
        ("world moons --methods DDS(noise=Fixd())", "unknown noise source 'Fixd': did you mean 'Fixed'? choose from"),
        ("world moons --methods DDS(noise=Mixed(2))", "share = 2.0 must be in [0, 1]"),
        ("world views --methods dds", "unknown noise source 'dds': views compares sds"),
        ("world moons --target x", "target belongs to toys: leave it out for moons"),
        ("world moons --task edit", "--task belongs to toys: leave it out for moons"),
        ("world moons --scene volume", "--scene belongs to toys: leave it out for moons"),
        ("world moons --knows nothing", "--knows belongs to toys: leave it out for moons"),
        ("world toys --points 50", "--points belongs to worlds of points: leave it out for toys"),
        ("world toys --target x", "no toy is called 'x': the toys are red teapot"),
        ("world toys --source x", "source belongs to an edit: add --task edit"),
        ("world toys --task edit --source teapot", "'teapot' names several toys"),
        ("world toys --methods dds", "dds edits, so it needs a source"),
        ("world moons --steps -3", "steps = -3 must be from 1"),
        ("world moons --steps 0", "steps = 0 must be from 1"),
        ("world moons --steps many", "--steps"),
        ("world moons --points 0", "points = 0 must be from 1"),
        ("world moons --points 1000000", "points = 1000000 must be from 1 to 100,000"),
        ("world moons --guidance-scale nan", "guidance scale = nan"),
        ("world moons --guidance-scale inf", "guidance scale = inf"),
        ("world moons --seed -1", "seed = -1"),
        ("world moons --nonsense 3", "--nonsense"),
        ("world", "WORLD"),
        ("theorem --steps 0", "steps = 0 must be from 1"),
        ("theorem --shares 1.5", "sigma share = 1.5 must be in"),
        ("theorem nowhere", "unknown world 'nowhere'"),
        ("cite nobody", "unknown method 'nobody'"),
        ("methods --bogus", "--bogus"),
        ("sample", "missing: PROMPT ... (What to draw, in quotes"),
        ("sample pizza --count 0", "count = 0 for 1 prompts must make from 1 to 10,000 pictures"),
        ("sample pizza --steps 0", "steps = 0 must be from 1 to 1,000"),
        ("sample pizza --seed -1", "seed = -1"),
        ("sample pizza --guidance-scale nan", "guidance scale = nan"),
        ("sample pizza --out pizza.jpg", "--out 'pizza.jpg' must end in .png"),
        ("vocabulary --model nowhere", "there is no list of words at 'nowhere/vocabulary.json'"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *words.split())
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("potstill: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_found_before_the_work(capsys, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    code, _, err = run(capsys, "world", "moons", "--out", str(blocked))
    assert code == 2
    assert err.splitlines()[-1].startswith("potstill: cannot write to")
    assert blocked.read_text() == "in the way"


def test_debug_shows_the_traceback(tmp_path):
    from potstill.errors import InputError

    with pytest.raises(InputError):
        main(["world", "moonz", "--debug"])


def test_help_and_import_load_nothing_heavy():
    """`potstill --help` without torch; `import potstill` and a name of the core without diffusers and its like."""
    heavy = "{'diffusers', 'transformers', 'matplotlib', 'tyro', 'rich'}"
    for code in (
        "import potstill.cli, sys; assert not {'torch', 'numpy'} & set(sys.modules)",
        "import potstill, sys; potstill.SDS, potstill.distill, potstill.Mixture; "
        f"assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)",
    ):
        subprocess.run([sys.executable, "-c", code], check=True)


def test_world_toys_writes_its_three_files(capsys, tmp_path):
    """One step of one method; what it measures is tested in tests/worlds/toys."""
    code, out, _ = run(capsys, "world", "toys", "--methods", "sds", "--steps", "1", "--out", str(tmp_path / "toys"))
    assert code == 0
    assert "psnr" in out
    assert sorted(path.name for path in (tmp_path / "toys").iterdir()) == ["world.gif", "world.json", "world.png"]
    document = json.loads((tmp_path / "toys" / "world.json").read_text())
    assert document["target"] == "red teapot"
    assert [row["method"] for row in document["methods"]] == ["sds"]
