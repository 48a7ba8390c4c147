"""Search the family of methods for the best edits at every number of network evaluations.

    python -m benchmarks.family [--trials 300]

A search for the highest PSNR to the true edit and the fewest evaluations at once (optuna's tree-structured Parzen
estimator, for several objectives), from 4 to 48 evaluations, over the space of `family_space.py`. Every trial stays in
build/family.db, and the next run goes on there. The best are then measured on the other pairs, beside the default, with
the 95 % interval of the paired difference; their settings, commands and numbers are written as JSON, and the front is
drawn.

The pairs are those of `training.validation`, whose answers neither training nor the benchmark has. On seen pairs,
methods might win that forget the source and draw the target from memory; `family_rejected.py` compares the order.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import optuna
import torch
import tyro
from optuna.trial import FrozenTrial, TrialState

from benchmarks import family_space
from benchmarks.family_ablation import row
from potstill import load
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair, select_evenly
from potstill.bench.reference_based import scores
from potstill.bench.settings import new_task
from potstill.errors import InputError, NotFiniteError
from potstill.io.files import write
from potstill.io.plotting import BLUE, GREY, RED, new_figure, png
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.editing import Edit
from training import validation

BATCH = 10
FEWEST, MOST = 4, 48
PARTS, HOPELESS = 5, 0.6
"""A trial that is so many dB below the best after a fifth of the pairs or more ends there, with its mean over them.
It is comparable: the difference to the default edit on the same pairs is what is averaged."""
WHOLE = 4
"""One in so many trials is of the whole space; the others vary the numbers of the best that was known before."""
KEPT = ("method", "guidance_scale", "guidance", "optimizer", "learning_rate", "steps", "finish")


@dataclass(frozen=True)
class Run:
    """The size of the search, and the files."""

    trials: int = 300
    """Further trials; 0 only measures the best so far."""
    pairs: int = 40
    """Pairs of the search, balanced over the groups."""
    nearest: float = 0.1
    """Trials within so many dB of the front of the search are measured on the other pairs."""
    storage: Path = Path("build/family.db")
    """Where the trials are kept."""
    out: Path = Path("docs/results/family.json")
    """Where the numbers are written."""
    picture: Path = Path("docs/pictures/family.png")
    """Where the front is drawn."""


def choosing(count: int) -> tuple[list[Pair], list[Pair]]:
    """So many of the pairs to choose settings by, balanced over the groups, and the other ones, to check the choice."""
    pairs = validation.pairs()
    searched = select_evenly(pairs, count)
    names = {pair.name for pair in searched}
    return searched, [pair for pair in pairs if pair.name not in names]


def study(storage: Path) -> optuna.Study:
    """All trials so far."""
    storage.parent.mkdir(parents=True, exist_ok=True)
    sampler = optuna.samplers.TPESampler(multivariate=True, group=True, n_startup_trials=16, seed=0)
    return optuna.create_study(
        study_name="family",
        storage=f"sqlite:///{storage}",
        sampler=sampler,
        directions=["maximize", "minimize"],
        load_if_exists=True,
    )


def affordable(task: Edit, evaluations: int, pair: Pair, prior: Pipeline) -> Edit:
    """With the number of steps that so many evaluations allow, from a short run: the cost of a step differs by t."""
    short = replace(task, steps=max(1, evaluations // 4))
    *_, last = edit_pairs(short, [pair], prior)
    return replace(task, steps=max(1, int(evaluations * short.steps / last.evaluations)))


def measure(task: Edit, pairs: Sequence[Pair], prior: Pipeline) -> tuple[list[dict[str, Any]], float]:
    """The scores of every pair, and the evaluations of each."""
    found, evaluations = [], 0.0
    for at in range(0, len(pairs), BATCH):
        part = pairs[at : at + BATCH]
        *_, last = edit_pairs(task, part, prior)
        evaluations = last.evaluations
        for pair, image in zip(part, last.images, strict=True):
            assert pair.answer is not None
            assert pair.edit_region is not None
            each = scores(image[None], pair.source, pair.answer, pair.edit_region)
            found.append({"name": pair.name, "group": pair.group, **each})
    return found, evaluations


def command(settings: dict[str, Any]) -> str:
    """The command line of an edit."""
    options = " ".join(
        f"--{name.replace('_', '-')} " + (f'"{value}"' if "(" in str(value) else str(value))
        for name, value in settings.items()
    )
    return f'potstill edit heart.png --source "red heart" --target "blue heart" {options}'


def search(run: Run, prior: Pipeline) -> None:
    """Run the trials."""
    known = study(run.storage)
    pairs, _ = choosing(run.pairs)
    pairs = [pair for first in range(PARTS) for pair in pairs[first::PARTS]]  # each part has all groups
    if not known.trials:
        for params in family_space.KNOWN:
            known.enqueue_trial(params)
    default, _ = measure(new_task(), pairs, prior)
    usual = [each["psnr"] for each in default]

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        evaluations = trial.suggest_int("evaluations", FEWEST, MOST, log=True)
        try:
            task = affordable(family_space.edit(trial, evaluations), evaluations, pairs[0], prior)
            trial.set_user_attr("settings", {name: task.settings_as_run()[name] for name in KEPT})
            found: list[dict[str, Any]] = []
            best = [each.values[0] for each in complete(known) if each.values[1] <= evaluations]
            for first in range(0, len(pairs), part := -(-len(pairs) // PARTS)):
                more, cost = measure(task, pairs[first : first + part], prior)
                if not FEWEST <= cost <= MOST:
                    raise optuna.TrialPruned(f"{cost:g} evaluations")
                found += more
                psnr = fmean(usual) + fmean(each["psnr"] - its for each, its in zip(found, usual, strict=False))
                if psnr < max(best, default=0.0) - HOPELESS:
                    break
        except (InputError, NotFiniteError) as error:  # a combination that is refused, or diverges
            raise optuna.TrialPruned(str(error)) from error
        trial.set_user_attr("pairs", len(found))
        print(f"{trial.number}: {psnr:.2f} dB of {len(found)}, {cost:g} evaluations, {trial.user_attrs['settings']}")
        return psnr, cost

    whole = known.sampler
    fixed = optuna.samplers.PartialFixedSampler(family_space.WINNER, whole)
    for number in range(run.trials):
        known.sampler = fixed if number % WHOLE else whole
        known.optimize(objective, 1)


def complete(known: optuna.Study) -> list[FrozenTrial]:
    """The trials that have numbers."""
    return [trial for trial in known.get_trials(deepcopy=False) if trial.state is TrialState.COMPLETE]


def near(trials: Sequence[FrozenTrial], within: float) -> list[FrozenTrial]:
    """Those that no other beats by more than so many dB at no more evaluations, one for each settings."""
    kept: dict[str, FrozenTrial] = {}
    for trial in trials:
        best = max(each.values[0] for each in trials if each.values[1] <= trial.values[1])
        if trial.values[0] >= best - within:
            kept[json.dumps(trial.user_attrs["settings"])] = trial
    return list(kept.values())


def front(run: Run, prior: Pipeline) -> None:
    """Measure, write and draw."""
    searched, pairs = choosing(run.pairs)
    trials = complete(study(run.storage))
    usual, cost = measure(new_task(), pairs, prior)
    points = [point(new_task(), usual, cost, usual, pairs)]
    for trial in near([trial for trial in trials if trial.user_attrs["pairs"] == run.pairs], run.nearest):
        task = Edit.of({"source": "source", "target": "target", **trial.user_attrs["settings"]})
        points.append(point(task, *measure(task, pairs, prior), usual, pairs))
        print(points[-1], flush=True)
    there = fmean(each["psnr"] for each in measure(new_task(), searched, prior)[0])
    finished(run, points, trials, there)


def point(
    task: Edit,
    found: Sequence[dict[str, float]],
    cost: float,
    usual: Sequence[dict[str, float]],
    pairs: Sequence[Pair],
) -> dict[str, Any]:
    """An edit with its numbers beside the default's."""
    settings = {name: task.settings_as_run()[name] for name in KEPT}
    return {"evaluations": cost, **row(found, usual, pairs), "settings": settings, "command": command(settings)}


def finished(run: Run, points: list[dict[str, Any]], trials: Sequence[FrozenTrial], there: float) -> None:
    """Write and draw the front of the points, the default first; `there` is its PSNR on the pairs of the search."""
    default = points[0]
    points = sorted(points, key=lambda point: (point["evaluations"], -point["psnr"]))
    best = [p for p in points if all(q["psnr"] < p["psnr"] or q is p for q in points[: points.index(p) + 1])]
    about = {"trials": len(trials), "searched": run.pairs, "default_there": round(there, 3), "default": default}
    write(run.out, (json.dumps({**about, "front": best, "measured": points}, indent=1) + "\n").encode())
    write(run.picture, draw([(*trial.values,) for trial in trials], best, there))


def draw(trials: Sequence[Sequence[float]], best: Sequence[dict[str, Any]], there: float) -> bytes:
    """The trials as dots and the front as a line, as differences to the default on the same pairs."""
    figure, axes = new_figure(1, 1, "", size=5.5)
    axis = axes[0, 0]
    axis.axhline(0, color=GREY, lw=0.8)
    axis.plot([cost for _, cost in trials], [psnr - there for psnr, _ in trials], ".", color=BLUE, ms=4, label="trials")
    front = ([p["evaluations"] for p in best], [p["difference"] for p in best])
    axis.errorbar(*front, [p["half_interval"] for p in best], color=RED, fmt="o", ms=5, capsize=3)
    axis.step(*front, where="post", color=RED, label="front, on pairs that the search did not use")
    axis.set_xscale("log")
    axis.set_xticks([4, 8, 16, 24, 32, 48], ["4", "8", "16", "24", "32", "48"], minor=False)
    axis.set_xticks([], minor=True)
    axis.set_ylim(-6, 1)
    axis.set_xlabel("network evaluations per edit")
    axis.set_ylabel("PSNR to the true edit beside the default's, dB")
    axis.legend(loc="lower right")
    return png(figure)


def main(run: Run) -> None:
    """Search, then measure the front."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    prior = load("emoji")
    if run.trials:
        search(run, prior)
    front(run, prior)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
