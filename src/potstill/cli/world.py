"""potstill world."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from potstill.cli.console import print_records, step_progress, to_json
from potstill.cli.interrupts import finishing, go_on, take
from potstill.cli.output import SECONDS
from potstill.errors import InputError
from potstill.io.files import sweep, writable_folder, write
from potstill.methods import Method
from potstill.tasks.checkpoint import ENDING, Checkpoint, Saved
from potstill.tasks.provenance import versions
from potstill.tasks.text import from_text, from_values
from potstill.worlds import EditStudy, Study, ViewsStudy, load_world
from potstill.worlds.study import MethodRun
from potstill.worlds.views_study import NOISE_SOURCES


@dataclass(frozen=True)
class Command:
    """Compare score distillation methods on an exact 2-D world.

    Red points of class 1 are edited towards the blue class 2 by every method, from the same start with
    the same number of steps. The score is exact, so what you see is the method and nothing else. In
    `views` the points are 3-D, seen through another random camera in every step, and what is compared is
    where the noise comes from.

    Writes world.png (a panel a method), world.gif (the points flowing) and world.json (the numbers).
    """

    name: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="WORLD")]
    """moons, blobs, rings, spirals, grid, views, or a file: .csv (x, y, label) or .npz (points, labels)."""

    methods: tuple[str, ...] = ()
    """Names from `potstill methods`, or expressions such as "DDS(noise=Fixed())"; none means sds dds pds
    pds-consistent. In views: sds mixed cached sdi."""

    guidance_scale: float = 7.5
    """uncond + scale (cond - uncond), as in diffusers: 0 is unconditional, 1 conditional."""

    points: int = 200
    """How many points, 1 to 100,000."""

    steps: int | None = None
    """Optimiser steps of each method. None means 1,500, or 1,000 in views."""

    seed: int = 0
    """Of all randomness: the same seed gives the same bytes on the same machine."""

    out: Path | None = None
    """The folder to write to. None means world-WORLD."""

    json: bool = False
    """Print world.json instead of the table."""

    checkpoint_every: float = SECONDS
    """Save the run so often, in seconds, for `potstill resume`; 0 saves it only when it is interrupted."""

    @classmethod
    def again(cls, saved: Saved) -> "Command":
        """The command that a checkpoint is of."""
        every, json = saved.option("checkpoint_every", float), saved.option("json", bool)
        return replace(
            from_values(cls, saved.record["settings"]), out=saved.path.parent, json=json, checkpoint_every=every
        )

    def run(self, resumed: Path | None = None) -> None:
        """Compare, write, print."""
        study = self._study()
        folder = writable_folder(self.out or Path(f"world-{study.name}"))
        sweep(folder)
        options = {"json": self.json, "checkpoint_every": self.checkpoint_every}
        place = resumed or folder / f"world{ENDING}"
        going, checkpoint = study.begin(), Checkpoint(place, self._record(study), options, self.checkpoint_every)
        go_on(going, checkpoint, resumed is not None)
        with step_progress() as show:
            take(going, going, checkpoint, show)
        with finishing(going, checkpoint):
            self._finish(study, going.runs, folder)

    def _record(self, study: Study) -> dict[str, Any]:
        """What the run is; the points of a world from a file count, and not its name alone."""
        names = ("name", "methods", "guidance_scale", "points", "steps", "seed")
        settings = {name: getattr(self, name) for name in names}
        centres = hashlib.sha256(study.prior.centres.double().contiguous().numpy().tobytes()).hexdigest()
        return {"command": "world", "settings": settings, "world": {"sha256": centres}, **versions()}

    def _finish(self, study: Study, runs: Sequence[MethodRun], folder: Path) -> None:
        document = to_json(study.document(runs))
        files = {"png": study.picture(runs), "gif": study.animation(runs), "json": document.encode()}
        for ending, data in files.items():
            write(folder / f"world.{ending}", data)
        if self.json:
            print(document)
        else:
            print_records(study.document(runs)["methods"])
            print(f"\nwrote {folder / 'world.png'}, world.gif and world.json")

    def _study(self) -> Study:
        numbers = {"guidance_scale": self.guidance_scale, "points": self.points, "seed": self.seed}
        if self.steps is not None:
            numbers["steps"] = self.steps
        if self.name != "views":
            world = load_world(self.name)
            names = self.methods or ("sds", "dds", "pds", "pds-consistent")
            return EditStudy([(name, from_text(name, Method)) for name in dict.fromkeys(names)], world=world, **numbers)
        names = dict.fromkeys(self.methods or NOISE_SOURCES)
        if unknown := next((name for name in names if name not in NOISE_SOURCES), None):
            raise InputError(f"unknown noise source {unknown!r}: views compares {', '.join(NOISE_SOURCES)}")
        return ViewsStudy([(name, NOISE_SOURCES[name]) for name in names], **numbers)
