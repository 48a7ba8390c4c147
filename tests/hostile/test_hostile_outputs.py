"""Every command that writes: what exists is kept, an input stays as it is, and a picture never costs the numbers."""

import json
import os
from pathlib import Path

import pytest
import torch

import potstill
from potstill.io import plotting
from potstill.io.claims import locked
from potstill.io.images import png_bytes
from potstill.tasks.runs.run import Result
from tests.hostile.harness import files, one_line, refused, run, words_of

WRITES = ("edit", "generate", "compare", "invert", "replay", "sample", "world", "theorem")


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def words(capsys, command, model):
    """A command line that works, and the names of its output without --out, or with it."""
    if command == "replay":
        assert run(capsys, *words_of("edit", model), "--out", "recorded.png")[0] in (0, 1)
        return ["replay", "recorded.png", "--out", "replay.png"]
    return words_of(command, model)


@pytest.mark.parametrize("command", WRITES)
def test_what_exists_is_kept_and_the_next_name_taken(capsys, folder, model, loaded_once, command):
    line = words(capsys, command, model)
    more = ["--gif", "--preview", "--save-config", "config.json"] if command in ("edit", "generate", "invert") else []
    for number in (1, 2, 3):
        before = contents(folder)
        code, out, err = run(capsys, *line, *more)
        assert (code, "wrote" in out) == (0, command != "replay"), err
        found = contents(folder)
        assert {path: found[path] for path in before} == before
        new = {str(path.relative_to(folder)) for path in found.keys() - before.keys()}
        assert new
        assert all(number == 1 or f"-{number}" in name for name in new), new
        lines = [line for line in err.splitlines() if "writing" in line]
        assert len(lines) == (0 if number == 1 else 2 if more else 1), err
        for said in lines:
            one_line(said, r"^potstill: \S+ exists: writing \S+; --overwrite replaces it$")
    assert run(capsys, *line, *more, "--overwrite")[0] == 0
    assert contents(folder).keys() == found.keys()
    assert not list(folder.rglob(".*"))


@pytest.mark.parametrize("command", WRITES)
def test_of_two_runs_at_once_one_takes_another_name(capsys, folder, model, loaded_once, command):
    line = words(capsys, command, model)
    name = "world-blobs" if command == "world" else command
    place = folder / name / ".lock" if command in ("compare", "world", "theorem") else folder / f".{name}.lock"
    place.parent.mkdir(exist_ok=True)
    with locked(place) as free:
        assert free
        code, _, err = run(capsys, *line)
    assert code == 0
    assert f"another run is writing {name}" in err
    assert f"writing {name}-2" in err
    assert not (folder / f"{name}.png").exists()


@pytest.mark.parametrize("command", ["edit", "invert", "compare"])
def test_the_picture_and_the_mask_are_never_replaced(capsys, folder, model, loaded_once, command):
    (folder / "mask.png").write_bytes(png_bytes(torch.ones(1, 3, 20, 30)))
    (folder / "dds.png").write_bytes((folder / "photo.png").read_bytes())
    (folder / "link.png").symlink_to("photo.png")
    line = words_of(command, model)
    out = {"edit": ("photo.png", "link.png", "./photo.png"), "invert": ("photo.png",), "compare": (".",)}[command]
    line = ["dds.png" if command == "compare" and word == "photo.png" else word for word in line]
    more = ["--mask", "mask.png"] if command == "edit" else []
    for name in (*out, *(["mask.png"] if more else [])):
        message = "an input of this run, which is never replaced"
        refused(capsys, folder, [*line, *more, "--out", name, "--overwrite"], message)
        before = contents(folder)
        if command != "compare":
            assert run(capsys, *line, *more, "--out", name)[0] == 0
            found = contents(folder)
            assert {path: found[path] for path in before} == before


def test_settings_are_written_over_nothing(capsys, folder, model, loaded_once):
    os.mkfifo("pipe")
    line = words_of("edit", model)
    devices = {"/dev/full": "it is a device", "/dev/null": "it is a device", "pipe": "it is a device, a pipe"}
    for name, message in {
        **devices,
        ".": "it is a folder",
        "": "--save-config is empty",
        "edit.json": "what --out writes",
    }.items():
        for more in ([], ["--overwrite"]):
            refused(capsys, folder, [*line, "--save-config", name, *more], message)
    assert Path("/dev/full").is_char_device()
    assert run(capsys, *line, "--save-config", "settings.json")[0] == 0
    line = ["edit", "--config", "settings.json", "--seed", "5", "--save-config", "settings.json"]
    refused(capsys, folder, [*line, "--overwrite"], "'settings.json' is an input of this run")
    assert run(capsys, *line)[0] == 0
    assert [json.loads(Path(f"settings{n}.json").read_text())["settings"]["seed"] for n in ("", "-2")] == [0, 5]


def test_a_name_of_any_letters_costs_nothing(capsys, folder, model, loaded_once):
    """Bytes that are no UTF-8, controls, mathematics and other scripts: in a title, they are what can be shown."""
    for number, name in enumerate(("\udcff", "a\x1b[31m", "$\\frac{1$", "猫", "two\nlines", "x" * 200, "%s {0} <b>&")):
        Path(f"{name}.csv").write_text("x,y,label\n0,0,0\n1,1,1\n0,1,0\n1,0,1\n")
        for command in ("world", "theorem"):
            line = [f"./{name}.csv" if word == "blobs" else word for word in words_of(command, model)]
            code, out, err = run(capsys, *line, "--out", f"out-{number}")
            assert (code, "wrote" in out) == (0, True), err
            assert "warning" not in err
            assert (folder / f"out-{number}" / f"{command}.png").exists()


@pytest.mark.parametrize("command", ["world", "theorem", "compare"])
def test_a_picture_that_cannot_be_drawn_costs_no_numbers(capsys, folder, model, loaded_once, monkeypatch, command):
    def broken(*_, **__):
        raise RuntimeError("no fonts")

    monkeypatch.setattr(plotting, "new_figure", broken)
    for module in ("potstill.worlds.plots", "potstill.tasks.runs.comparison_figure"):
        monkeypatch.setattr(f"{module}.new_figure", broken)
    code, out, err = run(capsys, *words_of(command, model), "--out", "out")
    assert code == 0
    lines = [line for line in err.splitlines() if line.startswith("potstill: warning")]
    assert (
        lines[0]
        == f"potstill: warning: {command}.png cannot be drawn (no fonts): it is left out, and all else is written"
    )
    assert len(lines) == (1 if command == "theorem" else 2)
    assert json.loads((folder / "out" / f"{command}.json").read_text())
    assert f"{command}.png" not in out


def test_nothing_is_left_of_what_is_refused(capsys, folder, model, loaded_once):
    """Folders that a command would have made."""
    for command, more in (
        ("compare", ["--methods", "dss"]),
        ("world", ["--methods", "dss"]),
        ("theorem", ["--steps", "0"]),
    ):
        refused(capsys, folder, [*words_of(command, model), "--out", "deep/er", *more], "dss|steps = 0")
    refused(capsys, folder, [*words_of("edit", model), "--out", "deep/er/a.png", "--size", "17x16"], "multiples")
    refused(capsys, folder, [*words_of("edit", "/nowhere/model"), "--out", "deep/er/a.png"], "nowhere")
    assert os.listdir() == ["photo.png"]


def test_the_python_interface_has_the_same_rule(folder, model, priors):
    result = potstill.edit("photo.png", source="a", target="b", model=priors("sd"), steps=1)
    assert result.save("a.png") == [Path("a.png")]
    with pytest.warns(UserWarning, match=r"^a.png exists: writing a-2.png; overwrite=True replaces it$"):
        assert result.save("a.png") == [Path("a-2.png")]
    assert result.save(Path("a.png"), overwrite=True) == [Path("a.png")]
    before = files(folder)
    with pytest.warns(UserWarning, match=r"^photo.png is an input of this run: writing photo-2.png$"):
        result.save("photo.png")
    with pytest.raises(potstill.InputError, match="never replaced"):
        result.save("photo.png", overwrite=True)
    with pytest.raises(potstill.InputError, match=r"path = 'a.jpg' must end in .png"):
        result.save("a.jpg")
    assert files(folder).items() >= before.items()
    assert isinstance(result, Result)
