"""Commands that are interrupted or killed resume to the same bytes, and only from a checkpoint that fits."""

import re

import jaxtyping
import pytest
import torch

from potstill.cli import main
from potstill.io.images import png_bytes
from potstill.tasks.runs import checkpoint
from potstill.tasks.runs.run import Run
from potstill.tasks.runs.state_file import pack, unpack
from tests.cli.test_cli import run
from tests.stops import Killed, change, contents, interrupted_after, killed_after


@pytest.fixture(scope="module")
def model(tiny_folder):
    return str(tiny_folder("sd"))


EDIT = ("edit", "photo.png", "--source", "an apple", "--target", "a pear", "--steps", "4")
COMMANDS = {
    "edit": (*EDIT, "--method", "dds", "--noise", "Mixed(0.5)", "--count", "2", "--gif"),
    "edit by DDPM inversion": (*EDIT, "--method", "ddpm-inversion", "--mask", "mask.png"),
    "edit pixels in a mask": (*EDIT, "--space", "pixels", "--mask", "mask.png"),
    "generate": ("generate", "a pear", "--steps", "4", "--noise", "Previous()"),
    "invert": (
        "invert",
        "photo.png",
        "--prompt",
        "a pear",
        "--steps",
        "3",
        "--method",
        "null-text",
        "--inner-steps",
        "1",
    ),
    "compare": ("compare", *EDIT[1:], "--methods", "dds", "sdedit", "pds"),
    "world": ("world", "blobs", "--steps", "20", "--points", "5", "--methods", "sds", "DDS(noise=Previous())"),
    "views": ("world", "views", "--steps", "20", "--points", "5", "--methods", "sds", "mixed"),
}
STOPS = {"edit by DDPM inversion": (2,), "invert": (5,), "compare": (5,), "world": (7, 20), "views": (25,)}


def words_of(name, model, folder):
    words = COMMANDS[name]
    model = () if words[0] == "world" else ("--model", model)
    return (*words, *model, "--out", folder if words[0] in ("world", "compare") else f"{folder}/made.png")


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_killed_or_interrupted_goes_on_to_the_same_bytes(capsys, photo, model, monkeypatch, name):
    assert run(capsys, *words_of(name, model, "whole"))[0] == 0
    expected = contents(photo.parent / "whole")
    for stop in STOPS.get(name, (3,)):
        with monkeypatch.context() as patch:
            killed_after(patch, stop)
            with pytest.raises(Killed):
                main(words_of(name, model, f"killed-{stop}"))
        (left,) = (photo.parent / f"killed-{stop}").iterdir()  # nothing but a checkpoint
        assert left.name.endswith(".checkpoint.safetensors")
        assert contents(photo.parent / f"killed-{stop}") != expected
        code, _, err = run(capsys, "resume", f"killed-{stop}")
        assert code == 0, err
        assert "resuming after step" in err
        assert contents(photo.parent / f"killed-{stop}") == expected


@pytest.mark.parametrize("name", ["edit", "compare"])
def test_ctrl_c_saves_and_says_how_to_go_on(capsys, photo, model, monkeypatch, name):
    assert run(capsys, *words_of(name, model, "whole"))[0] == 0
    with monkeypatch.context() as patch:
        interrupted_after(patch, 2)
        code, out, err = run(capsys, *words_of(name, model, "stopped"))
    assert (code, out) == (130, "")
    said = err.splitlines()[-1]
    assert said.startswith("potstill: interrupted; `potstill resume stopped/")
    assert "resumes after step 2 of" in said
    monkeypatch.chdir("/")  # the folder of the pictures is remembered
    place = photo.parent / said.split("`")[1].removeprefix("potstill resume ")
    assert run(capsys, "resume", str(place))[0] == 0
    assert contents(photo.parent / "stopped") == contents(photo.parent / "whole")


def stopped(capsys, monkeypatch, model, *more):
    """An edit that was interrupted after its second step, and its checkpoint."""
    words = (*EDIT, "--model", model, "--method", "dds", "--out", "out/made.png")
    with monkeypatch.context() as patch:
        interrupted_after(patch, 2)
        assert run(capsys, *words, *more)[0] == 130
    return words, "out/made.checkpoint.safetensors"


def test_the_same_command_goes_on_and_another_takes_another_name(capsys, photo, model, monkeypatch):
    words, _ = stopped(capsys, monkeypatch, model)
    code, _, err = run(capsys, *words)
    assert code == 0
    assert "resuming after step 2 of 4 (edit)" in err
    first = contents(photo.parent / "out")
    assert sorted(first) == ["made.json", "made.png"]
    stopped(capsys, monkeypatch, model)  # as made-2, because made exists
    refused(capsys, "out/made.png", "no checkpoint beside 'out/made.png'; there is out/made-2.checkpoint.safetensors")
    code, _, err = run(capsys, *words, "--seed", "3")
    assert code == 0
    assert "potstill: out/made.png exists: writing out/made-3.png; --overwrite replaces it\n" in err
    found = contents(photo.parent / "out")
    names = ["made-2.checkpoint.safetensors", "made-3.json", "made-3.png", "made.json", "made.png"]
    assert sorted(found) == names
    assert found["made-3.png"] != first["made.png"] == found["made.png"]
    code, _, err = run(capsys, *words)  # goes on under its own name
    assert (code, "resuming after step 2" in err, "writing out/made-2.png" in err) == (0, True, True)
    found = contents(photo.parent / "out")
    assert sorted(found) == ["made-2.json", "made-2.png", *names[1:]]
    assert found["made-2.png"] == first["made.png"]


def test_with_overwrite_the_checkpoint_of_another_run_is_replaced(capsys, photo, model, monkeypatch):
    words, place = stopped(capsys, monkeypatch, model)
    code, _, err = run(capsys, *words, "--seed", "3", "--overwrite")
    assert (code, "resuming" in err) == (0, False)
    assert not (photo.parent / place).exists()
    first = (photo.parent / "out" / "made.png").read_bytes()
    stopped(capsys, monkeypatch, model, "--overwrite")
    assert "resuming" in run(capsys, *words, "--overwrite")[2]
    assert (photo.parent / "out" / "made.png").read_bytes() != first
    assert sorted(contents(photo.parent / "out")) == ["made.json", "made.png"]


def test_work_of_a_moment_leaves_no_checkpoint(capsys, photo, model, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_after(patch, 2)
        patch.setattr(checkpoint, "WORTH", 60.0)
        code, _, err = run(capsys, *EDIT, "--model", model, "--method", "dds", "--out", "out/made.png")
        assert code == 130
        assert re.search(r"interrupted after step 2 of 4 \(edit\); nothing was saved, .* [0-9.]+ s of work", err)
        assert not (photo.parent / "out").exists()
        always = ("--checkpoint-every", "0")  # which asks for one at an interruption
        assert run(capsys, *EDIT, "--model", model, "--out", "out/made.png", *always)[0] == 130
    assert (photo.parent / "out" / "made.checkpoint.safetensors").exists()


def test_what_would_fail_again_is_not_to_be_resumed(capsys, photo, model, monkeypatch):
    """Such as a scale of 0 in the VAE: no picture at the end, however often."""
    monkeypatch.setattr(checkpoint, "WORTH", 0.0)
    monkeypatch.setattr(Run, "images", lambda run: torch.full((1, 3, 16, 16), torch.nan))
    code, _, err = run(capsys, *EDIT, "--model", model, "--method", "dds", "--out", "out/made.png")
    assert code == 2
    assert "resume" not in err.splitlines()[-1]
    assert not (photo.parent / "out").exists()


FORGED = {
    "version": ("record.versions.potstill", "0.0.1", "is from potstill 0.0.1, and this is"),
    "weights": ("record.model.sha256", "0" * 64, r"is of another run \(model sha256 000000000000, now [0-9a-f]{12}\)"),
    "picture": (
        "record.image.sha256",
        "0" * 64,
        r"another run \(image sha256 000000000000, now .*restore what it",
    ),
    "command": ("record.command", "rm", "belongs to potstill rm: only edit, generate, .* can be resumed"),
    "no command": ("record.command", None, "damaged"),
    "settings": ("record.settings.steps", "many", "steps"),
    "a setting": ("record.settings.colour", "red", "colour"),
    "model": ("record.model", {}, "another run|damaged"),
    "out": ("options.out", "../../made.png", "not the name of a file beside it"),
    "no out": ("options.out", 3, "damaged"),
    "every": ("options.checkpoint_every", float("nan"), "checkpoint every = nan"),
    "no option": ("options.gif", "yes", "damaged"),
    "scene": ("state.changing.scene", {"latents": torch.zeros(3)}, "damaged"),
    "moments": ("state.changing.optimizer.0.exp_avg", torch.zeros(3), "damaged"),
    "generator": ("state.changing.rng", torch.zeros(9, dtype=torch.uint8), "damaged"),
    "done": ("state.changing.done", "many", "damaged"),
    "trace": ("state.trace", 7, "damaged"),
    "state": ("state", {}, "damaged"),
}


def test_what_does_not_fit_is_refused_in_one_line(capsys, photo, model, monkeypatch):
    _, place = stopped(capsys, monkeypatch, model)
    place = photo.parent / place
    sound = place.read_bytes()
    for name, value, message in FORGED.values():
        place.write_bytes(sound)
        change(place, name, value)
        refused(capsys, "out", message)
    for harmed in (b"", b"hello", sound[:100], sound[:-1], sound[:-1] + bytes([sound[-1] ^ 1])):
        place.write_bytes(harmed)
        refused(capsys, "out", "damaged|cannot read|not a checkpoint")
    place.write_bytes(sound)
    pixels = photo.read_bytes()
    photo.write_bytes(png_bytes(torch.rand(1, 3, 20, 30)))
    refused(capsys, "out", r"another run \(image sha256 [0-9a-f]{12}, now [0-9a-f]{12}\)")
    photo.unlink()
    refused(capsys, "out/made.png", "photo.png")
    photo.write_bytes(pixels)
    (place.parent / "other.checkpoint.safetensors").write_bytes(sound)
    refused(capsys, "out", "holds 2 checkpoints: choose made.checkpoint.safetensors, other")
    refused(capsys, ".", "holds no checkpoint")
    refused(capsys, "nowhere", "there is no such file")
    refused(capsys, "photo.png", "there is no checkpoint beside")


def refused(capsys, path, message):
    code, out, err = run(capsys, "resume", path)
    assert (code, out) == (2, ""), err
    assert err.startswith("potstill: ")
    assert len([line for line in err.splitlines() if not line.startswith("potstill: note: ")]) == 1, err
    assert re.search(message, err), err


@pytest.mark.parametrize("name", ["edit", "compare"])
def test_several_results_of_one_generator_are_not_continued_with_one_each(capsys, photo, model, monkeypatch, name):
    """As earlier versions drew them."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # users have no type checks
    words = (*words_of(name, model, "out"), *(() if name == "edit" else ("--count", "2")))
    with monkeypatch.context() as patch:
        interrupted_after(patch, 2)
        assert run(capsys, *words)[0] == 130
    (place,) = (photo.parent / "out").iterdir()
    saved = unpack(place)
    saved["record"].pop("seeds", None)
    state = saved["state"] if name == "edit" else saved["state"]["runs"]["dds"]
    state["changing"]["rng"] = torch.Generator().manual_seed(0).get_state()
    place.write_bytes(pack(saved))
    code, _, err = run(capsys, "resume", "out")
    assert code == 2
    assert re.search("draws all results from one generator|is of 1 generators, and this run has 3", err)
    assert place.exists()


def test_seconds_between_checkpoints_are_checked(capsys, photo, model):
    for every in ("-1", "nan", "inf"):
        code, _, err = run(capsys, *EDIT, "--model", model, "--out", "out/made.png", "--checkpoint-every", every)
        assert code == 2
        assert f"checkpoint every = {float(every)}" in err.splitlines()[-1]


def test_no_other_file_is_called_a_checkpoint_to_be_deleted(capsys, photo):
    (photo.parent / "weights.safetensors").write_bytes(b"x" * 99)
    for name, message in (
        ("photo.png", "there is no checkpoint beside .*photo.png"),
        ("weights.safetensors", "cannot read .* as a checkpoint"),
    ):
        code, _, err = run(capsys, "resume", name)
        assert code == 2
        assert re.search(message, err)
        assert "delete" not in err
