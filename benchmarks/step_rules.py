"""Whether other samplers of times, or a decaying learning rate, edit better at 100 evaluations.

    python -m benchmarks.step_rules [--methods sds dds pds flowedit infedit] [--pairs 40] [--factors 1 1.7]

The methods at their tuned settings, with one change: the sampler of times, in the same range, or the learning rate,
which is the tuned one times each factor, either constant or decaying linearly to 0 (with factor 2, the steps have the
same sum). Prints the PSNR to the answer on held-out pairs, and the mean difference per pair to the tuned settings with
its 95 % interval over pairs.
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
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.bench.report import interval
from potstill.bench.settings import tuned
from potstill.io.images import psnr
from potstill.methods import Method
from potstill.methods.bank import DrawBank
from potstill.methods.times import Annealed, DreamTime, ShrinkingRange, Uniform
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Scene
from potstill.tasks.images.editing import Edit
from potstill.tasks.settings.plan import OptimizationPlan

BATCH, OPTIMIZER_OF = 20, OptimizationPlan.optimizer_of


@dataclass(frozen=True)
class Run:
    """The budget."""

    methods: tuple[str, ...] = ("sds", "dds", "pds", "flowedit", "infedit")
    """Methods with tuned settings."""
    factors: tuple[float, ...] = (1.0, 1.7)
    """Initial learning rates, as multiples of the tuned one."""
    pairs: int = 40
    """Held-out pairs, balanced over the groups."""


def falling(plan: OptimizationPlan, scene: Scene, batch: int) -> Optimizer:
    """The optimiser of a plan, with a learning rate that decays to 0: torch's own, as ours calls no hooks."""
    (group,) = OPTIMIZER_OF(plan, scene, batch).param_groups
    kind = torch.optim.Adam if plan.optimizer == "adam" else torch.optim.SGD
    optimizer = kind(scene.parameters(), lr=group["lr"])
    rates = LambdaLR(optimizer, lambda step: 1 - step / plan.steps)
    optimizer.register_step_post_hook(lambda *_: rates.step())
    return optimizer


def scores_of(task: Edit, pairs: Sequence[Pair], prior: Pipeline) -> np.ndarray:
    """The PSNR to the answer of each pair."""
    found = []
    for n in range(0, len(pairs), BATCH):
        part = pairs[n : n + BATCH]
        *_, last = edit_pairs(task, part, prior)
        answers = torch.cat([pair.answer for pair in part if pair.answer is not None])
        found += [psnr(float(error)) for error in (last.images - answers).square().flatten(1).mean(1)]
    return np.array(found)


def rules(task: Edit) -> Iterator[tuple[str, Edit]]:
    """The task with each of the other samplers of times."""
    method = task.method
    assert isinstance(method, Method)
    low, high = method.times.low, method.times.high
    even = replace(method, times=Uniform(low, high), noise=DrawBank(task.resolve().steps, strata=True))
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
    """Print a row of the table."""
    low, high = interval(found - base)
    against = f"{(found - base).mean():+.2f} ({low:+.2f} to {high:+.2f})"
    print(f"| {name} | {changed} | {found.mean():.2f} | {against} |", flush=True)


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    prior = potstill.load()
    pairs = select_evenly([pair for pair in emoji_pairs() if pair.split == "held-out"], run.pairs)
    print("| method | changed | PSNR | against the tuned settings, dB |\n|---|---|---:|---:|", flush=True)
    for name in run.methods:
        task = tuned()[name]
        base = scores_of(task, pairs, prior)
        print(f"| {name} | nothing | {base.mean():.2f} | |", flush=True)
        for changed, other in rules(task):
            row(name, changed, scores_of(other, pairs, prior), base)
        plan = task.resolve()
        assert isinstance(plan, OptimizationPlan)
        for factor in run.factors:
            other = replace(task, learning_rate=factor * plan.learning_rate)
            if factor != 1:
                row(name, f"rate: {other.learning_rate:.3g}", scores_of(other, pairs, prior), base)
            with patch.object(OptimizationPlan, "optimizer_of", falling):
                row(name, f"rate: {other.learning_rate:.3g} to 0", scores_of(other, pairs, prior), base)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
