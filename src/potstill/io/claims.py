"""Where results go: an input is never an output, what exists is kept, and a name belongs to one run at a time.

A command writes a family of files under one name: `edit.png`, `edit.json` and `edit.gif`, or the files of a folder. If
a file of the family exists, or another run is writing it, the whole family takes the next free name: `edit-2.png` and
`edit-2.json`, or `world-moons-2`. With `overwrite` the files are replaced instead.
"""

import itertools
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from potstill.errors import InputError
from potstill.io.files import check_replaceable, check_writable, sweep, there, writable_folder
from potstill.io.outputs import Outputs


def check_outputs(outputs: Outputs, inputs: Sequence[Path] = (), overwrite: bool = False) -> None:
    """Check, before a computation starts, that the files can be written; what killed processes left of them goes.

    Raises:
        InputError: a name is that of a folder, a device or an input, is too long or invalid, or the folder cannot be
            written to.
    """
    with _made(outputs.folder, keep=False):
        sweep(outputs.folder)
        for path in {outputs.path, max(outputs.files(), key=lambda path: len(path.name))} - {outputs.folder}:
            check_writable(path)
        unfinished = outputs.checkpoint_name and os.path.lexists(outputs.checkpoint)
        if _taken(outputs, inputs, overwrite) and not unfinished:
            outputs.numbered(2)


@dataclass
class Claim:
    """The name of a run, for as long as the context lasts: no other run takes it, and nothing that exists has it."""

    wanted: Outputs
    """The outputs as the user named them."""
    inputs: Sequence[Path] = ()
    """What the run reads."""
    overwrite: bool = False
    """Replace files that exist, except inputs."""
    resumes: Callable[[Outputs], bool] = lambda outputs: False
    """Whether the existing files of a name are a checkpoint of this very run, which is then resumed."""
    only: bool = False
    """Take the wanted name or none."""
    say: Callable[[str], None] = lambda text: warnings.warn(text, stacklevel=4)
    """Receives a line if another name is taken."""
    fix: str = "--overwrite"
    """How the user asks for `overwrite`."""
    outputs: Outputs = field(init=False)
    """The outputs under their final name."""

    def __enter__(self) -> "Claim":
        """Take the first free name.

        Raises:
            InputError: the name cannot be written to, or another run has it.
        """
        self._held = ExitStack()
        self.outputs = self._first_free()
        return self

    def __exit__(self, *error: Any) -> None:
        """Give the name back; after an error, folders that were made for it and are empty go."""
        self._held.__exit__(*error)

    def settle(self) -> Outputs:
        """The outputs, checked once more before they are written: what others wrote there meanwhile is kept, too."""
        existing = {path for path in self.outputs.files() if os.path.lexists(path)}
        if not self.overwrite and existing - self._known:
            self.only, self.resumes = False, lambda outputs: False
            self.outputs = self._first_free()
        return self.outputs

    def _first_free(self) -> Outputs:
        """Take the first free name, and say so if it is not the wanted one."""
        outputs, first = self.wanted, ""
        for number in itertools.count(2):
            if not (reason := self._take(outputs)):
                break
            if self.only:
                raise InputError(f"{reason}: wait until it has ended")
            first, outputs = first or reason, self.wanted.numbered(number)
        # Its checkpoint comes and goes; what else there is now was there before, and may be replaced.
        self._known = {path for path in outputs.files() if os.path.lexists(path)}
        self._known |= {outputs.checkpoint} if outputs.checkpoint_name else set()
        if first:
            fix = f"; {self.fix} replaces it" if first.endswith("exists") else ""
            self.say(f"{first}: writing {outputs.path}{fix}")
        return outputs

    def _take(self, outputs: Outputs) -> str:
        """Take a name; if it is not free, the reason."""
        if reason := self._reason(outputs):
            return reason
        with ExitStack() as stack:
            stack.enter_context(_made(outputs.folder))
            free = stack.enter_context(locked(outputs.lock))
            # Once more: a run that had the name until now may have left its results.
            reason = self._reason(outputs) if free else f"another run is writing {outputs.path}"
            if not reason:
                self._held.enter_context(stack.pop_all())
        return reason

    def _reason(self, outputs: Outputs) -> str:
        replaced = self.overwrite or self.resumes(outputs)
        return _taken(outputs, self.inputs, replaced)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Context in which a lock file is held; False if another process or thread has it.

    The system drops the lock of a process that ends, however it ends, so a file that was left behind blocks nobody.

    Raises:
        InputError: the lock file cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except OSError as error:
        raise InputError(f"cannot write {str(path)!r}: {error.strerror or error}; give another --out") from error
    try:
        yield True
    finally:
        with suppress(OSError):  # Windows removes it on release
            path.unlink()  # while it is held: who has opened it meanwhile sees that it is gone, and opens a new one
        lock.release()


def same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to one existing file, by links or by letters of another case."""
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return False


def _taken(outputs: Outputs, inputs: Sequence[Path], replaced: bool) -> str:
    """Why a name is not free, empty if it is; with `replaced`, what exists is in nobody's way unless it is an input.

    Raises:
        InputError: a file would be replaced that must not or cannot be.
    """
    existing = [path for path in outputs.files() if os.path.lexists(path)]
    for path in existing:
        if any(same_file(path, each) for each in inputs):
            if replaced:
                raise InputError(f"{str(path)!r} is an input of this run, which is never replaced: give another --out")
            return f"{path} is an input of this run"
    if not replaced:
        return f"{existing[0]} exists" if existing else ""
    for path in existing:
        check_replaceable(path)
    return ""


@contextmanager
def _made(folder: Path, keep: bool = True) -> Iterator[None]:
    """Context in which a folder exists; what is made for it is removed after an error, or in any case, if it is empty.

    Raises:
        InputError: it cannot be created or written to.
    """
    missing = list(itertools.takewhile(lambda path: not there(path), [folder, *folder.parents]))
    done = False
    try:
        writable_folder(folder)
        yield
        done = keep
    finally:
        for path in [] if done else missing:
            with suppress(OSError, ValueError):
                path.rmdir()
