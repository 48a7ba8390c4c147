"""Steps that are never lost: saved as they go, finished and saved when the command is interrupted."""

import shlex
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from potstill.distillation import Step
from potstill.errors import InputError, NotFiniteError
from potstill.state import Resumable, finite
from potstill.tasks.checkpoint import Checkpoint, CheckpointMismatch
from potstill.tasks.provenance import differences


class Interrupted(KeyboardInterrupt):
    """The command was told to stop, and has saved where it was; `code` is what it exits with."""

    def __init__(self, message: str, code: int) -> None:
        """As said on the command line."""
        super().__init__(message)
        self.code = code


def go_on(run: Resumable, checkpoint: Checkpoint, resumed: bool) -> None:
    """Bring a run that has begun to where its checkpoint is, if there is one, and say so.

    `potstill resume` must find one that fits. The same command given again goes on, too, for it would come to the
    same bytes from its beginning; any other that finds a checkpoint in its place moves it aside.

    Raises:
        InputError: it is to be resumed, and cannot be.
    """
    if not resumed and not checkpoint.path.exists():
        return
    try:
        saved = checkpoint.read(strict=not resumed)
    except InputError as error:
        if resumed:
            fix = (
                ": put back what it was begun with, or delete it and start anew"
                if isinstance(error, CheckpointMismatch)
                else ""
            )
            raise InputError(f"{error}{fix}") from None
        aside = checkpoint.move_aside()
        note(f"{error}; it is kept, and `{command(aside)}` goes on with it, while this run starts anew")
        return
    checkpoint.restore(run, saved)
    for change in differences(saved.record, checkpoint.record):
        warnings.warn(f"{change}: the bytes may not be those of an undisturbed run", stacklevel=2)
    note(f"going on {saved.where}, from {checkpoint.path}")


def take(
    steps: Iterable[tuple[str, Step]], run: Resumable, checkpoint: Checkpoint, show: Callable[[str, Step], None]
) -> None:
    """Take the steps, each with the name of what takes it, show them, and save the run as often as is due.

    Raises:
        Interrupted: by Ctrl-C or SIGTERM; the step at work was finished and the run saved.
        NotFiniteError: a NaN or an infinity; if the state before that step is finite, it is saved.
    """
    where = ""
    try:
        with checkpoint.restored_state_errors(), told_to_stop() as signals:
            for name, step in steps:
                show(name, step)
                where = f"after step {step.index + 1} of {step.total} ({name})"
                if signals:
                    break
                if checkpoint.due:
                    _save(run, checkpoint, where)
            if signals:
                _stop(run, checkpoint, where, signals[0])
    except NotFiniteError as error:
        raise NotFiniteError(f"{error}{_last_good(run, checkpoint, where)}") from None


@contextmanager
def finishing(run: Resumable, checkpoint: Checkpoint) -> Iterator[None]:
    """Around what is done with the results: the checkpoint goes when they are written, and only then.

    Raises:
        Interrupted: by Ctrl-C; the run was saved.
        InputError: the results cannot be written; the run was saved, if that can be.
    """
    with checkpoint.restored_state_errors():
        try:
            yield
        except KeyboardInterrupt:
            _stop(run, checkpoint, "after the last step", signal.SIGINT)
        except InputError as error:
            if _saved(run, checkpoint, "after the last step"):
                raise InputError(f"{error}; then `{command(checkpoint.path)}` writes the results") from None
            raise
    checkpoint.remove()


@contextmanager
def told_to_stop() -> Iterator[list[int]]:
    """A list that fills with the signals to stop that arrive; a second Ctrl-C stops at once."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt("interrupted twice; nothing more was saved")
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield received  # only there can signals be received
        return
    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def command(path: Path) -> str:
    """What to type to go on."""
    return f"potstill resume {shlex.quote(str(path))}"


def note(message: str) -> None:
    """One line on stderr."""
    print(f"potstill: {message}", file=sys.stderr)


def _stop(run: Resumable, checkpoint: Checkpoint, where: str, signal: int) -> NoReturn:
    checkpoint.save(run, where)
    raise Interrupted(f"interrupted; `{command(checkpoint.path)}` goes on {where}", 128 + signal)


def _save(run: Resumable, checkpoint: Checkpoint, where: str) -> None:
    """Save; where that fails the run is worth more than its checkpoint, so it goes on."""
    try:
        checkpoint.save(run, where)
    except InputError as error:
        warnings.warn(f"{error}; the run goes on, and no more checkpoints are written", stacklevel=2)
        checkpoint.every = 0.0


def _saved(run: Resumable, checkpoint: Checkpoint, where: str) -> bool:
    """Whether there is a checkpoint, after an attempt to save the run."""
    with suppress(InputError):
        checkpoint.save(run, where)
    return checkpoint.path.exists()


def _last_good(run: Resumable, checkpoint: Checkpoint, where: str) -> str:
    """What is left of a run that left the numbers, in words, after saving it."""
    if _saved(run, checkpoint, where) if where and finite(run.state()) else checkpoint.path.exists():
        return f"; the last finite state is kept in {checkpoint.path}"
    return "; no step before it was finite"
