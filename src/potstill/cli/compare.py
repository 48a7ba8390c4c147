"""potstill compare."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from potstill.cli.console import print_records, to_json
from potstill.cli.interrupts import run_resumably
from potstill.cli.output import SECONDS, Model
from potstill.io.files import sweep, writable_folder, write
from potstill.tasks.checkpoint import ENDING, Checkpoint, Saved
from potstill.tasks.comparing import Compare, Comparison
from potstill.tasks.comparison_figure import animation, sheet
from potstill.tasks.resuming import finalise
from potstill.tasks.schema import Advanced, Positional


@dataclass(frozen=True)
class CompareCommand:
    """Run several methods from the same start and show the results side by side.

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
    out: Path = Path("compare")
    """The folder to write to."""
    json: bool = False
    """Print compare.json instead of the table."""
    checkpoint_every: Advanced[float] = SECONDS
    """Seconds between checkpoints for `potstill resume`; 0 writes one only when interrupted."""

    @classmethod
    def from_checkpoint(cls, saved: Saved) -> "CompareCommand":
        """The command that a checkpoint belongs to."""
        image, mask = (saved.input(name) for name in ("image", "mask"))
        every = saved.option("checkpoint_every", float)
        task, out, json = Compare.of(saved.record["settings"]), saved.path.parent, saved.option("json", bool)
        return cls(task, image, mask, Model.from_checkpoint(saved), out, json, every)

    def run(self, resumed: Path | None = None) -> None:
        """Compare, write, print."""
        folder = writable_folder(self.out)
        sweep(folder)
        inputs = {name: path for name in self.task.inputs if (path := getattr(self, name)) is not None}
        self.task.tasks(inputs)
        began = time.monotonic()
        running = self.task.start(inputs, self.model.load())
        options = {"json": self.json, "checkpoint_every": self.checkpoint_every, **self.model.memory()}
        place = resumed or folder / f"compare{ENDING}"
        checkpoint = Checkpoint(place, running.record, options, self.checkpoint_every)
        run_resumably(running, running, checkpoint, required=resumed is not None)
        with finalise(running, checkpoint):
            self._finish(running.finish(), folder, began)

    def _finish(self, found: Comparison, folder: Path, began: float) -> None:
        rows = found.numbers()
        plain = {name: "".join(c if c.isalnum() or c in "-" else "_" for c in name) for name in found.results}
        results = {f"{plain[name]}.png": result for name, result in found.results.items()}
        task = {"settings": self.task.settings(), "resolved": asdict(self.task.resolve())}
        document = {"command": "compare", **task, "methods": rows, "seconds": time.monotonic() - began}
        png, gif = sheet(found), animation(found)
        for name, result in results.items():
            result.save(folder / name)
        write(folder / "compare.png", png)
        write(folder / "compare.gif", gif)
        write(folder / "compare.json", to_json(document).encode())
        if self.json:
            print(to_json(document))
        else:
            print_records(rows)
            print(f"\nwrote {folder / 'compare.png'}, compare.gif, compare.json and {', '.join(results)}")
