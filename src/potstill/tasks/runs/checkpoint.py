"""The checkpoint of a command: the record and the state of its run, in one file beside the results.

It is replaced in one piece at intervals and when the run is interrupted, and removed when the results are written.
Only the same run resumes from it: with another version of potstill, other weights, another picture or other settings
it would end in bytes that no uninterrupted run gives.
"""

import glob
import json
import math
import os
import re
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from potstill.errors import InputError
from potstill.io.files import as_path, write
from potstill.priors.identity import as_stated
from potstill.state import Resumable, State
from potstill.tasks.files.provenance import differences
from potstill.tasks.runs.state_file import damaged_file_errors, pack, unpack
from potstill.tasks.settings.plugins import check_plugins

T = TypeVar("T")

ENDING = ".checkpoint.safetensors"
"""After the name of the results."""
WORTH = 5.0
"""Seconds of work that are worth a checkpoint."""


@dataclass(frozen=True)
class Saved:
    """The content of a checkpoint."""

    path: Path
    record: dict[str, Any]
    """Command, settings, model, inputs and versions, as in a result."""
    options: dict[str, Any]
    """Options that change no result: what else is written, and how."""
    folder: str
    """The folder in which the command ran: relative paths in the record start there."""
    where: str
    """Where the run resumes, in words: after step 120 of 200 (edit)."""
    state: State

    def option(self, name: str, kind: type[T]) -> T:
        """The option of that name, checked to be of that type.

        Raises:
            InputError: it is missing, or of another type.
        """
        value = self.options.get(name)
        if not isinstance(value, kind):
            raise InputError(f"{str(self.path)!r} is damaged (its {name} is {value!r}): delete it and start anew")
        return value

    def input(self, name: str) -> Path | None:
        """The path of an input, None if the run has no input of that name.

        Raises:
            InputError: the input came from no file.
        """
        if name not in self.record:
            return None
        with damaged_file_errors(self.path):
            return Path(self.record[name]["path"])

    def result_path(self) -> Path:
        """The path of the result, always beside the checkpoint.

        Raises:
            InputError: the recorded name is not a plain file name.
        """
        name = self.option("out", str)
        if not name or Path(name).name != name:
            raise InputError(
                f"{str(self.path)!r} names {name!r} as its result, which is not the name of a file beside it"
            )
        return self.path.parent / name


class CheckpointMismatch(InputError):
    """A checkpoint belongs to another run."""


def read(path: str | Path) -> Saved:
    """The checkpoint in a file.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    path = as_path(path)
    state = unpack(path)
    kinds = {"record": dict, "options": dict, "folder": str, "where": str, "state": dict}
    with damaged_file_errors(path):
        for name, kind in kinds.items():
            if not isinstance(state[name], kind):
                raise TypeError(f"its {name} is a {type(state[name]).__name__}")
        if not isinstance(state["record"]["command"], str) or not isinstance(state["record"]["settings"], dict):
            raise TypeError("its record is not one of potstill")
        check_plugins(state["record"])
        return Saved(path=path, **{name: state[name] for name in kinds})


def find(path: str | Path) -> Path:
    """The path of a checkpoint: the file itself, the only one in a folder, or the one beside a result.

    Raises:
        InputError: the folder holds no checkpoint, or several.
    """
    path = as_path(path)
    if not path.is_dir():
        if path.name.endswith(ENDING):
            return path
        if (beside := path.with_suffix(ENDING)).is_file():
            return beside
        if path.is_file() and ((others := _others(path)) or path.suffix != ".safetensors"):
            raise InputError(f"there is no checkpoint beside {str(path)!r}{others}")
        return path
    places = sorted(path.glob(f"*{ENDING}"))
    if len(places) == 1:
        return places[0]
    if places:
        raise InputError(f"{str(path)!r} holds {len(places)} checkpoints: choose {', '.join(p.name for p in places)}")
    raise InputError(
        f"{str(path)!r} holds no checkpoint: whatever ran there is finished, or was never saved{_others(path)}"
    )


def _others(path: Path) -> str:
    """The checkpoints of runs that took another name, because that one was taken."""
    stem = glob.escape(path.stem)
    found = [*path.parent.glob(f"{stem}-*{ENDING}"), *path.parent.glob(f"{stem}-*/*{ENDING}")]
    return f"; there is {', '.join(sorted(map(str, found))[:5])}" if found else ""


class Checkpoint:
    """Saves and restores the state of a run of a command."""

    def __init__(self, path: str | Path, record: Mapping[str, Any], options: Mapping[str, Any], every: float) -> None:
        """A checkpoint at `path`, to be saved every `every` seconds; 0 is only when interrupted.

        Raises:
            InputError: the seconds are negative or not finite.
        """
        if not 0 <= every < math.inf:
            raise InputError(f"checkpoint every = {every} must be seconds from 0, which is never, and finite")
        self.path, self.options, self.every = as_path(path), options, every
        self.record = json.loads(json.dumps(record))  # a tuple is a list, as in the file
        self._restored = False
        self._began = self._saved = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return 0 < self.every <= time.monotonic() - self._saved

    @property
    def seconds(self) -> float:
        """Since the checkpoint was made, or restored."""
        return time.monotonic() - self._began

    @property
    def worth_it(self) -> bool:
        """Whether there is work that should not be lost: of some seconds, or as many as between two checkpoints."""
        return self._restored or self.seconds >= min(WORTH, self.every)

    def save(self, run: Resumable, where: str) -> None:
        """Replace the file.

        Raises:
            InputError: it cannot be written.
        """
        about = {"record": self.record, "options": self.options, "folder": os.getcwd(), "where": where}
        write(self.path, pack({**about, "state": run.live_state()}))
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Delete the file, once the run is finished."""
        self.path.unlink(missing_ok=True)

    def fits(self) -> bool:
        """Whether there is a file, of this very run."""
        try:
            return self.path.is_file() and bool(self.read(strict=True))
        except InputError:
            return False

    def read(self, strict: bool = False) -> Saved:
        """Read the checkpoint if it belongs to this run. With `strict`, also require the same versions and threads.

        Raises:
            InputError: it cannot be read, or is damaged.
            CheckpointMismatch: it belongs to another run.
        """
        saved = read(self.path)
        now = dict(self.record)
        if "seeds" in now and "seeds" not in saved.record:
            raise CheckpointMismatch(
                f"{str(self.path)!r} draws all results from one generator, as earlier versions did, and now each "
                "result has a seed of its own"
            )
        if "model" in now:
            now["model"] = as_stated(saved.record.get("model"), now["model"])
        ours, theirs = (_identity(record, strict) for record in (saved.record, now))
        if strict:
            ours, theirs = ours | {"gif": saved.options.get("gif")}, theirs | {"gif": self.options.get("gif")}
        parts = [({name: ours.get(name)}, {name: theirs.get(name)}) for name in sorted(ours.keys() | theirs.keys())]
        changes = [
            f"{next(iter(before))} {change}" if isinstance(next(iter(before.values())), Mapping) else change
            for before, now in parts
            for change in differences(before, now)
        ]
        if changes:
            reason = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", "; ".join(changes))
            raise CheckpointMismatch(f"{str(self.path)!r} is of another run ({reason})")
        return saved

    def restore(self, run: Resumable, saved: Saved) -> None:
        """Restore a run that was started in the same way.

        Raises:
            InputError: the state is damaged.
        """
        with damaged_file_errors(self.path):
            run.restore(saved.state)
        self._restored = True

    def restored_state_errors(self) -> AbstractContextManager[None]:
        """Context for code that uses a restored state; its errors are reported as a damaged checkpoint.

        Raises:
            InputError: the state is damaged.
        """
        return damaged_file_errors(self.path) if self._restored else nullcontext()


def _identity(record: Mapping[str, Any], strict: bool) -> dict[str, Any]:
    """The parts of a record that must be the same: without `strict` not the versions of other libraries."""
    if strict:
        return dict(record)
    kept = {name: value for name, value in record.items() if name not in ("versions", "machine", "threads")}
    versions = record.get("versions")
    return kept | {"versions": {"potstill": versions.get("potstill") if isinstance(versions, Mapping) else None}}
