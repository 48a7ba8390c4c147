"""Find the best settings of every method on the seen pairs of `potstill bench drawings`, all with the same budget.

    python -m benchmarks.tune_drawings [--trials 8] [--pairs 10] [--methods dds pds]

As `benchmarks/tune_edits.py`: the same number of trials of optuna's sampler on the same pairs, each with the same
maximum of network evaluations for a drawing. The search covers the guidance scale from 1, the rate of colours, with
that of points a 60th of it, and the largest time. The score is the relative error at 64 pixels. Writes
`src/potstill/bench/tuned_drawings.json`; a method that is not named keeps its settings.
"""

import json
from dataclasses import dataclass, replace

import optuna
import torch
import tyro

import potstill
from potstill.bench.drawing_editing import edit_drawings
from potstill.bench.drawing_judge import DrawingJudge
from potstill.bench.drawing_pairs import drawing_pairs
from potstill.bench.drawing_suite import TUNED, new_task
from potstill.bench.emoji_pairs import Pair, select_evenly
from potstill.io.files import write
from potstill.methods import DDS, IDS, PDS, SDS, InfEdit, Method
from potstill.priors.pipeline import Pipeline
from potstill.tasks.drawings.editing import EditDrawing

METHODS: dict[str, Method] = {"sds": SDS(), "dds": DDS(), "pds": PDS(), "ids": IDS(), "infedit": InfEdit()}
KEPT = ("method", "guidance_scale", "steps", "colour_rate", "point_rate")


@dataclass(frozen=True)
class Tune:
    """The budget."""

    methods: tuple[str, ...] = tuple(METHODS)
    """Methods to tune."""
    trials: int = 8
    """Trials per method."""
    pairs: int = 10
    """Seen pairs, balanced over the groups."""
    evaluations: int = 120
    """Maximum network evaluations per drawing and trial."""


def cost(task: EditDrawing, pairs: list[Pair], prior: Pipeline) -> float:
    """Network evaluations per drawing and step."""
    *_, last = edit_drawings(replace(task, steps=2), pairs[:1], prior)
    return last.evaluations / 2


def tune(run: Tune, name: str, pairs: list[Pair], prior: Pipeline) -> tuple[EditDrawing, float]:
    """The best settings of a method, and their error."""
    judge, found = DrawingJudge(), dict[int, EditDrawing]()

    def error(trial: optuna.Trial) -> float:
        method, colours = METHODS[name], trial.suggest_float("colour_rate", 0.005, 0.2, log=True)
        task = new_task(
            method=replace(method, times=replace(method.times, high=trial.suggest_float("high", 0.5, 0.98))),  # type: ignore[call-arg]
            guidance_scale=max(1.0, trial.suggest_float("guidance_scale", 0.5, 12.0, log=True)),
            colour_rate=colours,
            point_rate=colours / 60,
        )
        task = replace(task, steps=max(1, int(run.evaluations / cost(task, pairs, prior))))
        *_, last = edit_drawings(task, pairs, prior)
        found[trial.number] = task
        errors = [judge.of_preview(last, index, pair)["error"] for index, pair in enumerate(pairs)]
        return sum(each for each in errors if each is not None) / len(errors)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(error, n_trials=run.trials)
    return found[study.best_trial.number], float(study.best_value)


def main(run: Tune) -> None:
    """Tune, print, write."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    prior = potstill.load("emoji")
    seen = [pair for pair in drawing_pairs() if pair.split == "seen"]
    pairs = [each.pair() for each in select_evenly(seen, run.pairs)]
    for name in run.methods:
        task, error = tune(run, name, pairs, prior)
        document = json.loads(TUNED.read_text()) if TUNED.exists() else {"settings": {}}
        document["settings"][name] = {key: value for key, value in task.settings().items() if key in KEPT}
        document["budget"] = {"trials": run.trials, "pairs": run.pairs, "evaluations": run.evaluations}
        write(TUNED, (json.dumps(document, indent=1) + "\n").encode())
        print(f"{name}: error {error:.3f}, {document['settings'][name]}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Tune))
