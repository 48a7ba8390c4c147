"""potstill world."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from potstill.cli.console import print_records, print_written, to_json
from potstill.cli.interrupts import claimed, run_resumably
from potstill.cli.output import SECONDS
from potstill.errors import InputError
from potstill.io.claims import check_outputs
from potstill.io.files import write, write_drawing
from potstill.io.outputs import FolderOutputs
from potstill.methods import Method
from potstill.tasks.runs.checkpoint import ENDING, Saved
from potstill.tasks.runs.resuming import finalise
from potstill.tasks.settings.effects import note_repeats
from potstill.tasks.settings.parsing import from_text, from_values
from potstill.tasks.settings.schema import Advanced, Option
from potstill.tasks.settings.versions import versions
from potstill.worlds import EditStudy, Study, ViewsStudy, load_world
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import Block, Cloud, ToyScene
from potstill.worlds.toys.study import EDIT, EDIT_RATE, GENERATE, STEPS, ToysStudy
from potstill.worlds.toys.views import ByCamera, BySector, Untold, ViewKnowledge
from potstill.worlds.views_study import COMPARED

SCENES: dict[str, ToyScene] = {"gaussians": Cloud(), "volume": Block()}
KNOWLEDGE: dict[str, ViewKnowledge] = {"camera": ByCamera(), "sector": BySector(), "nothing": Untold()}


@dataclass(frozen=True)
class WorldCommand:
    """Compare score distillation methods on 2-D points, where the score is exact.

    Every method moves the red points of class 1 to the blue class 2, from the same start with the same number of
    steps. The score has no error, so the picture shows the method and nothing else. In `views` the points are 3-D and
    seen by another random camera in every step, and noise sources are compared instead of methods. In `toys` a cloud of
    Gaussians becomes a small 3-D object, or another one, from pictures whose exact score is known for every camera.

        potstill world moons
        potstill world rings --methods sds dds "PDS(noise=Fixed())"
        potstill world toys --target "red teapot"
        potstill world toys --task edit --source "red teapot" --target "blue teapot"

    Writes world.png (a panel for each method), world.gif (the moving points) and world.json (the numbers).
    """

    name: Annotated[str, Option(positional=True, metavar="WORLD")]
    """moons, blobs, rings, spirals, grid, views, toys, or a file: .csv (x, y, label) or .npz (points, labels). The
    smaller label is class 1."""
    methods: tuple[str, ...] = ()
    """Names or expressions such as "DDS(noise=Fixed())"; by default sds dds pds pds-consistent. Noise sources in views
    and toys, by default sds mixed cached sdi; to edit toys infedit dds sds pds."""
    guidance_scale: float | None = None
    """uncond + scale (cond - uncond), as in diffusers: 0 is unconditional, 1 conditional; by default 7.5, or 1 to edit
    toys."""
    points: int | None = None
    """Number of points, 1 to 100,000, by default 200; toys have none."""
    steps: int | None = None
    """Optimiser steps of each method; by default 1,500, 1,000 in views, or 300 in toys."""
    task: Literal["generate", "edit"] | None = None
    """With toys: whether one is generated from a grey ball (the default), or edited from another one."""
    source: str | None = None
    """With toys: the caption of what an edit starts from; by default "red teapot"."""
    target: str | None = None
    """With toys: the caption of what it becomes; by default "red teapot", or to edit "blue teapot"."""
    scene: Literal["gaussians", "volume"] | None = None
    """With toys: what a toy is made of, by default gaussians."""
    knows: Literal["camera", "sector", "nothing"] | None = None
    """With toys: what the exact score knows of the view, by default the camera; "sector" is front, side or back, and
    with "nothing" all of its pictures were taken from the front."""
    seed: int = 0
    """Random seed: the same seed gives the same bytes on the same machine."""
    out: Path | None = None
    """The folder to write to; by default world-WORLD. If it holds such files, the next free name is taken, such as
    world-moons-2."""
    overwrite: bool = False
    """Replace existing files instead of taking the next free name."""
    json: bool = False
    """Print world.json instead of the table."""
    checkpoint_every: Advanced[float] = SECONDS
    """Seconds between checkpoints for `potstill resume`; 0 writes one only when interrupted."""

    @classmethod
    def from_checkpoint(cls, saved: Saved) -> "WorldCommand":
        """The command that a checkpoint belongs to."""
        every, json = saved.option("checkpoint_every", float), saved.option("json", bool)
        stated = from_values(cls, saved.record["settings"])
        return replace(stated, out=saved.path.parent, json=json, checkpoint_every=every)

    def run(self, resumed: Path | None = None) -> None:
        """Compare, write, print."""
        study = self._study()
        folder = self.out or Path(f"world-{study.name}")
        outputs = FolderOutputs(folder, ("world.png", "world.gif", "world.json"), f"world{ENDING}")
        check_outputs(outputs, [Path(self.name)], self.overwrite or resumed is not None)
        options = {"json": self.json, "checkpoint_every": self.checkpoint_every}
        identity, running = (self._record(study), options, self.checkpoint_every), study.begin()
        rules: Any = {"inputs": [Path(self.name)], "overwrite": self.overwrite}
        with claimed(outputs, *identity, **rules, resumed=resumed) as (claim, checkpoint):
            run_resumably(running, running, checkpoint, required=resumed is not None)
            with finalise(running, checkpoint):
                self._finish(study, running.runs, claim.settle().path)

    def _record(self, study: Study | ToysStudy) -> dict[str, Any]:
        """The identity of the run. A world from a file is identified by its points, not by its name alone."""
        names = ("name", "methods", "guidance_scale", "points", "steps", "task", "source", "target")
        names += ("scene", "knows", "seed")
        settings = {name: getattr(self, name) for name in names}
        return {"command": "world", "settings": settings, "world": {"sha256": study.fingerprint()}, **versions()}

    def _finish(self, study: Any, runs: Sequence[Any], folder: Path) -> None:
        document = to_json(study.document(runs))
        write(folder / "world.json", document.encode())
        drawn = write_drawing(folder / "world.png", lambda: study.picture(runs))
        drawn += write_drawing(folder / "world.gif", lambda: study.animation(runs))
        if self.json:
            print(document)
        else:
            if classes := study.document(runs).get("classes"):
                print(f"class 1 (red) is {classes['1']!r}, class 2 (blue) is {classes['2']!r}\n")
            print_records(study.document(runs)["methods"])
            print()
            print_written([*drawn, folder / "world.json"])

    def _study(self) -> Study | ToysStudy:
        if self.name == "toys":
            return self._toys()
        names = ("task", "source", "target", "scene", "knows")
        if stated := [name for name in names if getattr(self, name) is not None]:
            raise InputError(f"--{stated[0]} belongs to toys: leave it out for {self.name}")
        scale = 7.5 if self.guidance_scale is None else self.guidance_scale
        numbers = {"guidance_scale": scale, "points": 200 if self.points is None else self.points, "seed": self.seed}
        if self.steps is not None:
            numbers["steps"] = self.steps
        note_repeats(self.methods)
        if self.name != "views":
            world = load_world(self.name)
            names = self.methods or ("sds", "dds", "pds", "pds-consistent")
            return EditStudy([(name, from_text(name, Method)) for name in dict.fromkeys(names)], world=world, **numbers)
        names = dict.fromkeys(self.methods or COMPARED)
        if unknown := next((name for name in names if name not in COMPARED), None):
            raise InputError(f"unknown noise source {unknown!r}: views compares {', '.join(COMPARED)}")
        return ViewsStudy([(name, COMPARED[name]) for name in names], **numbers)

    def _toys(self) -> ToysStudy:
        if self.points is not None:
            raise InputError("--points belongs to worlds of points: leave it out for toys")
        edits = self.task == "edit"
        if self.source is not None and not edits:
            raise InputError("--source belongs to an edit: add --task edit")
        known = EDIT if edits else GENERATE
        pairs = [(name, known.get(name) or from_text(name, Method)) for name in dict.fromkeys(self.methods or known)]
        scene = SCENES[self.scene or "gaussians"]
        scale = (1.0 if edits else 7.5) if self.guidance_scale is None else self.guidance_scale
        return ToysStudy(
            pairs,
            target=self.target or ("blue teapot" if edits else "red teapot"),
            source=(self.source or "red teapot") if edits else None,
            prior=Toys(KNOWLEDGE[self.knows or "camera"]),
            scene=replace(scene, learning_rate=EDIT_RATE * scene.learning_rate) if edits else scene,
            guidance_scale=scale,
            steps=STEPS if self.steps is None else self.steps,
            seed=self.seed,
        )
