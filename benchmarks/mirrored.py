"""The default edit on drawings that the bundled model has never seen: held-out pairs, mirrored.

    python -m benchmarks.mirrored [--pairs 60]

The sources of the benchmark are drawings of the training, only their edits are not. A mirrored drawing is as good a
drawing, but another one. Pairs whose drawing is nearly symmetric, and prompts with a left or a right, are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import torch
import tyro

import potstill
from benchmarks.family_ablation import edits
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.bench.reference_based import scores
from potstill.priors.pipeline import Pipeline

GROUPS = ("background", "recolour", "skin", "colour", "two", "both")
SYMMETRIC = 0.08
"""Root mean square of a drawing minus its mirror image, below which they count as one."""
SHOWN = ("error", "psnr", "outside")
BATCH = 12


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 60
    """Held-out pairs, balanced over the groups, before the symmetric ones are left out."""
    model: str = "emoji"
    """What `potstill.load` takes."""


def mirrored(pair: Pair) -> Pair:
    """The same pair, seen in a mirror."""
    assert pair.answer is not None
    return replace(pair, source=pair.source.flip(-1), answer=pair.answer.flip(-1))


def differs(pair: Pair) -> bool:
    """Whether the mirrored pair is another one, with the same prompts."""
    sided = {"left", "right"} & {*pair.source_prompt.split(), *pair.target_prompt.split()}
    return not sided and (pair.source - pair.source.flip(-1)).square().mean().sqrt().item() > SYMMETRIC


def measured(pairs: Sequence[Pair], prior: Pipeline) -> dict[str, float]:
    """The mean scores of the default edit."""
    edit, finishes = next(iter(edits().values()))
    finish, rows = next(iter(finishes.values())), []
    for start in range(0, len(pairs), BATCH):
        part = pairs[start : start + BATCH]
        *_, last = edit_pairs(edit, part, prior)
        images = finish(last.images, torch.cat([pair.source for pair in part]))
        rows += [scores(images[[n]], p.source, p.answer, p.edit_region) for n, p in enumerate(part)]  # type: ignore[arg-type]
    return {name: fmean(row[name] for row in rows) for name in SHOWN}


def main(run: Run) -> None:
    """Print both."""
    torch.set_num_threads(1)
    prior = potstill.load(run.model)
    held_out = [pair for pair in emoji_pairs() if pair.split == "held-out" and pair.group in GROUPS]
    pairs = [pair for pair in select_evenly(held_out, run.pairs) if differs(pair)]
    for name, shown in (("as drawn", pairs), ("mirrored", [mirrored(pair) for pair in pairs])):
        found = measured(shown, prior)
        print(
            f"{len(shown)} pairs {name}: {', '.join(f'{key} {value:.3f}' for key, value in found.items())}", flush=True
        )


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
