"""Runs that are killed or interrupted, what they left, and how that is forged."""

import json
import signal
from contextlib import contextmanager

from potstill.cli import interrupts
from potstill.tasks.runs import checkpoint
from potstill.tasks.runs.checkpoint import Checkpoint
from potstill.tasks.runs.state_file import pack, unpack


class Killed(BaseException):
    """Nothing is done after it."""


def killed_after(monkeypatch, count):
    """The process dies after writing that many checkpoints, one of which is due after every step."""
    saved, save = [], Checkpoint.save

    def dying(self, run, where):
        save(self, run, where)
        saved.append(where)
        if len(saved) == count:
            raise Killed

    monkeypatch.setattr(Checkpoint, "due", property(lambda self: True))
    monkeypatch.setattr(Checkpoint, "save", dying)


def interrupted_after(monkeypatch, count):
    """Ctrl-C arrives in that step; however short the run was, it is saved."""

    class Signals(list):
        asked = 0

        def __bool__(self):
            self.asked += 1
            return self.asked >= count

    @contextmanager
    def stop_signals():
        yield Signals([signal.SIGINT])

    monkeypatch.setattr(interrupts, "stop_signals", stop_signals)
    monkeypatch.setattr(checkpoint, "WORTH", 0.0)


def contents(folder):
    """The bytes of every file; of JSON what is not the time it took."""
    found = {}
    for path in folder.iterdir():
        found[path.name] = path.read_bytes()
        if path.suffix == ".json":
            document = json.loads(found[path.name])
            document.pop("seconds", None)
            for row in document.get("methods", ()):
                row.pop("seconds", None)
            found[path.name] = document
    return found


def change(file, name, value):
    """A checkpoint that says something else, with a hash that fits; the name is a path with points, or in parts."""
    state = unpack(file)
    *path, last = name.split(".") if isinstance(name, str) else name
    part = state
    for step in path:
        part = part[step]
    part[last] = value
    file.write_bytes(pack(state))
