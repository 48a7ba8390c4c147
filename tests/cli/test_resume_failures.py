"""Runs that fail keep what they have: numbers that are not finite, full disks, results that cannot be written."""

import pytest

from potstill.tasks.runs import checkpoint
from potstill.tasks.runs.checkpoint import Checkpoint
from potstill.tasks.runs.state_file import unpack
from tests.cli.test_cli import run
from tests.cli.test_resume import EDIT
from tests.stops import contents


@pytest.fixture(scope="module")
def model(tiny_folder):
    return str(tiny_folder("sd"))


def test_a_run_that_leaves_the_numbers_keeps_its_last_good_state(capsys, photo, model, monkeypatch):
    monkeypatch.setattr(checkpoint, "WORTH", 0.0)
    words = (*EDIT, "--model", model, "--out", "out/made.png", "--learning-rate", "1e36")
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    said = err.splitlines()[-1]
    assert said.startswith("potstill: ShrinkEdit: ")
    assert "is not finite at step" in said
    assert "lower the learning rate" in said
    assert "kept in out/made.checkpoint.safetensors, and going on from it ends in the same error" in said
    assert [path.name for path in (photo.parent / "out").iterdir()] == ["made.checkpoint.safetensors"]
    latents = unpack(photo.parent / "out" / "made.checkpoint.safetensors")["state"]["changing"]["scene"]["latents"]
    assert latents.isfinite().all()


def test_a_disk_that_is_full_costs_the_checkpoint_and_not_the_run(capsys, photo, model, monkeypatch):
    from potstill.errors import InputError

    def full(path, data):
        raise InputError("no space")

    monkeypatch.setattr(checkpoint, "write", full)
    monkeypatch.setattr(Checkpoint, "due", property(lambda self: self.every > 0))
    code, _, err = run(capsys, *EDIT, "--model", model, "--out", "out/made.png")
    assert code == 0
    assert err.count("no space; the run continues") == 1


def test_results_that_cannot_be_written_are_not_lost(capsys, photo, model, monkeypatch):
    from potstill.io.files import WriteError
    from potstill.tasks.runs import run as module

    def full(path, data):
        raise WriteError("no space: free some")

    monkeypatch.setattr(checkpoint, "WORTH", 0.0)
    words = (*EDIT, "--model", model, "--out", "out/made.png")
    with monkeypatch.context() as patch:
        patch.setattr(module, "write", full)
        code, _, err = run(capsys, *words)
    assert code == 2
    place = "out/made.checkpoint.safetensors"
    assert err.splitlines()[-1] == f"potstill: no space: free some; then `potstill resume {place}` writes the results"
    assert run(capsys, "resume", place)[0] == 0
    found = contents(photo.parent / "out")
    assert sorted(found) == ["made.json", "made.png"]
    assert run(capsys, *words)[0] == 0
    assert contents(photo.parent / "out")["made-2.png"] == found["made.png"]
