"""Whether other rules for the times, or a rate that falls, edit better at 100 evaluations.

    python benchmarks/step_rules.py [--methods sds dds pds flowedit infedit] [--pairs 40] [--factors 1 1.7]

The methods at their tuned settings, with one thing changed: the rule that draws the times, in the same range, or the
rate, the tuned one times each factor, which stays or falls to 0 in a line over the run: at 2 the steps have the same
sum. Printed is the PSNR to the answer on held-out pairs, and the mean difference to the tuned settings, pair by
pair, with its 95 % interval over pairs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from unittest.mock import patch

import numpy as np
import torch
import tyro
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

import potstill
from potstill.bench.editing import attempt
from potstill.bench.emoji_pairs import Pair, emoji_pairs, spread
from potstill.bench.entries import tuned
from potstill.bench.reference_based import decibels
from potstill.bench.report import interval
from potstill.methods import Method
from potstill.methods.bank import Bank
from potstill.methods.times import Annealed, DreamTime, ShrinkingRange, Uniform
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Scene
from potstill.tasks.editing import Edit
from potstill.tasks.plan import OptimizationPlan

BATCH, OPTIMIZER_OF = 20, OptimizationPlan.optimizer_of


@dataclass(frozen=True)
class Run:
    """The budget."""

    methods: tuple[str, ...] = ("sds", "dds", "pds", "flowedit", "infedit")
    """Of those with tuned settings."""
    factors: tuple[float, ...] = (1.0, 1.7)
    """First rates, as multiples of the tuned one."""
    pairs: int = 40
    """Held-out pairs, spread over the groups."""


def falling(plan: OptimizationPlan, scene: Scene, batch: int) -> Optimizer:
    """The optimiser of a plan, with a rate that falls to 0."""
    optimizer = OPTIMIZER_OF(plan, scene, batch)
    rates = LambdaLR(optimizer, lambda step: 1 - step / plan.steps)
    optimizer.register_step_post_hook(lambda *_: rates.step())
    return optimizer


def psnr(task: Edit, pairs: Sequence[Pair], prior: Pipeline) -> np.ndarray:
    """To the answer of each pair."""
    found = []
    for n in range(0, len(pairs), BATCH):
        part = pairs[n : n + BATCH]
        *_, last = attempt(task, part, prior)
        answers = torch.cat([pair.answer for pair in part if pair.answer is not None])
        found += [decibels(float(error)) for error in (last.images - answers).square().flatten(1).mean(1)]
    return np.array(found)


def rules(task: Edit) -> Iterator[tuple[str, Edit]]:
    """The other rules for the times, and the task with each."""
    method = task.method
    assert isinstance(method, Method)
    low, high = method.times.low, method.times.high
    even = replace(method, times=Uniform(low, high), noise=Bank(task.resolve().steps, strata=True))
    yield "times: uniform, one in each stratum of the run", replace(task, method=even)
    others = (
        Uniform(low, high),
        Annealed(low, high),
        ShrinkingRange(low, high, end=(low + high) / 2),
        DreamTime(low, high),
    )
    for rule in others:
        if type(rule) is not type(method.times):
            yield f"times: {type(rule).__name__}", replace(task, method=replace(method, times=rule))


def row(name: str, changed: str, found: np.ndarray, base: np.ndarray) -> None:
    """Print it."""
    low, high = interval(found - base)
    against = f"{(found - base).mean():+.2f} ({low:+.2f} to {high:+.2f})"
    print(f"| {name} | {changed} | {found.mean():.2f} | {against} |", flush=True)


def main(run: Run) -> None:
    """Measure, print."""
    torch.set_num_threads(1)
    prior = potstill.load()
    pairs = spread([pair for pair in emoji_pairs() if pair.split == "held-out"], run.pairs)
    print("| method | changed | PSNR | against the tuned settings, dB |\n|---|---|---:|---:|", flush=True)
    for name in run.methods:
        task = tuned()[name]
        base = psnr(task, pairs, prior)
        print(f"| {name} | nothing | {base.mean():.2f} | |", flush=True)
        for changed, other in rules(task):
            row(name, changed, psnr(other, pairs, prior), base)
        plan = task.resolve()
        assert isinstance(plan, OptimizationPlan)
        for factor in run.factors:
            other = replace(task, learning_rate=factor * plan.learning_rate)
            if factor != 1:
                row(name, f"rate: {other.learning_rate:.3g}", psnr(other, pairs, prior), base)
            with patch.object(OptimizationPlan, "optimizer_of", falling):
                row(name, f"rate: {other.learning_rate:.3g} to 0", psnr(other, pairs, prior), base)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
