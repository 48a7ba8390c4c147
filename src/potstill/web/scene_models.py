"""The models of the tab 3D, the exact world and the network of toys, and what each begins with."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from potstill.methods import named
from potstill.priors.pipeline import Pipeline
from potstill.priors.vocabulary import read_vocabulary
from potstill.scenes.viewing import Viewing
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.models import scene_model
from potstill.tasks.scenes.presets import default_preset, with_preset
from potstill.tasks.scenes.task import SceneTask
from potstill.tasks.settings.models import load
from potstill.tasks.settings.parsing import to_text
from potstill.web import limits
from potstill.web.calls import Answer
from potstill.worlds.toys.prior import Toys

MODELS = ("world:toys", "toys")
"""The exact world first."""


@cache
def model(name: str = MODELS[0]) -> Pipeline | Toys:
    """The model of a name, loaded once."""
    return load(name)


@cache
def viewing() -> Viewing:
    """How the world looks at its toys; its background is that of all views here."""
    return EditScene(source="red", target="blue").viewing(scene_model(model(), None))


def toys() -> dict[str, list[str]]:
    """What prompts can name, by the model."""
    world, groups = model(), read_vocabulary("toys").groups
    assert isinstance(world, Toys)
    subjects = [text for name, texts in groups.items() if name.startswith("subjects") for text in texts]
    return dict(zip(MODELS, ([toy.caption for toy in world.bank.classes], subjects), strict=True))


def methods_of(task: str) -> Mapping[str, Any]:
    """The methods of a task by name, its own default first."""
    if task == "edit":
        return named()
    own = GenerateScene.method
    return {to_text(own): own, **{name: method for name, method in named().items() if not method.edits}}


def stated(command: str, name: str) -> dict[str, Any]:
    """The settings of a task by a model where its visitor states none: those of the command, and what is quicker."""
    preset = with_preset(default_preset(name), command, {})
    quick = {} if "route" in preset else {"steps": limits.SCENE["steps"]}  # pictures take few steps
    return {**preset, **quick, **({"size": limits.SCENE["size"]} if name == MODELS[0] else {})}


def total_steps(task: SceneTask) -> int:
    """The steps of a run, those of a fit as well."""
    plan = task.resolve()
    return plan.steps + plan.fit_steps


def beginning(cls: type[SceneTask], command: str, name: str) -> Answer:
    """Where the controls of a task stand at first; no steps are those of the method."""
    begin = stated(command, name)
    return {"steps": begin.get("steps"), "guidance_scale": begin.get("guidance_scale", cls.default_guidance_scale)}
