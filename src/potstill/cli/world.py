"""potstill world."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from potstill.cli.console import print_records, print_written, to_json
from potstill.cli.interrupts import claimed, run_resumably
from potstill.cli.output import SECONDS
from potstill.errors import InputError
from potstill.io.claims import check_outputs
from potstill.io.files import write, write_drawing
from potstill.io.outputs import FolderOutputs
from potstill.methods import Method
from potstill.tasks.checkpoint import ENDING, Saved
from potstill.tasks.effects import note_repeats
from potstill.tasks.parsing import from_text, from_values
from potstill.tasks.provenance import versions
from potstill.tasks.resuming import finalise
from potstill.tasks.schema import Advanced, Option
from potstill.worlds import EditStudy, Study, ViewsStudy, load_world
from potstill.worlds.study import MethodRun
from potstill.worlds.views_study import COMPARED


@dataclass(frozen=True)
class WorldCommand:
    """Compare score distillation methods on 2-D points, where the score is exact.

    Every method moves the red points of class 1 to the blue class 2, from the same start with the same number of
    steps. The score has no error, so the picture shows the method and nothing else. In `views` the points are 3-D and
    seen by another random camera in every step, and noise sources are compared instead of methods.

        potstill world moons
        potstill world rings --methods sds dds "PDS(noise=Fixed())"

    Writes world.png (a panel for each method), world.gif (the moving points) and world.json (the numbers).
    """

    name: Annotated[str, Option(positional=True, metavar="WORLD")]
    """moons, blobs, rings, spirals, grid, views, or a file: .csv (x, y, label) or .npz (points, labels). The smaller
    label is class 1."""
    methods: tuple[str, ...] = ()
    """Names or expressions such as "DDS(noise=Fixed())"; by default sds dds pds pds-consistent. Noise sources in views,
    by default sds mixed cached sdi."""
    guidance_scale: float = 7.5
    """uncond + scale (cond - uncond), as in diffusers: 0 is unconditional, 1 conditional."""
    points: int = 200
    """Number of points, 1 to 100,000."""
    steps: int | None = None
    """Optimiser steps of each method; by default 1,500, or 1,000 in views."""
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

    def _record(self, study: Study) -> dict[str, Any]:
        """The identity of the run. A world from a file is identified by its points, not by its name alone."""
        names = ("name", "methods", "guidance_scale", "points", "steps", "seed")
        settings = {name: getattr(self, name) for name in names}
        centres = hashlib.sha256(study.prior.centres.double().contiguous().numpy().tobytes()).hexdigest()
        return {"command": "world", "settings": settings, "world": {"sha256": centres}, **versions()}

    def _finish(self, study: Study, runs: Sequence[MethodRun], folder: Path) -> None:
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

    def _study(self) -> Study:
        numbers = {"guidance_scale": self.guidance_scale, "points": self.points, "seed": self.seed}
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
