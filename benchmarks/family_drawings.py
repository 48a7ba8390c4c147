"""ShrinkEdit on drawings, beside the default edit of drawings, at as many network evaluations.

    python -m benchmarks.family_drawings [--pairs 20] [--held-out]

On seen pairs of `potstill bench drawings`, and on pairs of `training.validation` that can be drawn as those are. Prints
the relative error and the PSNR at 64 pixels, and the paired difference of the PSNR to the default with its 95 %
interval. With --held-out it is only the default and the best on these pairs, on all held-out ones. Writes the numbers,
and goes on where an earlier call was stopped.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import torch
import tyro

from potstill import load
from potstill.bench.drawing_editing import edit_drawings
from potstill.bench.drawing_judge import DrawingJudge
from potstill.bench.drawing_pairs import DrawingPair, drawing_pairs
from potstill.bench.drawing_suite import new_task
from potstill.bench.emoji_pairs import Pair, select_evenly
from potstill.io.files import write
from potstill.methods import InfEdit, ShrinkEdit
from potstill.priors.pipeline import Pipeline
from potstill.tasks.drawings.editing import EditDrawing
from training import validation
from training.captions import BACKGROUNDS
from training.data import PACKS, fetch
from training.drawing_pairs import drawn

BATCH = 5


@dataclass(frozen=True)
class Run:
    """The size of the measurement, and the file."""

    pairs: int = 20
    """Pairs of each of the two kinds, spread evenly over the groups."""
    held_out: bool = False
    """The default and the one before, on the held-out pairs."""
    folder: Path = Path("build/emoji")
    """The folder of the emoji that `training.data` fetches."""
    out: Path = Path("docs/results/family-drawings.json")
    """Where the numbers are written."""


DEFAULT, BEST = "InfEdit, times from 0.95 to 0.02", "InfEdit, times from 0.95 to 0.25"
SHRINK = ShrinkEdit(times=InfEdit().times)
EDITS: dict[str, EditDrawing] = {
    DEFAULT: new_task(method=InfEdit()),
    "ShrinkEdit, times as InfEdit": new_task(method=SHRINK),
    "ShrinkEdit, times as InfEdit, guidance 1.5, 30 steps": new_task(method=SHRINK, guidance_scale=1.5, steps=30),
    "ShrinkEdit, its own times": new_task(method=ShrinkEdit()),
    BEST: new_task(),
}


def drawable(folder: Path) -> list[DrawingPair]:
    """The pairs of validation that can be drawn."""
    rows = []
    for pair in validation.pairs():
        ends = pair.name.split(" > ")
        shown = ("#" + bytes(BACKGROUNDS[end.rpartition("@")[2]]).hex() for end in ends)
        behind = {f"{name}_background": each for name, each in zip(("source", "answer"), shown, strict=True)}
        about = {"group": pair.group, "split": pair.split, "name": pair.name}
        rows.append(about | behind | {"source_prompt": pair.source_prompt, "target_prompt": pair.target_prompt})
    packs = {style: fetch(pack, folder / "packs") for style, pack in PACKS.items()}
    return [DrawingPair(**each) for each in drawn(packs, rows)]


def groups_of(run: Run) -> dict[str, list[DrawingPair]]:
    """The pairs, by where they are from."""
    of = {split: [pair for pair in drawing_pairs() if pair.split == split] for split in ("seen", "held-out")}
    if run.held_out:
        return {"held-out": [pair for first in range(6) for pair in of["held-out"][first::6]]}  # every batch is mixed
    return {
        "seen": select_evenly(of["seen"], run.pairs),
        "validation": select_evenly(drawable(run.folder), run.pairs),
    }


def measure(task: EditDrawing, pairs: Sequence[Pair], prior: Pipeline) -> tuple[list[dict[str, float]], float]:
    """The scores of every pair, and the evaluations of each."""
    judge, found, evaluations = DrawingJudge(), [], 0.0
    for at in range(0, len(pairs), BATCH):
        *_, last = edit_drawings(task, pairs[at : at + BATCH], prior)
        evaluations = last.evaluations
        for index, pair in enumerate(pairs[at : at + BATCH]):
            each = judge.of_preview(last, index, pair)
            found.append({name: each[name] for name in ("error", "psnr", "outlines")})
    return found, evaluations


def report(name: str, each: Sequence[dict[str, float]], usual: Sequence[dict[str, float]]) -> str:
    """The means, and the paired difference."""
    apart = [one["psnr"] - other["psnr"] for one, other in zip(each, usual, strict=True)]
    half = 1.96 * stdev(apart) / math.sqrt(len(apart))
    error, psnr, outlines = (fmean(one[score] for one in each) for score in ("error", "psnr", "outlines"))
    return f"{name}: error {error:.3f}, {psnr:.2f} dB, outlines {outlines:.3f}, {fmean(apart):+.2f} ± {half:.2f} dB"


def main(run: Run) -> None:
    """Measure, write and print."""
    torch.set_num_threads(1)
    prior = load("emoji")
    names, kinds = list(EDITS), groups_of(run)
    if run.held_out:
        names = [DEFAULT, BEST]
    found = json.loads(run.out.read_text())["edits"] if run.out.exists() else {}
    for name in names:
        for kind, pairs in kinds.items():
            key = f"{name}; {kind} pairs"
            if key not in found:
                scored, evaluations = measure(EDITS[name], [pair.pair() for pair in pairs], prior)
                found[key] = {"evaluations": evaluations, "scores": scored}
                write(run.out, (json.dumps({"pairs": run.pairs, "edits": found}, indent=1) + "\n").encode())
            usual = found[f"{DEFAULT}; {kind} pairs"]["scores"]
            print(f"{found[key]['evaluations']:g} evaluations: {report(key, found[key]['scores'], usual)}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
