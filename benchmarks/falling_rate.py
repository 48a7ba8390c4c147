"""Whether a rate that falls to 0 in a line over the run edits better than one that stays, at 100 evaluations.

    python benchmarks/falling_rate.py [--methods dds infedit pds] [--pairs 10] [--factors 1 1.7]

The methods at their tuned settings, on seen pairs as the search that found them. A falling rate begins at the tuned
one times each factor: at 2 the steps have the same sum. Printed is the PSNR to the answer, and the mean difference to
the rate that stays, pair by pair, with its 95 % interval over pairs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
import torch
import tyro
from torch.optim.lr_scheduler import LambdaLR

import potstill
from potstill.bench.attempt import attempt
from potstill.bench.contestants import tuned
from potstill.bench.pairs import Pair, emoji_pairs, spread
from potstill.bench.report import interval
from potstill.bench.scores import decibels
from potstill.edit import Edit
from potstill.priors.pipeline import Pipeline


@dataclass(frozen=True)
class Run:
    """The budget."""

    methods: tuple[str, ...] = ("dds", "infedit", "pds")
    """Of those with tuned settings."""
    factors: tuple[float, ...] = (1.0, 1.7)
    """First rates, as multiples of the tuned one."""
    pairs: int = 10
    """Seen pairs, spread over the groups."""


def psnr(task: Edit, pairs: Sequence[Pair], prior: Pipeline, falls: bool) -> np.ndarray:
    """To the answer of each pair."""
    descent = Edit.descent

    def falling(task, scene, batch):
        optimizer = descent(task, scene, batch)
        rates = LambdaLR(optimizer, lambda step: 1 - step / task.length)
        optimizer.register_step_post_hook(lambda *_: rates.step())
        return optimizer

    with patch.object(Edit, "descent", falling if falls else descent):
        *_, last = attempt(task, pairs, prior)
    answers = torch.cat([pair.answer for pair in pairs if pair.answer is not None])
    return np.array([decibels(float(error)) for error in (last.images - answers).square().flatten(1).mean(1)])


def main(run: Run) -> None:
    """Measure, print."""
    torch.set_num_threads(1)
    prior = potstill.load()
    pairs = spread([pair for pair in emoji_pairs() if pair.split == "seen"], run.pairs)
    print("| method | rate | PSNR | against the one that stays, dB |\n|---|---|---:|---:|", flush=True)
    for name in run.methods:
        task = tuned()[name]
        assert task.learning_rate is not None
        stays = psnr(task, pairs, prior, falls=False)
        print(f"| {name} | {task.learning_rate:.3g} | {stays.mean():.2f} | |", flush=True)
        for factor in run.factors:
            rate = factor * task.learning_rate
            found = psnr(replace(task, learning_rate=rate), pairs, prior, falls=True)
            low, high = interval(found - stays)
            against = f"{(found - stays).mean():+.2f} ({low:+.2f} to {high:+.2f})"
            print(f"| {name} | {rate:.3g} to 0 | {found.mean():.2f} | {against} |", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
