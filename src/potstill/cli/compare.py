"""potstill compare."""

import abc
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from potstill.cli.console import print_records, print_written, to_json
from potstill.cli.interrupts import claimed, run_resumably
from potstill.cli.output import SECONDS, Model
from potstill.io.claims import check_outputs
from potstill.io.files import write, write_drawing
from potstill.io.outputs import FileOutputs, FolderOutputs, plain_names
from potstill.tasks.images.comparing import Compare
from potstill.tasks.runs.checkpoint import ENDING, Saved
from potstill.tasks.runs.comparison import Comparison
from potstill.tasks.runs.comparison_figure import animation, sheet
from potstill.tasks.runs.resuming import finalise
from potstill.tasks.settings.models import load_for
from potstill.tasks.settings.schema import Advanced, Positional

T = TypeVar("T", bound="ComparisonCommand")


@dataclass(frozen=True, kw_only=True)
class ComparisonCommand(abc.ABC):
    """A command that compares methods, with a field for each input of its task."""

    task: Any
    model: Model
    out: Path = Path("compare")
    """The folder to write to. If it holds such files, the next free name is taken, such as compare-2."""
    overwrite: bool = False
    """Replace existing files instead of taking the next free name."""
    json: bool = False
    """Print compare.json instead of the table."""
    checkpoint_every: Advanced[float] = SECONDS
    """Seconds between checkpoints for `potstill resume`; 0 writes one only when interrupted."""

    @classmethod
    def from_checkpoint(cls: type[T], saved: Saved) -> T:
        """The command that a checkpoint belongs to."""
        kind = get_type_hints(cls)["task"]
        inputs: dict[str, Any] = {name: saved.input(name) for name in kind.inputs}
        every, json = saved.option("checkpoint_every", float), saved.option("json", bool)
        shared: dict[str, Any] = {"out": saved.path.parent, "json": json, "checkpoint_every": every}
        return cls(task=kind.of(saved.record["settings"]), model=Model.from_checkpoint(saved), **inputs, **shared)

    def run(self, resumed: Path | None = None) -> None:
        """Compare, write, print."""
        inputs = {name: path for name in self.task.inputs if (path := getattr(self, name)) is not None}
        tasks = self.task.tasks(inputs)
        plain = plain_names(["compare", *tasks])
        made = {name: task.outputs(f"{plain[name]}{task.ending}") for name, task in tasks.items()}
        names = [file.name for each in made.values() for file in each.files()]
        outputs = FolderOutputs(self.out, ("compare.png", "compare.gif", "compare.json", *names), f"compare{ENDING}")
        rules: Any = {"inputs": [*inputs.values(), *self.model.files()], "overwrite": self.overwrite}
        check_outputs(outputs, rules["inputs"], self.overwrite or resumed is not None)
        began = time.monotonic()
        running = self.task.start(inputs, load_for(self.task.subject, self.model.spec()))
        options = {"json": self.json, "checkpoint_every": self.checkpoint_every, **self.model.memory()}
        identity = running.record, options, self.checkpoint_every
        with claimed(outputs, *identity, **rules, resumed=resumed) as (claim, checkpoint):
            run_resumably(running, running, checkpoint, required=resumed is not None)
            with finalise(running, checkpoint):
                self._finish(running.finish(), claim.settle().path, made, began)

    def _finish(self, found: Comparison, folder: Path, made: dict[str, FileOutputs], began: float) -> None:
        rows, written = found.numbers(), []
        task = {"settings": self.task.settings(), "resolved": asdict(self.task.resolve())}
        document = {"command": "compare", **task, "methods": rows, "seconds": time.monotonic() - began}
        for name, result in found.results.items():
            written.append(result.write(folder / made[name].path)[0])
        write(folder / "compare.json", to_json(document).encode())
        drawn = write_drawing(folder / "compare.png", lambda: sheet(found))
        drawn += write_drawing(folder / "compare.gif", lambda: animation(found))
        if self.json:
            print(to_json(document))
        else:
            print_records(rows)
            print()
            print_written([*drawn, folder / "compare.json", *written])


@dataclass(frozen=True, kw_only=True)
class CompareCommand(ComparisonCommand):
    """Run several methods from the same start and show the results side by side. For drawings see
    `potstill compare x.svg --help`, for 3-D scenes `potstill compare x.ply --help`.

    With a picture the methods edit it; without one they generate --prompt.

        potstill compare heart.png --source "red heart" --target "blue heart" --methods sds dds pds
        potstill compare --prompt "red heart" --methods sds sdi

    Writes compare.png (the source, the results and where they differ from it), compare.gif (the runs), compare.json
    (settings and numbers), and each result as a PNG that can be replayed.
    """

    task: Compare
    image: Positional[Path | None] = None
    """The picture to edit. Without one, --prompt is generated."""
    mask: Path | None = None
    """Edit only where this picture is white; it has the size of IMAGE."""
    model: Model = Model()
