"""How an edit should reach a 3-D scene: by its own numbers, or by pictures to which it is fitted, and how those move.

    python -m benchmarks.scene_routes [--each 4] [--variants "the default" "rate 1"]

Prints a row for each variant, with one thread: the mean scores of edits whose answers neither the training nor the
benchmark has (`training.toys.validation`), the 95 % interval of the paired difference in error to the default, and the
mean error of each group. With 4 pairs of a group a variant takes a minute or two of a core.
"""

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar

import numpy as np
import torch
import tyro

import potstill
from potstill.bench.editing import Preview
from potstill.bench.emoji_pairs import Pair
from potstill.bench.reference_based import rms, scores
from potstill.bench.report import interval
from potstill.bench.scene_editing import make_scenes
from potstill.bench.scene_pictures import unstrip
from potstill.bench.scene_suite import new_edit
from potstill.methods import SDS, InfEdit, ShrinkEdit
from potstill.methods.method import OptimizerSettings
from potstill.methods.times import Annealed
from potstill.scenes.snapshots import Refit
from potstill.tasks.scenes.presets import PRESETS
from training.toys import validation


class WholeSteps(InfEdit):
    """InfEdit at rate 1, as in its paper."""

    default_optimizer: ClassVar = OptimizerSettings("sgd", 1.0, 6)


DEFAULT = PRESETS["edit"]["toys"]
SOURCE = "the source"
"""As a negative prompt: that of the source."""
VARIANTS: dict[str, dict[str, Any]] = {
    "the default": {},
    "37 steps on the scene itself": {"route": "Direct()", "steps": 37, "views": 4},
    "12 views, 12 steps": {"views": 12, "steps": 12},
    "48 views, 3 steps": {"views": 48, "steps": 3},
    "rate 1": {"method": WholeSteps()},
    "rate 1, 2 steps from 0.96 to 0.2": {"method": WholeSteps(times=Annealed(0.2, 0.96)), "steps": 2},
    "times down to 0.25": {"method": InfEdit(times=Annealed(0.25, 0.95))},
    "times from 0.8": {"method": InfEdit(times=Annealed(high=0.8))},
    "ShrinkEdit": {"method": ShrinkEdit(), "steps": 6},
    "ShrinkEdit, half = 0.8": {"method": ShrinkEdit(half=0.8), "steps": 6},
    "SDS": {"method": SDS(), "steps": 6},
    "guidance 1.5": {"guidance_scale": 1.5},
    "guidance 1.5, the source as negative prompt": {"guidance_scale": 1.5, "negative": SOURCE},
    "all small changes kept": {"route": Refit(still=0.0)},
    "320 steps of the fit": {"route": Refit(steps=320)},
}
PLACES = {"psnr": 1, "inside": 3, "outside": 3, "changed": 3}
"""The scores beside the error, and their decimals."""


@dataclass(frozen=True)
class Run:
    """What is run."""

    each: int = 4
    """Pairs of each group."""
    variants: tuple[str, ...] = tuple(VARIANTS)
    """Names of variants."""


def made(settings: dict[str, Any], pair: Pair, prior: potstill.Pipeline) -> Preview:
    """An edit at these settings, over those of the default."""
    negative = {"negative": pair.source_prompt} if settings.get("negative") == SOURCE else {}
    *_, last = make_scenes(new_edit(**{**DEFAULT, **settings, **negative}), [pair], prior)
    return last


def measured(edit: Preview, pair: Pair) -> dict[str, float]:
    """Its scores."""
    assert pair.answer is not None
    assert pair.edit_region is not None
    assert edit.before is not None
    kept = (pair.edit_region < 0.5).expand_as(edit.images)
    found = scores(*(unstrip(each) for each in (edit.images, pair.source, pair.answer, pair.edit_region)))
    return {
        **{name: score or 0.0 for name, score in found.items()},
        "changed": rms((edit.images - edit.before).square(), kept),
    }


def main(run: Run) -> None:
    """Print a row for each variant."""
    torch.set_num_threads(1)
    prior, pairs = potstill.load("toys"), validation.pairs(run.each)
    print("| | evaluations | error | difference |", *(f"{name} |" for name in (*PLACES, *validation.GROUPS)))
    print(f"| --- |{' ---: |' * (3 + len(PLACES) + len(validation.GROUPS))}", flush=True)
    usual: list[float] = []
    for name in run.variants:
        rows, groups, evaluations = [], defaultdict[str, list[float]](list), 0.0
        for pair in pairs:
            edit = made(VARIANTS[name], pair, prior)
            rows.append(measured(edit, pair))
            evaluations = edit.evaluations
            groups[pair.group].append(rows[-1]["error"])
        errors = [row["error"] for row in rows]
        usual = usual or errors
        difference = ""
        if errors != usual:
            low, high = interval(np.subtract(errors, usual))
            difference = f"{fmean(errors) - fmean(usual):+.3f} ({low:+.3f} to {high:+.3f})"
        means = [f"{fmean(row[key] for row in rows):.{PLACES[key]}f}" for key in PLACES]
        told = [f"{fmean(groups[group]):.2f}" for group in validation.GROUPS]
        row = (name, f"{evaluations:.0f}", f"{fmean(errors):.3f}", difference, *means, *told)
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
