"""potstill batch."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro
from filelock import FileLock, Timeout

from potstill.batch.executors import Executor, InProcess, Processes, Ray
from potstill.batch.manifest import read_manifest
from potstill.batch.results import BatchResults
from potstill.cli.console import bar, to_json
from potstill.cli.output import Model
from potstill.diffusion.shared_calls import CallBatcher
from potstill.errors import InputError
from potstill.io.files import sweep, writable_folder

_SHOWN = 10  # warnings, and errors


@dataclass(frozen=True)
class Command:
    """Do thousands of edits and generations, a row of a table each. What is done stays done.

    The manifest is a CSV, JSON lines or Parquet file. Its columns are the settings of `potstill edit` and
    `potstill generate` (guidance_scale for --guidance-scale), and image and mask: paths relative to it. A row with
    an image is an edit, one with a prompt alone a generation; an empty cell is the default.

        image,source,target,prompt,method,seed
        heart.png,red heart,blue heart,,dds,1
        ,,,red apple,,2

        potstill batch manifest.csv --out results --workers 2

    Writes for each row a PNG that carries its settings and a JSON with its scores, called by their content, and
    results.parquet (results.csv without pyarrow): settings, scores, seconds and error of each row. A bad row is
    recorded and the others go on. The same command again goes on where it was interrupted or killed: rows that
    are done are found by their settings, the bytes of their pictures and the model, changed ones are done again.

    The exit code is 0 if every row was done, 1 if some failed, 130 if it was interrupted.
    """

    manifest: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MANIFEST")]
    """A .csv, .jsonl or .parquet file."""
    out: Path = Path("batch")
    """The folder to write to; one batch at a time may write there."""
    images: Path | None = None
    """The folder where paths in the manifest begin, and which they may not leave. None means the manifest's."""
    workers: int = 1
    """Processes, each with a model of its own."""
    batch_size: int = 4
    """Rows that each worker does at once, in one call of the network: faster, for more memory. The last digits of a
    result depend on it; 1 gives the bytes of `potstill edit`."""
    threads: int | None = None
    """Of each worker. None means one for each of several workers, and all cores for a single one."""
    ray: str | None = None
    """Do it on a Ray cluster, --workers actors: its address, or local to start one here. All must see the folders."""
    ray_gpus: float = 0.0
    """GPUs that each actor takes."""
    dry_run: bool = False
    """Check every row, say what is wrong, and stop."""
    json: bool = False
    """Print the results as JSON instead of a summary."""
    model: Model = Model()

    def run(self) -> None:
        """Read, check, do, write."""
        executor = self._executor()
        results = BatchResults(read_manifest(self.manifest), self.images or self.manifest.parent)
        self._tell_failed(results)
        if self.dry_run:
            print(f"{len(results.rows) - len(results.failed):,} of {len(results.rows):,} rows can be run")
            sys.exit(bool(results.failed))
        early, began, said = len(results.failed), time.monotonic(), dict[str, None]()
        with _only_one(writable_folder(self.out)):
            try:
                with bar("rows") as show:
                    show(early, len(results.rows))
                    for outcome in executor.outcomes(results.pending(), self.model.load, self.out, self.batch_size):
                        results.add(outcome)
                        said |= dict.fromkeys(outcome.warnings)
                        show(len(results.outcomes), len(results.rows))
                    show(len(results.outcomes), len(results.rows))
            except KeyboardInterrupt:
                results.save(self.out)
                done = len(results.outcomes) - len(results.failed)
                print(
                    f"potstill: interrupted; {done:,} of {len(results.rows):,} rows are done and kept: "
                    "the same command goes on",
                    file=sys.stderr,
                )
                sys.exit(130)
            place = results.save(self.out)
        _tell("warning: ", said)
        if len(results.failed) > early:
            self._tell_failed(results)
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

    def _executor(self) -> Executor:
        CallBatcher(self.batch_size)
        if self.workers < 1 or (self.threads is not None and self.threads < 1):
            raise InputError(f"workers = {self.workers} and threads = {self.threads} must be at least 1")
        if not 0 <= self.ray_gpus < 1000:
            raise InputError(f"GPUs of an actor = {self.ray_gpus} must be from 0")
        if self.ray:
            return Ray(self.ray, self.workers, self.threads or 1, self.ray_gpus)
        if self.workers > 1:
            return Processes(self.workers, self.threads or 1)
        if self.threads:
            torch.set_num_threads(self.threads)
        return InProcess()

    def _tell_failed(self, results: BatchResults) -> None:
        _tell("", [f"row {number} of {self.manifest.name}: {error}" for number, error in results.failed.items()])


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Alone in the folder, without what was left half written."""
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"another batch is writing to {str(folder)!r}: wait for it, or give another --out") from None
    try:
        sweep(folder)
        yield
    finally:
        sweep(folder)
        lock.release()


def _tell(kind: str, lines: "list[str] | dict[str, None]") -> None:
    """The first lines on stderr, and how many more there are."""
    for line in list(lines)[:_SHOWN]:
        print(f"potstill: {kind}{line}", file=sys.stderr)
    if len(lines) > _SHOWN:
        print(f"potstill: {kind}and {len(lines) - _SHOWN:,} more", file=sys.stderr)
