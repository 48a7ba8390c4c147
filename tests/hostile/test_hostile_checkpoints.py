"""Checkpoints with a hash that fits, in whose state something is of another kind."""

from collections.abc import Iterator
from itertools import cycle

import jaxtyping
import pytest
import torch

from potstill.tasks.runs.state_file import unpack
from tests.hostile.harness import one_line, run
from tests.stops import change, interrupted_after

EDIT = ("photo.png", "--source", "an apple", "--target", "a pear", "--steps", "2")
RUNS = {  # the step after which it is interrupted, and the command
    "memory": (1, "edit", *EDIT, "--method", "dds", "--noise", "Previous()", "--gif"),
    "bank": (1, "edit", *EDIT, "--method", "pds", "--noise", "DrawBank(2)"),
    "learner": (1, "generate", "a pear", "--steps", "2", "--method", "vsd"),
    "null text": (3, "invert", "photo.png", "--prompt", "a pear", "--steps", "2", "--method", "null-text"),
    "world": (7, "world", "blobs", "--steps", "5", "--points", "2", "--methods", "sds", "dds"),
    "comparison": (3, "compare", *EDIT, "--methods", "ddpm-inversion", "dds"),
}
OTHERS = ("text", -1, None, [], {}, torch.zeros(3))


def places(part, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """The path of everything in a tree; of many in a row, that of the first eight."""
    steps = part.items() if isinstance(part, dict) else enumerate(part)
    for step, value in list(steps)[:8]:
        yield (*path, step)
        if isinstance(value, dict | list):
            yield from places(value, *path, step)


@pytest.mark.parametrize("name", RUNS)
def test_a_state_that_was_forged_is_one_line_or_does_no_harm(capsys, monkeypatch, folder, model, loaded_once, name):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # users have no type checks
    stop, *words = RUNS[name]
    words += () if words[0] == "world" else ("--model", model)
    with monkeypatch.context() as patch:
        interrupted_after(patch, stop)
        assert run(capsys, *words, "--out", "out" if words[0] in ("compare", "world") else "out/made.png")[0] == 130
    (place,) = (folder / "out").iterdir()
    sound, refused = place.read_bytes(), 0
    for path, other in zip(places(unpack(place)["state"], "state"), cycle(OTHERS)):
        for left in (folder / "out").iterdir():
            left.unlink()
        place.write_bytes(sound)
        change(place, path, other)
        code, _, err = run(capsys, "resume", "out")
        if code:
            assert code == 2
            one_line(err.splitlines()[-1], f"damaged|finite|{place.name}")
            assert place.exists()
            assert not list((folder / "out").glob(".*"))  # whatever else there is, is whole
            refused += 1
    assert refused > 3
