"""What each part of the default edit is worth, on all held-out pairs: nothing is chosen here.

    python -m benchmarks.family_ablation

Every row leaves out one part, or is an edit to compare with. The numbers are the mean PSNR to the true edit, and the
mean of the paired difference to the default with its 95 % interval. At the end, four scores come by group of pairs: the
PSNR, the error, the error where nothing must change (outside) and that of outlines. Writes the numbers and the 40
hardest pairs (source, true edit, result).
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, TypeAlias

import torch
import tyro

from benchmarks.finish import edited
from potstill import load
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.bench.reference_based import scores
from potstill.bench.settings import new_task
from potstill.io.files import write
from potstill.io.images import png_bytes
from potstill.methods import InfEdit, ShrinkEdit
from potstill.methods.finish import Finish, GuidedFilter, TwoScales, Untouched
from potstill.methods.times import Annealed
from potstill.tasks.images.editing import Edit
from potstill.tensors import Images

HARDEST = 40
SHOWN = ("psnr", "error", "outside", "outlines")
Scored: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Run:
    """The size of the measurement, and the files."""

    pairs: int = 286
    """Held-out pairs, balanced over the groups."""
    out: Path = Path("docs/results/family-ablation.json")
    """Where the numbers are written."""
    sheet: Path = Path("build/family-hardest.png")
    """Where the hardest pairs are drawn."""


def edits() -> dict[str, tuple[Edit, Mapping[str, Finish]]]:
    """The edits, each with the finishes after which it is measured."""
    two = TwoScales()
    parts = {
        "": two,
        ", one scale, the same tolerance": GuidedFilter(tolerance=two.narrow.tolerance),
        ", GuidedFilter()": GuidedFilter(),
        ", small changes kept": replace(two, wide=replace(two.wide, still=0.0)),
        ", no finish": Untouched(),
    }
    none, whole = {", no finish": Untouched()}, {"": two}
    falling = Annealed(low=0.25, high=0.95)
    steps = {"optimizer": "sgd", "learning_rate": 0.7, "steps": 4}
    before = {"learning_rate": 0.5, "steps": 6}
    return {
        "the default, 16 evaluations": (new_task(), parts),
        "InfEdit instead of ShrinkEdit, 16": (new_task(method=InfEdit(times=falling), **steps), whole | none),
        "without guidance, 8": (new_task(guidance_scale=1.0), whole),
        "times down to 0.02, 16": (new_task(method=ShrinkEdit(times=Annealed(high=0.95))), whole),
        "3 steps from 0.95 to 0.4 at rate 0.8, 12": (lasting(0.4, 3), whole),
        "2 steps at 0.95 and 0.5 at rate 0.8, 8": (lasting(0.5, 2), whole),
        "2 steps at 0.96 and 0.2 at rate 1, without guidance, 4": (
            new_task(
                method=ShrinkEdit(times=Annealed(low=0.2, high=0.96)), steps=2, learning_rate=1.0, guidance_scale=1.0
            ),
            whole,
        ),
        "InfEdit, 6 steps at rate 0.5, 24": (
            new_task(method=InfEdit(), **before),
            {", GuidedFilter()": GuidedFilter()} | none,
        ),
    }


def lasting(low: float, steps: int) -> Edit:
    """The default in fewer steps, which end at a larger time."""
    return new_task(method=ShrinkEdit(times=Annealed(low=low, high=0.95)), steps=steps, learning_rate=0.8)


def measured(images: Images, pairs: Sequence[Pair]) -> list[dict[str, float]]:
    """The scores of every pair."""
    found = []
    for pair, image in zip(pairs, images, strict=True):
        assert pair.answer is not None
        assert pair.edit_region is not None
        each = scores(image[None], pair.source, pair.answer, pair.edit_region)
        found.append({name: value for name, value in each.items() if value is not None})
    return found


def row(each: Sequence[dict[str, float]], usual: Sequence[dict[str, float]], pairs: Sequence[Pair]) -> dict[str, Any]:
    """The means, the paired difference of the PSNR to the default with half of its 95 % interval, and the groups."""
    apart = [one["psnr"] - other["psnr"] for one, other in zip(each, usual, strict=True)]
    groups: dict[str, list[dict[str, float]]] = {}
    for one, pair in zip(each, pairs, strict=True):
        groups.setdefault(pair.group, []).append(one)
    return {
        **means(each),
        "difference": round(fmean(apart), 3),
        "half_interval": round(1.96 * stdev(apart) / math.sqrt(len(apart)), 3),
        "groups": {group: means(some) for group, some in groups.items()},
    }


def means(each: Sequence[Scored]) -> dict[str, float]:
    """Of the scores that the page shows."""
    return {name: round(fmean(one[name] for one in each), 4) for name in SHOWN}


def table(found: Mapping[str, Mapping[str, Any]], score: str) -> Iterator[str]:
    """The means of a score by group, as a table."""
    yield f"| {score} | all | " + " | ".join(next(iter(found.values()))["groups"]) + " |"
    for name, row in found.items():
        numbers = (row[score], *(group[score] for group in row["groups"].values()))
        yield f"| {name} | " + " | ".join(f"{each:.{1 if score == 'psnr' else 3}f}" for each in numbers) + " |"


def main(run: Run) -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)
    prior = load("emoji")
    pairs = select_evenly([pair for pair in emoji_pairs() if pair.split == "held-out"], run.pairs)
    sources = torch.cat([pair.source for pair in pairs])
    found: dict[str, dict[str, Any]] = {}
    usual: Sequence[Scored] = []
    for name, (task, finishes) in edits().items():
        images = edited(task, pairs, prior)
        for part, finish in finishes.items():
            done = finish(images, sources)
            each = measured(done, pairs)
            if not usual:
                usual = each
                write(run.sheet, hardest(done, each, pairs))
            found[name + part] = row(each, usual, pairs)
            about = {key: value for key, value in found[name + part].items() if key != "groups"}
            print(f"{name}{part}: {about}", flush=True)
            write(run.out, (json.dumps({"pairs": len(pairs), "rows": found}, indent=1) + "\n").encode())
    for score in SHOWN:
        print("\n".join(table(found, score)))


def hardest(images: Images, each: Sequence[Scored], pairs: Sequence[Pair]) -> bytes:
    """Source, true edit and result of the pairs with the lowest PSNR, eight in a row."""
    order = sorted(range(len(pairs)), key=lambda index: each[index]["psnr"])[:HARDEST]
    cells = [torch.cat([pairs[n].source[0], pairs[n].answer[0], images[n].float()], 1) for n in order]  # type: ignore[index]  emoji have answers
    rows = [torch.cat(cells[at : at + 8], 2) for at in range(0, len(cells), 8)]
    return png_bytes(torch.cat(rows, 1)[None])


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
