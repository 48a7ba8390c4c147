"""How an edit should reach a 3-D scene: by its own numbers, or by pictures to which it is fitted.

    python -m benchmarks.scene_routes [--pairs 12] [--variants refit ...]

Prints the scores of `potstill bench scenes` for seen pairs, which settings are chosen by, with one thread, and the mean
error of each group. Every variant has at most 300 evaluations of the network. A variant takes half a minute of a quiet
core for 12 pairs.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import torch
import tyro

import potstill
from potstill.bench.emoji_pairs import select_evenly
from potstill.bench.scene_editing import make_scenes
from potstill.bench.scene_judge import SceneJudge
from potstill.bench.scene_pairs import known_to, scene_pairs
from potstill.bench.scene_suite import new_edit
from potstill.methods import ShrinkEdit

PICTURES = {"views": 24, "learning_rate": 4.0}
VARIANTS: dict[str, dict[str, Any]] = {
    "direct": {"steps": 37, "learning_rate": 4.0},
    "refit": {**PICTURES, "route": "Refit()"},
    "refit, ShrinkEdit": {**PICTURES, "route": "Refit()", "method": ShrinkEdit(), "steps": 6},
}
SCORES = ("error", "psnr", "inside", "outside", "changed")


@dataclass(frozen=True)
class Run:
    """What is run."""

    pairs: int = 12
    """Seen pairs, balanced over the groups."""
    variants: tuple[str, ...] = tuple(VARIANTS)
    """Names of variants."""


def main(run: Run) -> None:
    """Print a line for each variant."""
    torch.set_num_threads(1)
    prior, judge = potstill.load("toys"), SceneJudge()
    seen = [each for each in known_to(prior, scene_pairs()) if each.split == "seen"]
    pairs = [each.pair() for each in select_evenly(seen, run.pairs)]
    for name in run.variants:
        rows, groups, evaluations = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list), 0.0
        for pair in pairs:
            *_, last = make_scenes(new_edit(**VARIANTS[name]), [pair], prior)
            found, evaluations = judge.of_preview(last, 0, pair), last.evaluations
            for key in SCORES:
                rows[key].append(found[key] or 0.0)
            groups[pair.group].append(found["error"] or 0.0)
        means = ", ".join(f"{key} {sum(values) / len(values):.3f}" for key, values in rows.items())
        print(f"{name}: {means}, evaluations {evaluations:.0f}")
        print("   ", ", ".join(f"{key} {sum(each) / len(each):.2f}" for key, each in groups.items()), flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
