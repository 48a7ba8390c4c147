"""The tab 3D: scenes that are made or edited by the exact world or the model of toys, seen from all sides meanwhile."""

import json
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from potstill.errors import InputError
from potstill.fields import check_count, check_number
from potstill.io.gif import gif_bytes
from potstill.priors.vocabulary import read_vocabulary
from potstill.scenes import Cameras, Gaussians, Solid, Volume
from potstill.scenes.files import read_gaussians
from potstill.tasks.files.scenes import GAUSSIANS, MESHES, check_ending, scene_bytes
from potstill.tasks.runs.run import Run
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.run import look
from potstill.tasks.scenes.task import SceneTask
from potstill.tensors import Images
from potstill.web import limits
from potstill.web.calls import Answer, decoded, encoded, question, uploaded
from potstill.web.runs import TURNS, Runs
from potstill.web.scene_models import MODELS, beginning, methods_of, model, stated, total_steps, toys, viewing
from potstill.web.watching import (
    BeginTask,
    Nothing,
    OfRun,
    TakeFile,
    Visit,
    Watched,
    following,
    name_of,
    noted,
    picture,
)

EXAMPLES = Path(__file__).parent / "scenes"
"""Scenes to begin with: examples.json names each, with two prompts."""
SCENES: Runs[Visit] = Runs()


@dataclass(eq=False)
class Aim:
    """From where a visitor looks at the scenes."""

    azimuth: float = 30.0
    elevation: float = 15.0

    def move(self, azimuth: float | None, elevation: float | None) -> None:
        """Look from elsewhere; None is as before.

        Raises:
            InputError: an angle is out of range.
        """
        if azimuth is not None:
            check_number("azimuth", azimuth, -360.0, 360.0, usual="30")
            self.azimuth = azimuth
        if elevation is not None:
            check_number("elevation", elevation, -85.0, 85.0, usual="15")
            self.elevation = elevation

    def of(self, run: Run) -> Images:
        """A picture of what a run moves, at that time."""
        assert run.look is not None
        return run.look(self.cameras)

    @property
    def cameras(self) -> Cameras:
        """One, there."""
        return Cameras.orbit(self.azimuth, self.elevation, size=limits.VIEW)

    def __call__(self, scene: Solid) -> Images:
        """A picture of a scene from there."""
        return look(scene, self.cameras)


@dataclass(eq=False)
class SceneVisit(Visit):
    """The scenes of one visitor, and from where they are seen."""

    aim: Aim = field(default_factory=Aim)
    origin: Solid | None = None
    """The scene that an edit began with."""

    def whole(self) -> Answer:
        """As for every visit, with the kinds of files that can be saved."""
        volume = isinstance(self.runs[0].run.scene, Volume)
        return {"endings": [*(MESHES if volume else GAUSSIANS), ".gif"], "editable": not volume, **super().whole()}


@dataclass(frozen=True, kw_only=True)
class OfScene(OfRun):
    """A run that is under way, and from where to look at it; None is as before."""

    azimuth: float | None = None
    elevation: float | None = None

    def aim(self, visit: Visit) -> None:
        """Look from there, now and in the frames to come."""
        assert isinstance(visit, SceneVisit)
        visit.aim.move(self.azimuth, self.elevation)


scenes_find, scenes_advance = following("scenes", SCENES, OfScene)


@dataclass(frozen=True, kw_only=True)
class GivenScene:
    """A scene from a file."""

    scene: str = ""
    """A file of Gaussians, as a data URL."""
    ending: Literal[".ply", ".splat"] = ".ply"
    """Of the name of that file."""

    def read(self) -> Gaussians:
        """The scene.

        Raises:
            InputError: it cannot be read, or holds too many.
        """
        name = f"scene{self.ending}"
        with uploaded(decoded(self.scene, name), name) as path:
            return read_gaussians(path, viewing(), limits.GAUSSIANS)


@dataclass(frozen=True, kw_only=True)
class BeginScene(GivenScene, BeginTask):
    """A new scene; an edit begins with a file, with the scene of a run, or with an example."""

    task: Literal["generate", "edit"]
    model: Literal["world:toys", "toys"] = "world:toys"
    """The exact world, or the bundled network; each with the defaults of the command."""
    azimuth: float = Aim.azimuth
    elevation: float = Aim.elevation
    made_of: Literal["gaussians", "volume"] = "gaussians"
    """What a new scene consists of."""
    of_run: str = ""
    """A run of this tab whose scene is edited."""
    index: int = 0
    """Which scene of that run, -1 for the one that it began with; or which example."""

    def start(self) -> Gaussians:
        """The scene that is edited.

        Raises:
            InputError: it cannot be read, is gone, or does not consist of Gaussians.
        """
        if self.of_run:
            visit = SCENES.get(self.of_run)
            assert isinstance(visit, SceneVisit)
            scene = visit.origin if self.index == -1 else visit.run(self.index).run.scene
            if not isinstance(scene, Gaussians):
                raise InputError("only Gaussians can be edited: make the scene of them")
            return scene
        if self.scene:
            return self.read()
        check_count("index", self.index, len(_examples()) - 1, least=0)
        return _example(self.index)


@dataclass(frozen=True, kw_only=True)
class TakeScene(TakeFile):
    """A file of one scene."""

    kind: Literal[".ply", ".splat", ".glb", ".obj", ".gif"]


@cache
def _examples() -> list[dict[str, str]]:
    return json.loads((EXAMPLES / "examples.json").read_text("utf-8"))


def _example(index: int) -> Gaussians:
    return read_gaussians(EXAMPLES / _examples()[index]["file"], viewing())


@question(Nothing)
def scenes_examples(settings: Nothing) -> Answer:
    """Scenes to edit, with two prompts each, and the toys that prompts can name."""
    with TURNS.turn():
        shown = [{**each, "data": picture(Aim()(_example(n)))} for n, each in enumerate(_examples())]
    return {"examples": shown, "words": sorted({*read_vocabulary("toys").words})}


@question(GivenScene)
def scenes_open(settings: GivenScene) -> Answer:
    """A picture of a scene from a file."""
    with TURNS.turn():
        scene = settings.read()
        return {"data": picture(Aim()(scene)), "count": len(scene)}


@question(BeginScene)
def scenes_begin(settings: BeginScene) -> Answer:
    """Be ready for the first step of every method."""
    told, own = stated(settings.task, settings.model), settings.steps
    settings = replace(settings, steps=told.get("steps") if own is None else own)
    inputs: dict[str, Any] = {}
    aim = Aim()
    aim.move(settings.azimuth, settings.elevation)
    cls: type[SceneTask] = EditScene if settings.task == "edit" else GenerateScene
    with TURNS.turn(), noted() as notes:
        if settings.task == "edit":
            inputs["scene"] = settings.start()
            told |= {"source": settings.source, "target": settings.target}
        else:
            told |= {"prompt": settings.target, "scene": settings.made_of}
        tasks = settings.tasks(cls, methods_of(settings.task), limits.EDIT_STEPS, **told)
        started = {name: (task, task.start(inputs, model(settings.model))) for name, task in tasks.items()}
    runs = [Watched(name, run, total_steps(task), partial(aim.of, run)) for name, (task, run) in started.items()]
    task, run = next(iter(started.values()))
    assert run.scene is not None
    source = task.source_scene(run.scene)
    visit = SceneVisit(runs, notes, lambda: None if source is None else aim(source), aim=aim, origin=source)
    return {"run": SCENES.add(visit, settings.run), **visit.whole()}


@question(TakeScene)
def scenes_take(settings: TakeScene) -> Answer:
    """A scene as it is, with its settings inside a .ply or .glb; or a GIF of it that turns."""
    watched = SCENES.get(settings.run).run(settings.index)
    with TURNS.turn():
        result = watched.result()
        name = f"{watched.name.partition('(')[0].lower()}{settings.kind}"
        if settings.kind == ".gif":
            return encoded(gif_bytes(result.orbit, rest=0.06), name)
        assert result.scene is not None
        check_ending(name, isinstance(result.scene, Volume))
        return encoded(scene_bytes(result.scene, settings.kind, result.record), name)


def choices() -> Answer:
    """What the controls offer, and where they stand at first."""
    tasks = {"generate": GenerateScene, "edit": EditScene}
    return {
        "methods": {task: [*methods_of(task)] for task in tasks},
        "first": {task: name_of(cls.method, methods_of(task)) for task, cls in tasks.items()},
        "models": MODELS,
        "begin": {
            "of": {task: {name: beginning(cls, task, name) for name in MODELS} for task, cls in tasks.items()},
            "guidance_scale": GenerateScene.default_guidance_scale,
            "seed": GenerateScene.seed,
        },
        "toys": toys(),
        "aim": {"azimuth": Aim.azimuth, "elevation": Aim.elevation},
        "limits": {"steps": limits.EDIT_STEPS},
    }


SERVER = (scenes_examples, scenes_open, scenes_begin, scenes_find, scenes_advance, scenes_take)
"""What the page may call."""
