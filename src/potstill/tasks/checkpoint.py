"""The checkpoint of a command: the state of its run and what the run is, in one file beside the results.

It is renewed in one piece every so many seconds and when the run is interrupted, and removed when the results are
written. Only what is the same in every respect goes on from it: a run of another potstill, other weights, another
picture or other settings would end in bytes that no run from the beginning gives.
"""

import itertools
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
from potstill.io.files import write
from potstill.state import Resumable, State
from potstill.tasks.provenance import differences
from potstill.tasks.state_file import pack, unpack, unspoilt

T = TypeVar("T")

ENDING = ".checkpoint.safetensors"
"""After the name of the results that it will give."""
ASIDE = "earlier-"
"""Before the name of a checkpoint that had to make room for another run's."""


@dataclass(frozen=True)
class Saved:
    """What a checkpoint holds."""

    path: Path
    record: dict[str, Any]
    """What the run is: command, settings, model, inputs, versions, as in a result."""
    options: dict[str, Any]
    """What is written besides, and how: options that change no result."""
    folder: str
    """Where the command ran: relative paths in the record begin there."""
    where: str
    """Where it goes on, in words: after step 120 of 200 (edit)."""
    state: State

    def option(self, name: str, kind: type[T]) -> T:
        """An option of that name and kind.

        Raises:
            InputError: it is not there, or of another kind.
        """
        value = self.options.get(name)
        if not isinstance(value, kind):
            raise InputError(f"{str(self.path)!r} is damaged (its {name} is {value!r}): delete it and start anew")
        return value

    def input(self, name: str) -> Path | None:
        """The path of an input, if it has one of that name.

        Raises:
            InputError: it came from no file.
        """
        if name not in self.record:
            return None
        with unspoilt(self.path):
            return Path(self.record[name]["path"])

    def beside(self) -> Path:
        """Where the result goes: beside the checkpoint, whatever it says.

        Raises:
            InputError: what it says is no plain name.
        """
        name = self.option("out", str)
        if not name or Path(name).name != name:
            raise InputError(f"{str(self.path)!r} names {name!r} as its result, which is no name of a file beside it")
        return self.path.parent / name


class Misfit(InputError):
    """A checkpoint is of another run than the one at hand."""


def read(path: Path) -> Saved:
    """The checkpoint in a file.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    state = unpack(path)
    kinds = {"record": dict, "options": dict, "folder": str, "where": str, "state": dict}
    with unspoilt(path):
        for name, kind in kinds.items():
            if not isinstance(state[name], kind):
                raise TypeError(f"its {name} is a {type(state[name]).__name__}")
        if not isinstance(state["record"]["command"], str) or not isinstance(state["record"]["settings"], dict):
            raise TypeError("its record is none")
        return Saved(path=path, **{name: state[name] for name in kinds})


def find(path: Path) -> Path:
    """The checkpoint that is meant: the file, the one in the folder, or the one beside the result.

    Raises:
        InputError: there is none, or there are several.
    """
    if not path.is_dir():
        beside = path.with_suffix(ENDING)
        return beside if beside.is_file() and not path.name.endswith(ENDING) else path
    places = sorted(place for place in path.glob(f"*{ENDING}") if not place.name.startswith(ASIDE))
    if len(places) == 1:
        return places[0]
    if places:
        raise InputError(f"{str(path)!r} holds {len(places)} checkpoints: choose {', '.join(p.name for p in places)}")
    raise InputError(f"{str(path)!r} holds no checkpoint: whatever ran there is finished, or was never saved")


class Checkpoint:
    """Where a run of a command keeps its state."""

    def __init__(self, path: Path, record: Mapping[str, Any], options: Mapping[str, Any], every: float) -> None:
        """Every so many seconds; 0 is never, but for an interruption.

        Raises:
            InputError: the seconds are negative or not finite.
        """
        if not 0 <= every < math.inf:
            raise InputError(f"checkpoint every = {every} must be seconds from 0, which is never, and finite")
        self.path, self.options, self.every = path, options, every
        self.record = json.loads(json.dumps(record))  # a tuple is a list, as in the file
        self._restored = False
        self._saved = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return 0 < self.every <= time.monotonic() - self._saved

    def save(self, run: Resumable, where: str) -> None:
        """Replace the file.

        Raises:
            InputError: it cannot be written.
        """
        about = {"record": self.record, "options": self.options, "folder": os.getcwd(), "where": where}
        write(self.path, pack({**about, "state": run.state()}))
        self._saved = time.monotonic()

    def move_aside(self) -> Path:
        """Make room; the new place of the file."""
        names = (f"{ASIDE}{index}-" if index > 1 else ASIDE for index in itertools.count(1))
        places = (self.path.with_name(name + self.path.name) for name in names)
        aside = next(place for place in places if not place.exists())
        self.path.replace(aside)
        return aside

    def remove(self) -> None:
        """The run is finished."""
        self.path.unlink(missing_ok=True)

    def read(self, alike: bool = False) -> Saved:
        """What the file says, if it is of this very run; `alike` also minds what only may change the bytes.

        Raises:
            InputError: it cannot be read, or is damaged.
            Misfit: it is of another run.
        """
        saved = read(self.path)
        ours, theirs = (_identity(record, alike) for record in (saved.record, self.record))
        if alike:
            ours, theirs = ours | {"gif": saved.options.get("gif")}, theirs | {"gif": self.options.get("gif")}
        parts = [({name: ours.get(name)}, {name: theirs.get(name)}) for name in sorted(ours.keys() | theirs.keys())]
        changes = [
            f"{next(iter(before))} {change}" if isinstance(next(iter(before.values())), Mapping) else change
            for before, now in parts
            for change in differences(before, now)
        ]
        if changes:
            told = re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1", "; ".join(changes))
            raise Misfit(f"{str(self.path)!r} is of another run ({told})")
        return saved

    def restore(self, run: Resumable, saved: Saved) -> None:
        """Bring a run that has begun to where it was.

        Raises:
            InputError: the state is damaged.
        """
        with unspoilt(self.path):
            run.restore(saved.state)
        self._restored = True

    def guard(self) -> AbstractContextManager[None]:
        """Around what rests on the state that was restored, if one was: what it stumbles on is that state.

        Raises:
            InputError: the state is damaged.
        """
        return unspoilt(self.path) if self._restored else nullcontext()


def _identity(record: Mapping[str, Any], alike: bool) -> dict[str, Any]:
    """What of a record must be the same; what had better be so only for `alike`."""
    if alike:
        return dict(record)
    kept = {name: value for name, value in record.items() if name not in ("versions", "machine", "threads")}
    versions = record.get("versions")
    return kept | {"versions": {"potstill": versions.get("potstill") if isinstance(versions, Mapping) else None}}
