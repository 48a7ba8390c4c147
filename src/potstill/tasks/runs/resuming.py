"""Runs that lose no step: saved as they go, resumed from a checkpoint, saved again when they are stopped.

Nothing is printed here and no signal is handled: `say` receives a line to show, and `signals` holds the signals to
stop that have arrived so far.
"""

import shlex
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from potstill.distillation import Step
from potstill.errors import InputError, NotFiniteError
from potstill.io.files import WriteError
from potstill.state import Resumable, finite
from potstill.tasks.files.provenance import differences
from potstill.tasks.runs.checkpoint import Checkpoint, CheckpointMismatch
from potstill.tasks.settings.plugins import plugin_options


class Interrupted(KeyboardInterrupt):
    """A run was stopped and its state was saved; `code` is the exit code of the command."""

    def __init__(self, message: str, code: int) -> None:
        """With the message for the user."""
        super().__init__(message)
        self.code = code


def resume(run: Resumable, checkpoint: Checkpoint, required: bool, say: Callable[[str], None]) -> None:
    """Restore a run from its checkpoint, if there is one.

    With `required` there must be one that fits. Without, a checkpoint of the same command is resumed, because its
    result has the same bytes as one from the beginning; any other is to be replaced.

    Raises:
        InputError: a checkpoint is required and cannot be used.
    """
    if not required and not checkpoint.path.exists():
        return
    try:
        saved = checkpoint.read(strict=not required)
    except InputError as error:
        if not required:
            return
        fix = ": restore what it was started with, or delete it and start anew"
        raise InputError(f"{error}{fix if isinstance(error, CheckpointMismatch) else ''}") from None
    checkpoint.restore(run, saved)
    for change in differences(saved.record, checkpoint.record):
        warnings.warn(f"{change}: the bytes may differ from those of an undisturbed run", stacklevel=2)
    say(f"resuming {saved.where}, from {checkpoint.path}")


def run_steps(
    steps: Iterable[tuple[str, Step]],
    run: Resumable,
    checkpoint: Checkpoint,
    show: Callable[[str, Step], None],
    signals: Sequence[int],
) -> None:
    """Take the steps, each with the name of its method, show them, and save the run whenever it is due.

    Raises:
        Interrupted: a signal arrived; the current step was finished and the run saved, if it is worth it.
        NotFiniteError: a NaN or an infinity; if the state before that step is finite and worth it, it is saved.
    """
    where = ""
    try:
        with checkpoint.restored_state_errors():
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
        raise NotFiniteError(f"{error}{_last_finite(run, checkpoint, where)}") from None


@contextmanager
def finalise(run: Resumable, checkpoint: Checkpoint) -> Iterator[None]:
    """Context in which the results of a run are written; afterwards its checkpoint is removed.

    Raises:
        Interrupted: by a signal; the run was saved, if it is worth it.
        WriteError: the results cannot be written; the run was saved, if that is possible and worth it.
    """
    with checkpoint.restored_state_errors():
        try:
            yield
        except KeyboardInterrupt as stop:
            _stop(run, checkpoint, "after the last step", getattr(stop, "code", 130) - 128)
        except WriteError as error:  # any other error would come again
            if _saved(run, checkpoint, "after the last step"):
                raise WriteError(f"{error}; then `{resume_command(checkpoint.path)}` writes the results") from None
            raise
    checkpoint.remove()


def resume_command(path: str | Path) -> str:
    """The command line that resumes a checkpoint."""
    return shlex.join(["potstill", "resume", str(path), *plugin_options()])


def _stop(run: Resumable, checkpoint: Checkpoint, where: str, signal: int) -> NoReturn:
    where = where or "before the first step"
    if checkpoint.worth_it:
        checkpoint.save(run, where)
        message = f"interrupted; `{resume_command(checkpoint.path)}` resumes {where}"
    else:
        message = f"interrupted {where}; nothing was saved, for {checkpoint.seconds:.1f} s of work"
    raise Interrupted(message, 128 + signal)


def _save(run: Resumable, checkpoint: Checkpoint, where: str) -> None:
    """Save the run; if that fails, warn and continue without checkpoints, for the run is worth more than they are."""
    try:
        checkpoint.save(run, where)
    except InputError as error:
        warnings.warn(f"{error}; the run continues, and no more checkpoints are written", stacklevel=2)
        checkpoint.every = 0.0


def _saved(run: Resumable, checkpoint: Checkpoint, where: str) -> bool:
    """Whether there is a checkpoint, after an attempt to save the run if it is worth it."""
    if checkpoint.worth_it:
        with suppress(InputError):
            checkpoint.save(run, where)
    return checkpoint.path.exists()


def _last_finite(run: Resumable, checkpoint: Checkpoint, where: str) -> str:
    """Save a run that became non-finite if its state is finite, and say where the last finite state is.

    It is for inspection: a run that resumes from it fails at the same step.
    """
    if _saved(run, checkpoint, where) if where and finite(run.live_state()) else checkpoint.path.exists():
        return f"; the last finite state is kept in {checkpoint.path}, and going on from it ends in the same error"
    return ""
