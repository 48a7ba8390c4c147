"""How few steps SDS, DDS and PDS need, which are driven by Adam, and at which rates.

    python -m benchmarks.family_steps [--pairs 12] [--names sds dds pds]

On pairs of `training.validation`, by the methods and guidance of `potstill bench edits --settings tuned`. With random
times a run of 200 steps has all shorter runs in it; with falling times every length is a run of its own. Prints, for
every length, the rate that is best there, and the first length within 0.1 dB of 200 steps. Writes all numbers, and goes
on where an earlier call was stopped.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import torch
import tyro

from benchmarks.family import choosing
from benchmarks.family_ablation import measured
from benchmarks.finish import edited
from potstill import load
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair
from potstill.bench.settings import new_task, tuned
from potstill.io.files import write
from potstill.methods import Method, ShrinkEdit
from potstill.methods.finish import TwoScales, Untouched
from potstill.methods.times import Annealed
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.editing import Edit

NAMES = ("sds", "dds", "pds")
LENGTHS = (2, 4, 8, 16, 32, 64, 128, 200)
RANDOM, FALLING = 0.02, {0.05: (64, 32), 0.1: (32, 16), 0.2: (16, 8), 0.4: (4,)}
"""The rate of the long run with random times, and the runs at each rate with falling times."""

WHOLE = ShrinkEdit(times=Annealed(low=0.2, high=0.96))
PLAIN = {
    "plain descent, ShrinkEdit in 2 steps at rate 1, 4 evaluations": new_task(
        method=WHOLE, steps=2, learning_rate=1.0, guidance_scale=1.0
    ),
    "the default edit, 16 evaluations": new_task(),
}
"""To compare with."""


@dataclass(frozen=True)
class Run:
    """The size of the measurement, and the file."""

    pairs: int = 12
    """Validation pairs, spread evenly over the groups."""
    names: tuple[str, ...] = NAMES
    """Methods to measure."""
    out: Path = Path("docs/results/family-steps.json")
    """Where the numbers are written."""


@dataclass(frozen=True)
class Descent:
    """Runs of one method at one rate."""

    name: str
    times: str
    rate: float
    lengths: Sequence[int]

    @property
    def key(self) -> str:
        """What it is, in words."""
        return f"{self.name}, {self.times} times, rate {self.rate:g}, {max(self.lengths)} steps"

    @property
    def task(self) -> Edit:
        """The longest run, without a finish."""
        task = tuned()[self.name]
        assert isinstance(task.method, Method)
        method = replace(task.method, times=Annealed(high=0.95)) if self.times == "falling" else task.method
        settings = {"steps": max(self.lengths), "learning_rate": self.rate, "optimizer": "adam"}
        return replace(task, method=method, finish=Untouched(), **settings)


def descents(names: Sequence[str]) -> Iterator[Descent]:
    """All runs, the short ones first."""
    for name in names:
        for rate, lengths in FALLING.items():
            yield from (Descent(name, "falling", rate, [length]) for length in lengths)
        yield Descent(name, "random", RANDOM, LENGTHS)


def measure(descent: Descent, pairs: Sequence[Pair], prior: Pipeline) -> list[dict[str, float]]:
    """The PSNR after so many steps, as the method leaves it and with the finish of the default."""
    sources, found, longest = torch.cat([pair.source for pair in pairs]), [], max(descent.lengths)
    for step, preview in enumerate(edit_pairs(descent.task, pairs, prior, previews=longest), 1):
        if step in descent.lengths:
            bare, done = (
                fmean(each["psnr"] for each in measured(images, pairs))
                for images in (preview.images, TwoScales()(preview.images, sources))
            )
            numbers = {"psnr": round(bare, 3), "finished": round(done, 3)}
            found.append({"steps": step, "evaluations": preview.evaluations, "rate": descent.rate, **numbers})
    return found


def table(found: dict[str, list[dict[str, float]]], name: str, score: str) -> Iterator[str]:
    """The best rate of every length, for both kinds of times."""
    rows = [(key.split(", ")[1], row) for key, rows in found.items() if key.startswith(f"{name},") for row in rows]
    longest = max(row[score] for _, row in rows if row["steps"] == max(LENGTHS))
    near = min(row["steps"] for _, row in rows if row[score] >= longest - 0.1)
    yield f"{name}, {score}: {longest:.2f} dB in {max(LENGTHS)} steps at the best rate, {near} steps are within 0.1 dB"
    for steps in LENGTHS:
        times, best = max((each for each in rows if each[1]["steps"] == steps), key=lambda each: each[1][score])
        yield (
            f"  {steps} steps, {best['evaluations']:g} evaluations: {best[score]:.2f} dB, {times}, rate {best['rate']}"
        )


def main(run: Run) -> None:
    """Measure, write and print."""
    torch.set_num_threads(1)
    prior, (pairs, _) = load("emoji"), choosing(run.pairs)
    for descent in descents(run.names):
        if descent.key not in known(run.out):
            rows = measure(descent, pairs, prior)
            runs = {**known(run.out), descent.key: rows}  # which another call may have added to
            write(run.out, (json.dumps({"pairs": len(pairs), "runs": runs}, indent=1) + "\n").encode())
    for name in run.names:
        for score in ("psnr", "finished"):
            print("\n".join(table(known(run.out), name, score)))
    sources = torch.cat([pair.source for pair in pairs])
    for name, task in PLAIN.items():
        images = edited(task, pairs, prior)
        numbers = [
            fmean(each["psnr"] for each in measured(some, pairs)) for some in (images, TwoScales()(images, sources))
        ]
        print(f"{name}: {numbers[0]:.2f} dB, finished {numbers[1]:.2f}")


def known(out: Path) -> dict[str, list[dict[str, float]]]:
    """What was measured before."""
    return json.loads(out.read_text())["runs"] if out.exists() else {}


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
