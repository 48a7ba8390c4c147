"""What limits an edit of a scene through its pictures: the pictures, the fit, or the scene that it starts from.

    python -m benchmarks.scene_limits [--pairs 12]

For seen pairs, the relative error |x - answer| / |source - answer| of these, and what they change where nothing must:

- `pictures`: the edited pictures, against the true ones from the same cameras,
- `source + change`: pictures of the source scene plus the true change, which is the perfect edit of an imperfect scene,
- `scene`: what `potstill bench scenes` scores, the scene that is fitted to the edited pictures,
- `fit`: a scene that is fitted to the true pictures from the same cameras in as many steps, and in four times as many.

With one thread, 10 seconds of CPU time for a pair.
"""

from collections import defaultdict
from dataclasses import dataclass

import torch
import tyro
from torch import Generator

import potstill
from potstill.bench.editing import Preview
from potstill.bench.emoji_pairs import select_evenly
from potstill.bench.scene_judge import SceneJudge
from potstill.bench.scene_pairs import ScenePair, known_to, scene_pairs
from potstill.bench.scene_pictures import strip, truth
from potstill.bench.scene_starts import look, start
from potstill.bench.scene_suite import new_edit
from potstill.scenes import Cameras
from potstill.scenes.snapshots import Snapshots
from potstill.scenes.viewing import Solid
from potstill.tasks.scenes.presets import PRESETS
from potstill.tasks.scenes.refitting import Refitting
from potstill.tensors import Images
from training.toys.looks import Look
from training.toys.pictures import SAMPLES, packed
from training.toys.scene_pairs import GROUPS, chosen, pictures, renderer

Found = dict[str, tuple[float, float]]
"""Error and change of each."""
WHITE = (1.0, 1.0, 1.0)
CHANGED = 0.05
"""The smallest change of a channel that counts, as in the scores."""


@dataclass(frozen=True)
class Run:
    """What is run."""

    pairs: int = 12
    """Seen pairs, balanced over the groups."""


def measured(each: ScenePair, looks: dict[str, Look], prior: potstill.Pipeline, judge: SceneJudge) -> Found:
    """The numbers of one pair."""
    task = new_edit(**PRESETS["edit"]["toys"])
    model, plan = task.model(prior), task.resolve()
    viewing = task.viewing(model)
    scene, source = (start(each.source, "gaussians", viewing) for _ in range(2))
    old, new = ({**model.encode_prompt(text), **task.size_of(model, scene)} for text in (each.source, each.target))
    loop = task.loop(scene, model, Generator().manual_seed(task.seed), new, old, source)
    assert isinstance(loop.state, Refitting)
    goal = None
    for step in loop.steps:
        goal = loop.state.goal if step.index == plan.steps - 1 else goal
    assert goal is not None
    snapshots = loop.state.pictures.scene
    assert isinstance(snapshots, Snapshots)
    cameras = Cameras.of_view(snapshots.fixed)
    before, answer = (_true(looks[text], cameras) for text in (each.source, each.target))
    seen = source.render(snapshots.fixed).detach()
    kept = ((answer - before).abs().amax(1, keepdim=True) <= CHANGED).expand_as(goal)

    def flat(x: Images) -> tuple[float, float]:
        return float((x - answer).norm() / (before - answer).norm()), float((x - seen)[kept].square().mean().sqrt())

    def solid(made: Solid) -> tuple[float, float]:
        first, last = (strip(look(one, truth().cameras)) for one in (source, made))
        scores = judge.of_preview(Preview(last, 0.0, 0.0, before=first), 0, each.pair())
        return scores["error"] or 0.0, scores["changed"] or 0.0

    found = {"pictures": flat(goal), "source + change": flat(seen + answer - before), "scene": solid(scene)}
    for times in (1, 4):
        fitted, steps = start(each.source, "gaussians", viewing), times * plan.fit_steps
        optimizer, falling = task.material.descent(fitted, steps, task.last_rate)
        for _ in snapshots.fit(fitted, answer, steps, Generator().manual_seed(task.seed), optimizer, falling):
            pass
        found[f"fit, {steps} steps"] = solid(fitted)
    return found


def _true(look: Look, cameras: Cameras) -> Images:
    return pictures(torch.from_numpy(packed(renderer(look.kind, look.missing)(cameras, SAMPLES))), look, WHITE)


def main(run: Run) -> None:
    """Print a line for each."""
    torch.set_num_threads(1)
    prior, judge = potstill.load("toys"), SceneJudge()
    looks = {end.caption(): end for group in GROUPS for ends in chosen(group, "seen") for end in ends}
    seen = [each for each in known_to(prior, scene_pairs()) if each.split == "seen"]
    rows = defaultdict[str, list[tuple[str, tuple[float, float]]]](list)
    for each in select_evenly(seen, run.pairs):
        for name, numbers in measured(each, looks, prior, judge).items():
            rows[name].append((each.group, numbers))
    for name, found in rows.items():
        error, change = (sum(numbers[k] for _, numbers in found) / len(found) for k in (0, 1))
        groups = {group: [numbers[0] for own, numbers in found if own == group] for group, _ in found}
        told = ", ".join(f"{group} {sum(errors) / len(errors):.2f}" for group, errors in groups.items())
        print(f"{name}: error {error:.3f}, changed {change:.3f}; {told}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
