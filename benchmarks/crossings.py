"""How scattered the code is: files entered, calls, and calls from one file to another.

Counted with a profiler on the bundled model: a guided DDS step after the first, and an edit from its command to the
gradient of its first step (loading the model included).
"""

import contextlib
import io
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import FrameType
from unittest.mock import patch

import torch

import potstill
from potstill import DDS, Guided, cli, distill, distillation, load
from potstill.cli.edit import EditCommand
from potstill.scenes import Latents

ROOT = f"{Path(potstill.__file__).parent}/"
HEART = Path(__file__).parents[1] / "docs/pictures/heart.png"
EDIT = ("edit", str(HEART), "--source", "fluent red heart", "--target", "fluent blue heart", "--steps", "3")


class Crossings:
    """A profile function that counts while it is on."""

    def __init__(self) -> None:
        self.files, self.calls, self.pairs, self.on = set[str](), 0, Counter[tuple[str, str]](), False

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        file = frame.f_code.co_filename
        if event != "call" or not self.on or not file.startswith(ROOT):
            return
        caller = frame.f_back
        while caller is not None and not caller.f_code.co_filename.startswith(ROOT):
            caller = caller.f_back
        self.files.add(file)
        self.calls += 1
        if caller is not None and caller.f_code.co_filename != file:
            self.pairs[caller.f_code.co_filename.removeprefix(ROOT), file.removeprefix(ROOT)] += 1

    def show(self, name: str) -> None:
        print(f"{name}: {len(self.files)} files, {self.calls} calls, {self.pairs.total()} crossings; most between")
        for (caller, file), count in self.pairs.most_common(6):
            print(f"  {count:3} {caller} -> {file}")


def step_of_dds() -> None:
    prior, found = load("emoji"), Crossings()
    target, source = (prior.encode_prompt(f"fluent {colour} heart") for colour in ("blue", "red"))
    scene, rng = Latents(torch.zeros(1, prior.channels, 16, 16), prior.codec), torch.Generator().manual_seed(0)
    run = distill(scene, Guided(prior, 3.0), DDS(), target=target, source=source, steps=2, rng=rng)
    next(run)
    sys.setprofile(found)
    found.on = True
    next(run)
    found.on = False
    sys.setprofile(None)
    found.show("a step of DDS")


def command_to_first_step(out: str) -> None:
    found, run = Crossings(), EditCommand.run

    def start(command: EditCommand, *arguments: object) -> None:
        found.on = True
        run(command, *arguments)

    def stop(*arguments: object) -> None:
        found.on = False
        raise KeyboardInterrupt

    sys.setprofile(found)
    with (
        patch.object(EditCommand, "run", start),
        patch.object(distillation, "loss_and_slope", stop),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.suppress(SystemExit),
    ):
        cli.main([*EDIT, "--out", out])
    sys.setprofile(None)
    found.show("an edit to its first step")


if __name__ == "__main__":
    torch.set_num_threads(1)
    step_of_dds()
    with tempfile.TemporaryDirectory() as folder:
        command_to_first_step(f"{folder}/edit.png")
