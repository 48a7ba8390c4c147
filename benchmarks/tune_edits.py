"""Find the best settings of every method on pairs that neither training nor the benchmark has, with one budget for all.

    python -m benchmarks.tune_edits [--trials 12] [--pairs 15] [--methods dds pds]

Each method gets the same number of trials of optuna's tree-structured Parzen estimator (Bergstra et al. 2011) on the
same pairs with the same seed, and each trial about as many network evaluations per image: the number of steps follows
from the cost of a step in a short run, which may be less than in a long one. The search covers the guidance scale from
1, and the learning rate and largest time of a method, or the strength or skipped share of a baseline. The score is the
relative error, without a finish. The pairs are those of `family.choosing`: on seen pairs, methods might win that draw
the target from memory. Writes `src/potstill/bench/tuned.json`; a method that is not named keeps its settings.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import optuna
import torch
import tyro
from optuna import Trial
from rich.console import Console

import potstill
from benchmarks.family import choosing
from potstill.baselines import Baseline, DDIMInversion, DDPMInversion, NullText, SDEdit
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair
from potstill.bench.reference_based import scores
from potstill.bench.settings import TUNED
from potstill.io.files import write
from potstill.methods import DDS, IDS, PDS, SDI, SDS, FlowEdit, Identity, InfEdit, Method, ShrinkEdit
from potstill.methods.finish import Untouched
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.editing import Edit
from potstill.tasks.settings.versions import versions

KEPT = ("method", "guidance_scale", "optimizer", "learning_rate", "steps")


@dataclass(frozen=True)
class Tune:
    """The budget."""

    methods: tuple[str, ...] = ()
    """Methods to tune; none means all."""
    trials: int = 12
    """Trials per method."""
    pairs: int = 20
    """Pairs, balanced over the groups."""
    evaluations: int = 100
    """Network evaluations per image and trial, by the cost of a step in a short run."""
    model: str = "emoji"
    """What `potstill.load` takes."""
    threads: int = 1
    """CPU threads."""


def scale(trial: Trial) -> float:
    """A guidance scale; a fifth of the range is no guidance, at half the evaluations."""
    return max(1.0, trial.suggest_float("guidance_scale", 0.5, 12.0, log=True))


def descended(method: Method, optimizer: str, low: float, high: float) -> Callable[[Trial], dict[str, Any]]:
    """The search space of a method, with learning rates from `low` to `high`."""

    def settings(trial: Trial) -> dict[str, Any]:
        top = trial.suggest_float("high", 0.5, 0.98)
        return {
            "method": replace(method, times=replace(method.times, high=top)),
            "optimizer": optimizer,
            "learning_rate": trial.suggest_float("learning_rate", low, high, log=True),
            "guidance_scale": scale(trial),
        }

    return settings


def sampled(method: Baseline, share: str | None = None) -> Callable[[Trial], dict[str, Any]]:
    """The search space of a baseline; `share` names its strength or skipped share."""

    def settings(trial: Trial) -> dict[str, Any]:
        changed = {share: trial.suggest_float(share, 0.1, 0.9)} if share else {}
        return {
            "method": replace(method, **changed),
            "guidance_scale": scale(trial),
        }

    return settings


SPACES: dict[str, Callable[[Trial], dict[str, Any]]] = {
    "sds": descended(SDS(), "adam", 0.003, 0.2),
    "sdi": descended(SDI(), "adam", 0.003, 0.2),
    "dds": descended(DDS(), "adam", 0.003, 0.2),
    "pds": descended(PDS(), "adam", 0.003, 0.2),
    "pds-consistent": descended(PDS.consistent(), "adam", 0.003, 0.2),
    "pds-identity": descended(PDS(coefficients=Identity(0.1)), "adam", 0.003, 0.2),
    "ids": descended(IDS(), "adam", 0.003, 0.2),
    "shrinkedit": descended(ShrinkEdit(), "sgd", 0.01, 1.0),
    "infedit": descended(InfEdit(), "sgd", 0.01, 1.0),
    "flowedit": descended(FlowEdit(), "sgd", 0.003, 0.1),
    "sdedit": sampled(SDEdit(), "strength"),
    "ddim-inversion": sampled(DDIMInversion()),
    "ddpm-inversion": sampled(DDPMInversion(), "skip"),
    "null-text": sampled(NullText()),
}


def error(task: Edit, pairs: list[Pair], prior: Pipeline) -> float:
    """The mean relative error."""
    *_, last = edit_pairs(task, pairs, prior)
    found = [scores(last.images[[n]], p.source, p.answer, p.edit_region)["error"] for n, p in enumerate(pairs)]  # type: ignore[arg-type]  emoji have answers
    return sum(found) / len(found)


def cost(task: Edit, pair: Pair, prior: Pipeline) -> float:
    """Network evaluations per image and step, from a short run."""
    short = replace(task, steps=20)  # enough for a baseline that skips a share of them
    *_, last = edit_pairs(short, [pair], prior)
    return last.evaluations / short.resolve().steps


def tune(run: Tune, name: str, pairs: list[Pair], prior: Pipeline) -> tuple[Edit, float]:
    """The best task and its error."""
    space, blank = SPACES[name], {"source": "source", "target": "target", "finish": Untouched()}

    def objective(trial: Trial) -> float:
        task = Edit(**blank, **space(trial))
        steps = max(4, int(run.evaluations / cost(task, pairs[0], prior)))
        task = replace(task, steps=steps)
        trial.set_user_attr("settings", {key: task.settings_as_run().get(key) for key in KEPT})
        return error(task, pairs, prior)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=5))
    study.optimize(objective, run.trials)
    return Edit.of({**blank, **study.best_trial.user_attrs["settings"]}), study.best_value


def main(run: Tune) -> None:
    """Search and store the best settings."""
    torch.set_num_threads(run.threads)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    console, prior = Console(stderr=True), potstill.load(run.model)
    pairs = choosing(run.pairs)
    found = json.loads(TUNED.read_text()) if TUNED.exists() else {"settings": {}, "errors": {}}
    for name in run.methods or SPACES:
        task, value = tune(run, name, pairs, prior)
        found["settings"][name] = {
            key: value for key, value in task.settings_as_run().items() if key in KEPT and value is not None
        }
        found["errors"][name] = round(value, 4)
        budget = {"trials": run.trials, "pairs": run.pairs, "evaluations": run.evaluations}
        found |= {"budget": budget, "versions": versions()}
        write(TUNED, (json.dumps(found, indent=1) + "\n").encode())
        console.print(f"{name}: {value:.3f}  {found['settings'][name]}")


if __name__ == "__main__":
    main(tyro.cli(Tune, description=__doc__))
