"""What did not help the default edit, and whether seen pairs have the same order, on pairs of `training.validation`.

    python -m benchmarks.family_rejected [--pairs 40]

Prints the PSNR to the true edit and the paired difference to the default with its 95 % interval; then the same edits on
seen pairs, whose answers are in the training set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
import tyro

from benchmarks.family import choosing
from benchmarks.family_ablation import measured, row
from benchmarks.finish import edited
from potstill import load
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.bench.settings import new_task
from potstill.methods import SDS, InfEdit, ShrinkEdit
from potstill.methods.finish import Finish, GuidedFilter, TwoScales
from potstill.methods.times import Annealed
from potstill.methods.weighting import Rho
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.editing import Edit
from potstill.tensors import Images


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 40
    """Validation pairs, and as many seen ones, spread evenly over the groups."""


@dataclass(frozen=True)
class Between(Finish):
    """The default finish with windows of a third width between the two."""

    middle: GuidedFilter = GuidedFilter(radius=0.2, tolerance=0.05, still=0.0)

    def __call__(self, images: Images, source: Images) -> Images:
        """Three filters."""
        both = TwoScales()
        return both.wide(self.middle(both.narrow(images, source), source), source)


def wide(radius: float) -> TwoScales:
    """The default finish with wide windows of another width."""
    return TwoScales(wide=GuidedFilter(radius=radius, tolerance=0.03))


TWO = TwoScales()
FALLING = Annealed(low=0.3, high=0.95)
MEMORY = new_task(method=SDS(weight=Rho(), times=FALLING), optimizer="sgd", learning_rate=1.0, steps=8)
RUNS: Mapping[str, tuple[Sequence[Edit], Mapping[str, Finish]]] = {
    "the default, 16 evaluations": (
        [new_task()],
        {
            "": TWO,
            ", three scales": Between(),
            ", wide windows of the whole picture": wide(0.5),
            ", of half": wide(0.25),
        },
    ),
    "the mean of two runs, 32": ([new_task(), new_task(seed=1)], {"": TWO}),
    "guidance 2": ([new_task(guidance_scale=2.0)], {"": TWO}),
    "8 steps at rate 0.5, 32": ([new_task(steps=8, learning_rate=0.5)], {"": TWO}),
}
ON_SEEN: Mapping[str, Edit] = {
    "the default, 16 evaluations": new_task(),
    "InfEdit in as many": new_task(
        method=InfEdit(times=ShrinkEdit().times), optimizer="sgd", learning_rate=0.7, steps=4
    ),
    "SDS at rate 1, guidance 1, 8": replace(MEMORY, guidance_scale=1.0),
    "SDS at rate 1, 16": MEMORY,
}


def show(
    name: str, images: Images, usual: Sequence[dict[str, float]], pairs: Sequence[Pair]
) -> Sequence[dict[str, float]]:
    """Print a row; the scores of what the others are compared with."""
    each = measured(images, pairs)
    found = row(each, usual or each, pairs)
    print(f"{name}: {found['psnr']:.2f} dB, {found['difference']:+.2f} ± {found['half_interval']:.2f}", flush=True)
    return usual or each


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    prior = load("emoji")
    seen = select_evenly([pair for pair in emoji_pairs() if pair.split == "seen"], run.pairs)
    rejected(choosing(run.pairs)[0], prior)
    for kind, pairs in {"validation": choosing(run.pairs)[0], "seen": seen}.items():
        sources, usual = torch.cat([pair.source for pair in pairs]), []
        for name, task in ON_SEEN.items():
            usual = show(f"{kind} pairs: {name}", TWO(edited(task, pairs, prior), sources), usual, pairs)


def rejected(pairs: Sequence[Pair], prior: Pipeline) -> None:
    """What did not help."""
    sources, usual = torch.cat([pair.source for pair in pairs]), []
    for name, (tasks, finishes) in RUNS.items():
        images = torch.stack([edited(task, pairs, prior) for task in tasks]).mean(0)
        for part, finish in finishes.items():
            usual = show(name + part, finish(images, sources), usual, pairs)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
