"""What the parts of the finish are worth after edits by InfEdit, DDS and PDS.

    python -m benchmarks.finish [--pairs 100] [--split held-out]

Every row is made from the same pairs and seed: the mean over pairs of the PSNR to the true edit and of the relative
error, the change where nothing must change (root mean square), and the PSNR by group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import Literal

import torch
import tyro

from potstill import load
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.bench.reference_based import scores
from potstill.bench.settings import new_task, tuned
from potstill.methods import InfEdit
from potstill.methods.finish import Finish, GuidedFilter, TwoScales, Untouched
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.editing import Edit
from potstill.tensors import Images

BATCH = 16
infedit = partial(new_task, method=InfEdit())
PARTS: Mapping[str, Finish] = {
    "as the method leaves it": Untouched(),
    "explained everywhere": GuidedFilter(tolerance=1e6, still=0.0),
    "explained where it can be": GuidedFilter(still=0.0),
    "and small changes undone": GuidedFilter(),
    "at two scales": TwoScales(),
}


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 100
    """Pairs, spread evenly over the groups."""
    split: Literal["held-out", "seen"] = "held-out"
    """The pairs: the settings were chosen on neither, but on those of `training.validation`."""


def runs() -> dict[str, Edit]:
    """The edits before their finish: InfEdit, in more and fewer steps and without guidance, and other methods."""
    slow = infedit(steps=12, learning_rate=0.3)
    return {
        "InfEdit, 6 steps at rate 0.5, 24 evaluations": infedit(),
        "12 steps at rate 0.3, 48 evaluations": slow,
        "4 steps at rate 0.7, 16 evaluations": infedit(steps=4, learning_rate=0.7),
        "the same at guidance 1, 8 evaluations": infedit(steps=4, learning_rate=0.7, guidance_scale=1.0),
        "DDS as tuned, 100 evaluations": tuned()["dds"],
        "PDS as tuned, 100 evaluations": tuned()["pds"],
    }


def row(images: Images, pairs: Sequence[Pair]) -> str:
    """The numbers of some results."""
    found: dict[str, list[dict[str, float]]] = {}
    for pair, image in zip(pairs, images, strict=True):
        assert pair.answer is not None
        assert pair.edit_region is not None
        each = scores(image[None], pair.source, pair.answer, pair.edit_region)
        found.setdefault(pair.group, []).append({name: value for name, value in each.items() if value is not None})
    every = [each for group in found.values() for each in group]
    psnr, error, outside = (fmean(each[name] for each in every) for name in ("psnr", "error", "outside"))
    groups = ", ".join(f"{name} {fmean(each['psnr'] for each in group):.1f}" for name, group in found.items())
    return f"{psnr:.2f} dB, error {error:.3f}, outside {outside:.4f}; {groups}"


def edited(task: Edit, pairs: Sequence[Pair], prior: Pipeline) -> Images:
    """The results without a finish."""
    bare = replace(task, finish=Untouched())
    parts = [list(edit_pairs(bare, pairs[at : at + BATCH], prior))[-1] for at in range(0, len(pairs), BATCH)]
    return torch.cat([part.images for part in parts])


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    prior = load("emoji")
    pairs = select_evenly([pair for pair in emoji_pairs() if pair.split == run.split], run.pairs)
    sources = torch.cat([pair.source for pair in pairs])
    for name, task in runs().items():
        images = edited(task, pairs, prior)
        print(name)
        for part, finish in PARTS.items():
            print(f"  {part}: {row(finish(images, sources), pairs)}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
