"""Throughput of `potstill batch` on the bundled model: rows in one call, and two workers against one on 2 cores.

One thread each. Batched rows are measured in one process by CPU time; workers by wall time while all of them are
running, so that loading does not count, and the two alternate. Two workers must process at least 1.9 times the rows of
one, which needs a machine with two free cores.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from potstill import load
from potstill.batch.executors import Processes
from potstill.batch.manifest import BatchRow
from potstill.batch.work import load_models, work
from potstill.priors.spec import ModelSpec
from potstill.tasks.images.editing import Edit

HEART = Path(__file__).parents[1] / "docs/pictures/heart.png"
STEPS, SIZES, ROWS, BATCHES, REPEATS, LIMIT = 4, (1, 2, 4, 8), 8, 15, 4, 1.9


def jobs(count: int, first: int = 0) -> Iterator[BatchRow]:
    for seed in range(first, first + count):
        task = Edit(source="red heart", target="blue heart", steps=STEPS, seed=seed)
        yield replace(BatchRow.of(task, image=str(HEART)), content=str(seed))


def rows_at_once() -> None:
    torch.set_num_threads(1)
    prior, seconds = load(), {size: [] for size in SIZES}
    for _ in range(REPEATS):
        for size in SIZES:
            with TemporaryDirectory() as folder:
                waiting, began = jobs(ROWS), time.process_time()
                done = [
                    outcome.error
                    for outcome in work({"picture": prior}, Path(folder), size, lambda _, w=waiting: next(w, None))
                ]
                assert not any(done), done
                seconds[size].append(time.process_time() - began)
    for size in SIZES:
        ratio = statistics.median(one / many for one, many in zip(seconds[1], seconds[size], strict=True))
        print(f"{size} at once: {ratio:.2f} times the rows of 1 at once", flush=True)


def rate(workers: int, first: int) -> float:
    """Rows per second while all workers are running: from the second batch of each to the last but one."""
    with TemporaryDirectory() as folder:
        came, models = [], partial(load_models, {"picture": ModelSpec()})
        for outcome in Processes(workers).outcomes(jobs(BATCHES * 4 * workers, first), models, Path(folder), 4):
            assert not outcome.error, outcome.error
            came.append(time.monotonic())
    batch = 4 * workers
    return (BATCHES - 3) * batch / (came[-batch - 1] - came[2 * batch - 1])


def two_workers() -> float:
    ratios = []
    for turn in range(REPEATS):
        one, two = rate(1, 100 * turn), rate(2, 100 * turn)
        ratios.append(two / one)
        print(f"1 worker: {one:.2f} rows/s, 2 workers: {two:.2f} rows/s, {ratios[-1]:.2f} times", flush=True)
    return statistics.median(ratios)


if __name__ == "__main__":
    rows_at_once()
    ratio = two_workers()
    print(f"two workers: {ratio:.2f} times the rows of one (at least {LIMIT})")
    sys.exit(ratio < LIMIT)
