"""potstill edit and generate on 3-D scenes."""

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, get_type_hints

from potstill.cli.compare import ComparisonCommand
from potstill.cli.interrupts import note
from potstill.cli.output import Model, RunCommand, RunOutput
from potstill.cli.viewer import Viewer, viser_module
from potstill.io.files import write_drawing
from potstill.io.mp4 import ffmpeg, mp4_bytes
from potstill.io.outputs import FileOutputs, Outputs
from potstill.priors.pipeline import Pipeline
from potstill.tasks.files.scenes import MESHES, VIDEO, check_ending, scene_kind, scene_outputs
from potstill.tasks.runs.checkpoint import ENDING
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.scenes.comparing import CompareScenes
from potstill.tasks.scenes.editing import EditScene
from potstill.tasks.scenes.generating import GenerateScene
from potstill.tasks.scenes.task import SceneTask
from potstill.tasks.settings.models import load_spec
from potstill.tasks.settings.parsing import coerce
from potstill.tasks.settings.schema import Positional
from potstill.tensors import Images
from potstill.worlds.toys.prior import Toys

TOYS = Model("world:toys")
FEW = 30
"""Steps below which a grey ball is still one."""


@dataclass(frozen=True)
class SceneOutput(RunOutput):
    """The output and where it is written."""

    out: Path
    """The scene to write: .ply or .splat, or for a volume .glb or .obj; without an ending .ply or .glb. The edit of a
    mesh may be a .glb as well: its shape stays, and its colours or its texture change. A PNG of views, a GIF of an
    orbit and a JSON file are written beside it. If a file of that name exists, the next free name is taken, such as
    edit-2.ply."""
    gif: bool = False
    """Also write an animation of how the scene came about, NAME.gif; NAME-orbit.gif, which turns, is always written."""
    mp4: bool = False
    """Also write the orbit as a video, NAME-orbit.mp4. It needs the program ffmpeg."""
    view: bool = False
    """Show the scene in the browser during the run, and after it until Ctrl-C. It needs viser: pip install
    potstill[view]."""

    written: ClassVar = (*RunOutput.written, "mp4")

    def outputs(self, count: int) -> FileOutputs:
        """All that may be written.

        Raises:
            InputError: `out` does not end like a scene.
        """
        return scene_outputs(self.out, ENDING)

    def completed(self, task: Any) -> RunOutput:
        """With the ending of the scene.

        Raises:
            InputError: it has that of another kind.
        """
        volume, out = getattr(task, "scene", "") == "volume", self.out
        if out.name and not out.suffix:
            out = out.with_name(f"{out.name}{'.glb' if volume else '.ply'}")
        check_ending(out, volume, isinstance(task, EditScene))  # of a mesh: see `EditSceneCommand`
        return replace(self, out=out)

    def check(self, count: int, inputs: Sequence[Path], resumed: bool = False) -> None:
        """As for other outputs; also check that the packages for the page and the video are installed.

        Raises:
            InputError: a name cannot be written to, or a package is missing.
        """
        super().check(count, inputs, resumed)
        if self.mp4:
            ffmpeg()
        if self.view:
            viser_module()

    def run_and_write(
        self, run: Run, model: Model, inputs: Sequence[Path], began: float, resumed: Path | None = None
    ) -> None:
        """As for other outputs; with `view`, also show the scene in the browser."""
        stated = run.record["settings"]
        if (steps := stated["steps"] or FEW) < FEW and not str(stated.get("route")).startswith("Refit"):
            note(
                f"{steps} steps are too few to judge a method or a prompt by: the default is {SceneTask.default_steps}"
            )
        if not self.view:
            super().run_and_write(run, model, inputs, began, resumed)
            return
        assert run.scene is not None
        viewer = Viewer()
        try:
            note(f"{viewer.address} shows the run")
            run.steps = viewer.follow(run.scene, run.steps)
            super().run_and_write(run, model, inputs, began, resumed)
            note(f"{viewer.address} still shows the result; Ctrl-C ends it")
            viewer.wait()
        finally:
            viewer.close()

    def animations(self, result: Result, frames: list[Images], outputs: Outputs) -> list[Path]:
        """How it came about, and the orbit as a video."""
        places = super().animations(result, frames, outputs)
        if self.mp4:
            places += write_drawing(outputs.member(VIDEO), lambda: mp4_bytes(result.orbit))
        return places


@dataclass(frozen=True, kw_only=True)
class SceneCommand(RunCommand, abc.ABC):
    """A command that makes a scene."""

    presets: ClassVar[str]
    """Where its presets are found."""

    def load(self) -> Pipeline | Toys:
        """The model, or the world."""
        return load_spec(self.model.spec())

    @classmethod
    def task_values(cls, values: Mapping[str, Any]) -> dict[tuple[str, ...], Any]:
        """Settings of the task by their paths, as the parser finds them.

        Raises:
            InputError: a value does not fit its field.
        """
        kind = get_type_hints(cls)["task"]
        hints = get_type_hints(kind)
        return {("task", name): coerce(value, hints[name], name) for name, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class GenerateSceneCommand(SceneCommand):
    """Generate a 3-D scene from a prompt: Gaussians, or a volume whose surface is written as a mesh. The default model,
    world:toys, knows some toys; --model toys knows more, and for anything else give a text-to-image model with --model.

    By default the model is an exact world: the score of pictures of toys from every side is known in closed form. It
    knows a teapot, snowman, mug, mushroom, rocket, tree, chair, lamp, house, duck, owl and more in two colours each;
    an unknown prompt lists them all. Any text-to-image model takes its place with --model, and gets the view as
    words in the prompt.

        potstill generate "red teapot" --scene gaussians
        potstill generate "red teapot" --scene volume --out teapot.glb
        potstill generate "a red teapot" --scene gaussians --model FOLDER --preset sds-threestudio

    Writes the scene, a PNG of eight views and a GIF of an orbit. The PNG, a .ply and a .glb carry all settings:
    `potstill replay` runs them again.
    """

    task: GenerateScene
    preset: Literal["toys", "sds-threestudio", "sdi-threestudio"] | None = None
    """Settings by name; options override them. toys is the default of --model toys. The others were released for Stable
    Diffusion, for thousands of steps on a GPU."""
    model: Model = TOYS
    output: SceneOutput = field(default_factory=lambda: SceneOutput(Path("generate")))

    presets: ClassVar = "generate"


@dataclass(frozen=True, kw_only=True)
class EditSceneCommand(SceneCommand):
    """Edit a 3-D scene with two prompts: one describes the scene, the other what it should become. A scene that a
    bundled model made is edited by that model. Otherwise the default is world:toys, which knows some toys; --model toys
    knows more, and for anything else give a text-to-image model with --model.

    What the prompts have in common is kept, and what differs is changed. The source of the edit is the scene as it was,
    from every view, so nothing but the file is needed. A mesh becomes Gaussians on its surface.

        potstill edit teapot.ply --source "red teapot" --target "blue teapot"
        potstill edit teapot.glb --source "red teapot" --target "blue teapot" --out blue.glb
        potstill edit room.ply --cameras transforms.json --source "a room" --target "a room in snow" --model FOLDER

    Writes the scene, a PNG of four views above the same views of the result, and a GIF of an orbit. The PNG, a .ply and
    a .glb carry all settings: `potstill replay` runs them again.
    """

    scene: Positional[Path]
    """The scene: Gaussians in a .ply or .splat, or a mesh in a .glb or .obj; around the origin, with z up."""
    task: EditScene
    cameras: Path | None = None
    """A transforms.json with the cameras that look at the scene in each step, instead of an orbit around the origin."""
    mask: Path | None = None
    """Edit only the Gaussians that this file selects; the others stay as they are, to the bit. A .txt or .npy with
    their numbers, from 0, or a .ply with as many vertices and a column "selected"."""
    preset: Literal["toys", "pds-nerf"] | None = None
    """Settings by name; options override them. toys is the default of --model toys. The others were released for Stable
    Diffusion, for thousands of steps on a GPU."""
    model: Model = TOYS
    output: SceneOutput = field(default_factory=lambda: SceneOutput(Path("edit")))

    def __post_init__(self) -> None:
        """Check that only a mesh becomes one."""
        if self.scene != Path() and self.output.out.suffix.lower() in MESHES:
            check_ending(self.output.out, False, scene_kind(self.scene) in MESHES)

    presets: ClassVar = "edit"


@dataclass(frozen=True, kw_only=True)
class CompareScenesCommand(ComparisonCommand):
    """Run several methods on 3-D scenes from the same start and show the results side by side.

    With a scene the methods edit it; without one they generate --prompt.

        potstill compare teapot.ply --source "red teapot" --target "blue teapot" --methods dds pds
        potstill compare --prompt "red teapot" --scene gaussians

    Writes compare.png (four views of the source and of each result, and where they differ), compare.gif (they turn),
    compare.json (settings and numbers), and each result as a scene that can be replayed.
    """

    scene: Positional[Path | None] = None
    """The scene to edit: a .ply, .splat, .glb or .obj. Without one, --prompt is generated."""
    task: CompareScenes
    cameras: Path | None = None
    """A transforms.json with the cameras that look at the scene in each step, instead of an orbit around the origin."""
    mask: Path | None = None
    """Edit only the Gaussians that this file selects; the others stay as they are, to the bit. A .txt or .npy with
    their numbers, from 0, or a .ply with as many vertices and a column "selected"."""
    model: Model = TOYS
