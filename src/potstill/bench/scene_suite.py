"""The entries of `potstill bench scenes`: bounds, and methods as published and as found by a search.

`tuned_scenes.json` is written by `benchmarks/tune_scenes.py`, which gives every method the same budget, on seen pairs
only. The rates of a volume are a quarter of those of Gaussians, as in `potstill generate`.
"""

import json
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from potstill.bench.entries import Bound, Suite
from potstill.bench.scene_editing import best_fit, make_scenes, remade, true_views, unchanged
from potstill.bench.scene_starts import MATERIALS, Material
from potstill.methods import DDS, PDS, SDS, Method
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.presets import PRESETS

T = TypeVar("T", EditScene, GenerateScene)
TUNED = Path(__file__).parent / "tuned_scenes.json"
STEPS = 1000
"""Of published settings, which state 10,000 to 30,000 steps for scenes of a hundred times as many numbers."""


def new_edit(**settings: Any) -> EditScene:
    """An edit whose prompts are placeholders: those of the pairs are used."""
    return EditScene.of({"source": "source", "target": "target", **settings})


def new_generation(**settings: Any) -> GenerateScene:
    """A generation whose prompt is a placeholder."""
    return GenerateScene.of({"prompt": "prompt", **settings})


def published_edits() -> dict[str, EditScene]:
    """PDS as its released code edits NeRFs (arXiv 2311.13831), and in its place SDS and DDS, its rivals there."""
    shared = {**PRESETS["edit"]["pds-nerf"], "steps": STEPS}
    methods: dict[str, Method] = {"pds": PDS(), "dds": DDS(), "sds": SDS()}
    return {name: new_edit(**{**shared, "method": method}) for name, method in methods.items()}


def published_generations() -> dict[str, GenerateScene]:
    """SDS and SDI by the configurations of threestudio, from the cameras that the scores know."""
    free = ("distance", "fov")
    found = {}
    for name in ("sds", "sdi"):
        preset = PRESETS["generate"][f"{name}-threestudio"]
        settings = {key: value for key, value in preset.items() if key not in free}
        found[name] = new_generation(**{**settings, "steps": STEPS})
    return found


@cache
def tuned(command: str) -> dict[str, Any]:
    """The methods at the best settings found by the search, for "edit" or "generate", and the default of the model."""
    found = json.loads(TUNED.read_text())[command] if TUNED.exists() else {}
    found = {**found, "default": PRESETS[command]["toys"]}
    new = {"edit": new_edit, "generate": new_generation}[command]
    return {name: new(**settings) for name, settings in found.items()}


def suite(command: str, material: Material, network: bool = True) -> Suite:
    """What is measured.

    Args:
        command: "edit" or "generate".
        material: what scenes are made of.
        network: whether the model is a network, not a world, which knows other cameras.
    """
    fit = Bound(
        "fit",
        "a scene fitted to the answer's own pictures",
        partial(best_fit, material=material),
        needs_answer=True,
        seeded=False,
    )
    bounds = {
        "nothing": Bound(
            "nothing", "the source unchanged", partial(unchanged, material=material), free=True, seeded=False
        ),
        "answer": Bound("answer", "the answer itself", true_views, needs_answer=True, free=True, seeded=False),
        "fit": fit,
        "remade": Bound(
            "remade", "the answer's views, noised half way and sampled back by the model", remade, needs_answer=True
        ),
    }
    wanted = [*(["nothing"] if command == "edit" else []), "answer", "fit", *(["remade"] if network else [])]
    new, known = {"edit": (new_edit, published_edits), "generate": (new_generation, published_generations)}[command]
    made = partial(_made_of, material)
    return Suite(
        {name: bounds[name] for name in wanted},
        lambda: {name: made(task) for name, task in known().items()},
        lambda: {name: made(task) for name, task in tuned(command).items()},
        lambda **settings: made(new(**settings)),
        partial(make_scenes, material=material),
        Method,
        f"potstill {command}",
    )


def _made_of(material: Material, task: T) -> T:
    """The same task for a scene of this."""
    if material == "gaussians":
        return task
    rates = {name: each.learning_rate for name, each in MATERIALS.items()}
    rate = task.material.learning_rate * rates[material] / rates["gaussians"]
    chosen = {"scene": material} if isinstance(task, GenerateScene) else {}
    return replace(task, learning_rate=rate, **chosen)
