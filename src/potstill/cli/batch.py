"""potstill batch."""

import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from potstill.batch.executors import choose_executor
from potstill.batch.manifest import read_manifest
from potstill.batch.results import BatchResults, exclusive
from potstill.batch.work import load_models
from potstill.cli.console import bar, to_json
from potstill.cli.output import Model
from potstill.io.files import writable_folder
from potstill.priors.spec import ModelSpec
from potstill.tasks.settings.models import WORLD
from potstill.tasks.settings.plugins import with_plugins
from potstill.tasks.settings.schema import Advanced, Positional
from potstill.tasks.subjects import SCENE, Subject

_SHOWN = 10  # warnings, and errors


@dataclass(frozen=True)
class BatchCommand:
    """Edit and generate thousands of pictures, drawings (SVG) or 3-D scenes, one for each row of a table.

    The table is a CSV, JSON lines or Parquet file. Its columns are the settings of `potstill edit` and
    `potstill generate` (guidance_scale for --guidance-scale), and image, drawing, scene, mask and cameras: paths
    relative to the table. A row with an image, a drawing or the file of a scene is an edit, a row with only a prompt is
    a generation, of a drawing if scene is paths or strokes, of a scene if it is gaussians or volume; an empty cell
    means the default. Several values in a cell have spaces between them.

        image,source,target,prompt,method,seed
        heart.png,red heart,blue heart,,dds,1
        ,,,red apple,,2

        potstill batch table.csv --out results --workers 2

    Writes a PNG, an SVG or a scene with its settings and a JSON file with scores for each row, named by content, and
    results.parquet (results.csv without pyarrow): settings, scores, seconds and error of each row. The error of a row
    is recorded, and the other rows are done. After an interruption or a kill, run the same command again: finished
    rows are recognised by their settings, the bytes of their files and the model, and are not done again.

    The exit code is 0 if every row was done, 1 if some failed, 130 after an interruption.
    """

    manifest: Positional[Path]
    """A .csv, .jsonl or .parquet file."""
    out: Path = Path("batch")
    """The folder to write to. One batch at a time can use it. Rows that are done there are not done again, and the
    table of results is that of the last batch."""
    images: Advanced[Path | None] = None
    """The folder that paths in the table are relative to and must stay in; by default that of the table."""
    workers: int = 1
    """Number of processes, each with its own model."""
    batch_size: int = 4
    """Rows that a worker does at once, in one call of the network. More are faster and take more memory. The last
    digits of a picture depend on it; 1 gives the bytes of `potstill edit`. Scenes are done one after another."""
    threads: Advanced[int | None] = None
    """Threads of each worker; by default 1 with several workers, and all cores with one."""
    ray: Advanced[str | None] = None
    """Run on a Ray cluster with --workers actors: its address, or local to start one here. All machines must see the
    folders."""
    ray_gpus: Advanced[float] = 0.0
    """GPUs of each actor on the Ray cluster."""
    dry_run: bool = False
    """Check every row, report the errors, and stop."""
    json: bool = False
    """Print the results as JSON instead of a summary."""
    model: Model = Model()
    scene_model: str | None = None
    """The model of the rows with scenes; by default that of --model, and world:toys if that is emoji."""

    def run(self) -> None:
        """Read the table, run its rows, write the results."""
        executor = choose_executor(self.workers, self.threads, self.batch_size, self.ray, self.ray_gpus)
        results = BatchResults(read_manifest(self.manifest), self.images or self.manifest.parent)
        results.check_table(self.out, self.manifest)
        self._print_failed(results)
        if self.dry_run:
            print(f"{len(results.rows) - len(results.failed):,} of {len(results.rows):,} rows can be run")
            sys.exit(bool(results.failed))
        early, began, warned, noted = len(results.failed), time.monotonic(), dict[str, None](), dict[str, None]()
        with exclusive(writable_folder(self.out)):
            try:
                with bar("rows") as show:
                    show(early, len(results.rows))
                    specs = {each.name: self._spec(each) for each in results.subjects}
                    load = with_plugins(partial(load_models, specs))
                    for outcome in executor.outcomes(results.pending(), load, self.out, self.batch_size):
                        results.add(outcome)
                        warned |= dict.fromkeys(outcome.warnings)
                        noted |= dict.fromkeys(outcome.notes)
                        show(len(results.outcomes), len(results.rows))
                    show(len(results.outcomes), len(results.rows))
            except KeyboardInterrupt as stop:
                results.save(self.out)
                done = len(results.outcomes) - len(results.failed)
                print(
                    f"potstill: interrupted; {done:,} of {len(results.rows):,} rows are done and kept: "
                    "run the same command again to continue",
                    file=sys.stderr,
                )
                sys.exit(getattr(stop, "code", 130))
            place = results.save(self.out)
        _print_first("warning: ", warned)
        _print_first("note: ", noted)
        if len(results.failed) > early:
            self._print_failed(results)
        if self.json:
            print(to_json(results.records()))
        else:
            done, seconds = len(results.rows) - len(results.failed), time.monotonic() - began
            print(
                f"{done:,} of {len(results.rows):,} rows done ({results.found:,} were before), "
                f"{len(results.failed):,} failed, {seconds:.0f} s"
            )
            print(f"wrote {place}")
        sys.exit(bool(results.failed))

    def _spec(self, subject: Subject) -> ModelSpec:
        """The model of a subject."""
        if subject is not SCENE:
            return self.model.spec()
        name = self.scene_model or (f"{WORLD}toys" if self.model.model == Model().model else self.model.model)
        return (Model(name) if name.startswith(WORLD) else replace(self.model, model=name)).spec()

    def _print_failed(self, results: BatchResults) -> None:
        _print_first("", [f"row {number} of {self.manifest.name}: {error}" for number, error in results.failed.items()])


def _print_first(kind: str, lines: "list[str] | dict[str, None]") -> None:
    """Print the first lines on stderr, and how many more there are."""
    for line in list(lines)[:_SHOWN]:
        print(f"potstill: {kind}{line}", file=sys.stderr)
    if len(lines) > _SHOWN:
        print(f"potstill: {kind}and {len(lines) - _SHOWN:,} more", file=sys.stderr)
