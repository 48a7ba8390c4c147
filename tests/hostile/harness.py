"""What hostile input must come to: one line that says why, exit code 2, nothing written, bounded time and memory."""

import json
import re
import resource
import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from potstill.cli import main
from potstill.tasks.images.editing import Edit

MEMORY = 1_500_000_000
"""Bytes that a case may take beside what the process already has."""
SECONDS = 60
"""That a case may take; they take a fraction of one where nothing else runs."""
COMMANDS = {
    "edit": "edit photo.png --source a --target b --model MODEL --steps 2",
    "generate": "generate a --model MODEL --steps 2",
    "compare": "compare photo.png --source a --target b --model MODEL --steps 2 --methods dds",
    "invert": "invert photo.png --prompt a --model MODEL --steps 2",
    "replay": "replay record.json",
    "sample": "sample a --model MODEL --steps 1 --count 1",
    "vocabulary": "vocabulary",
    "world": "world blobs --steps 1 --points 2 --methods sds",
    "theorem": "theorem blobs --steps 2 --points 2",
    "methods": "methods",
    "cite": "cite",
}
"""What works, to be spoilt by what comes after it."""


class TooLong(BaseException):
    """A case took longer than it may."""


@contextmanager
def bounded() -> Iterator[None]:
    """Run out of memory, for real, and of time where they would be used without end."""

    def stop(*_: object) -> None:
        raise TooLong

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run(capsys, *words: str) -> tuple[int, str, str]:
    """Exit code, output and error of a command line, within bounds."""
    with bounded(), pytest.raises(SystemExit) as stop:
        main(words)
    captured = capsys.readouterr()
    return stop.value.code or 0, captured.out, captured.err


def words_of(command: str, model: str) -> list[str]:
    """A command line that works."""
    return [model if word == "MODEL" else word for word in shlex.split(COMMANDS[command])]


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """What lies in a folder: size and time of each file."""
    found = {path: path.lstat() for path in folder.rglob("*") if not path.is_dir()}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def refused(capsys, folder: Path, words: list[str], message: str) -> None:
    """Assert that the command line is refused, in words that the message matches."""
    before, began = files(folder), time.monotonic()
    code, out, err = run(capsys, *words)
    assert time.monotonic() - began < SECONDS
    assert (code, out) == (2, ""), err
    beside = ("potstill: warning: ", "potstill: note: ")
    lines = [line for line in err.splitlines() if not line.startswith(beside) and "━" not in line]
    assert len(lines) == 1, err
    one_line(lines[0].removeprefix("potstill: "), message)
    assert lines[0].startswith("potstill: ")
    assert files(folder) == before


def one_line(text: str, message: str) -> None:
    """Assert that a message is a printable line of words, not of code."""
    assert re.search(message, text), text
    assert text.isprintable()
    assert 15 < len(text) < 1500
    assert "Traceback" not in text
    assert not re.search(r"\b\w+Error\b|<class|object at 0x", text), text


def record(name: str, /, **changes: Any) -> dict[str, Any]:
    """What `edit` writes, with changes; a change of `settings`, `model` or `image` is joined to what is there."""
    sound: dict[str, Any] = {
        "command": "edit",
        "settings": Edit(source="a", target="b", steps=2).settings(),
        "model": {"name": name, "dtype": "float32", "device": "cpu"},
        "image": {"path": "photo.png", "sha256": "0" * 64},
        "images": ["photo.png"],
    }
    for part, value in changes.items():
        joined = isinstance(value, dict) and isinstance(sound.get(part), dict)
        sound[part] = sound[part] | value if joined else value
    return sound


def as_json(value: Any) -> bytes:
    """As Python writes it, with NaN and half characters."""
    return json.dumps(value).encode()
