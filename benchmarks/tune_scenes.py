"""Find the best settings of every method on the seen pairs of `potstill bench scenes`, all with the same budget.

    python -m benchmarks.tune_scenes [--task generate] [--model toys] [--pairs 6] [--methods dds pds]

Every method has the same grid of guidance scales and learning rates, on the same pairs, and the same maximum of network
evaluations for a scene, over all views: a guided prediction counts twice, so its run has half the steps. The score is
the relative error, or of generations the rank of the caption. Writes `src/potstill/bench/tuned_scenes.json`, with the
hashes of the weights and of the scenes that a search rests on; a method that is not named keeps its settings. Six pairs
take about three minutes for a method on one quiet core.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import optuna
import torch
import tyro

import potstill
from potstill.bench.editing import Network
from potstill.bench.emoji_pairs import Pair, select_evenly
from potstill.bench.reference_based import Judge
from potstill.bench.scene_editing import make_scenes
from potstill.bench.scene_judge import PromptJudge, SceneJudge
from potstill.bench.scene_pairs import known_to, scene_pairs, scene_prompts
from potstill.bench.scene_pictures import data_hash
from potstill.bench.scene_suite import TUNED, new_edit, new_generation
from potstill.io.files import write
from potstill.methods import DDS, IDS, PDS, SDI, SDS, InfEdit, Method, ShrinkEdit
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene

METHODS: dict[str, dict[str, Method]] = {
    "edit": {"infedit": InfEdit(), "shrinkedit": ShrinkEdit(), "dds": DDS(), "pds": PDS(), "ids": IDS(), "sds": SDS()},
    "generate": {"sds": GenerateScene(prompt="prompt").method, "sdi": SDI()},
}
GRID = {"guidance_scale": [1.0, 2.0, 7.5], "learning_rate": [2.0, 4.0, 8.0]}
KEPT = ("method", "guidance_scale", "steps", "learning_rate", "views", "background")


@dataclass(frozen=True)
class Tune:
    """The budget."""

    task: Literal["edit", "generate"] = "edit"
    """Edits, or generations from prompts."""
    model: str = "toys"
    """What `potstill.load` takes."""
    methods: tuple[str, ...] = ()
    """Methods to tune; all by default."""
    pairs: int = 6
    """Seen pairs, balanced over the groups."""
    evaluations: int = 300
    """Maximum network evaluations per scene and trial, of all views."""


def cost(task: EditScene | GenerateScene, pairs: Sequence[Pair], prior: Network) -> float:
    """Network evaluations per scene and step."""
    *_, last = make_scenes(replace(task, steps=2), pairs[:1], prior)
    return last.evaluations / 2


def tune(run: Tune, method: Method, pairs: Sequence[Pair], prior: Network) -> tuple[dict[str, Any], float]:
    """The best settings of a method, and their score."""
    judge: Judge = SceneJudge() if run.task == "edit" else PromptJudge()
    found = dict[int, EditScene | GenerateScene]()
    score_name = judge.order
    assert score_name is not None

    def score(trial: optuna.Trial) -> float:
        chosen = {name: trial.suggest_float(name, min(values), max(values)) for name, values in GRID.items()}
        task = (new_edit if run.task == "edit" else new_generation)(method=method, **chosen)
        task = replace(task, steps=max(1, int(run.evaluations / cost(task, pairs, prior))))
        found[trial.number] = task
        values = []
        for pair in pairs:
            *_, last = make_scenes(task, [pair], prior)
            values.append(judge.of_preview(last, 0, pair)[score_name] or 0.0)
        print(f"  {sum(values) / len(values):.3f} {trial.params}", flush=True)
        return sum(values) / len(values)

    study = optuna.create_study(sampler=optuna.samplers.GridSampler(GRID, seed=0))
    study.optimize(score)
    return found[study.best_trial.number].settings(), float(study.best_value)


def main(run: Tune) -> None:
    """Tune, print, write."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    prior = potstill.load(run.model)
    everything = known_to(prior, scene_pairs() if run.task == "edit" else scene_prompts())
    pairs = [each.pair() for each in select_evenly([each for each in everything if each.split == "seen"], run.pairs)]
    budget = {
        "model": run.model,
        "weights": prior.identity.get("sha256"),
        "scenes": data_hash(),
        "trials": len(GRID["guidance_scale"]) * len(GRID["learning_rate"]),
        "pairs": len(pairs),
        "evaluations": run.evaluations,
    }
    for name in run.methods or METHODS[run.task]:
        settings, value = tune(run, METHODS[run.task][name], pairs, prior)
        document = json.loads(TUNED.read_text()) if TUNED.exists() else {"edit": {}, "generate": {}, "budget": {}}
        document[run.task][name] = {key: settings[key] for key in KEPT if settings[key] is not None}
        document["budget"][f"{run.task} {name}"] = {**budget, "score": round(value, 3)}
        write(TUNED, (json.dumps(document, indent=1) + "\n").encode())
        print(f"{name}: {value:.3f}, {document[run.task][name]}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Tune, description=__doc__))
