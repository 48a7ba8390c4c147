"""Commands that can be stopped: signals are collected, and the run is resumed, saved and shown as it goes."""

import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from potstill.cli.console import step_progress
from potstill.cli.process import STOPS
from potstill.distillation import Step
from potstill.io.claims import Claim
from potstill.io.outputs import Outputs
from potstill.io.printable import printable
from potstill.state import Resumable
from potstill.tasks.runs.checkpoint import Checkpoint
from potstill.tasks.runs.resuming import resume, run_steps


def run_resumably(
    steps: Iterable[tuple[str, Step]], run: Resumable, checkpoint: Checkpoint, required: bool = False
) -> None:
    """Resume a run that has a checkpoint (`required`: it must have one), and take its steps under a progress bar.

    Raises:
        InputError: a required checkpoint cannot be used.
        Interrupted: by a signal; the run was saved.
        NotFiniteError: a NaN or an infinity; the last finite state was saved.
    """
    resume(run, checkpoint, required, note)
    with step_progress() as show, stop_signals() as signals:
        run_steps(steps, run, checkpoint, show, signals)


@contextmanager
def claimed(
    outputs: Outputs,
    record: Mapping[str, Any],
    options: Mapping[str, Any],
    every: float,
    *,
    inputs: Sequence[Path],
    overwrite: bool,
    resumed: Path | None,
) -> Iterator[tuple[Claim, Checkpoint]]:
    """Context in which a resumable run has a name, and the checkpoint of that name.

    The name is the first that is free, or that of an interrupted run of the same record, which is resumed.

    Args:
        outputs: the outputs as the user named them.
        record: the identity of the run.
        options: for the checkpoint, without `out`.
        every: seconds between checkpoints.
        inputs: what the run reads.
        overwrite: whether existing files are replaced.
        resumed: the checkpoint that the user wants to resume, whose name is taken.

    Raises:
        InputError: the name cannot be taken.
    """

    def resumes(each: Outputs) -> bool:
        return resumed is not None or Checkpoint(each.checkpoint, record, options, every).fits()

    only = resumed is not None
    with Claim(outputs, inputs, overwrite and not only, resumes, only, say=note) as claim:
        place = resumed or claim.outputs.checkpoint
        yield claim, Checkpoint(place, record, {**options, "out": claim.outputs.path.name}, every)


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """A list that collects the signals to stop as they arrive; a second one stops at once."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt("interrupted twice; nothing more was saved")
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread receives signals
        return
    heard = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores one
    before = {number: signal.signal(number, receive) for number in heard}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def note(message: str) -> None:
    """Print one line on stderr."""
    print(f"potstill: {printable(message)}", file=sys.stderr)
