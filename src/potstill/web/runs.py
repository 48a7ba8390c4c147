"""The runs of all visitors, and the turn in which their questions are answered.

A run moves only while its visitor asks for the next frame, so it stops when they leave, and nothing piles up for a slow
connection. It is found again by its id after a reload or a silence.
"""

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from potstill.errors import InputError
from potstill.web import limits

T = TypeVar("T")


class Runs(Generic[T]):
    """Runs by their ids, which cannot be guessed."""

    def __init__(
        self, most: int = limits.RUNS, silence: float = limits.SILENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep at most `most` runs, each for `silence` seconds without a question."""
        self.most, self.silence, self.clock = most, silence, clock
        self._runs: OrderedDict[str, tuple[T, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """The number of runs that are kept."""
        return len(self._runs)

    def add(self, run: T, instead_of: str = "") -> str:
        """Keep a run in the place of the visitor's earlier one, and return its id."""
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._runs.pop(instead_of, None)
            self._runs[name] = run, self.clock()
            self._drop()
        return name

    def get(self, name: str) -> T:
        """The run of that id.

        Raises:
            InputError: there is none, or it was dropped.
        """
        with self._lock:
            self._drop()
            if name not in self._runs:
                raise InputError(f"this run is gone (runs are kept for {self.silence / 60:g} minutes): start it again")
            run, _ = self._runs[name]
            self._runs[name] = run, self.clock()
            self._runs.move_to_end(name)
        return run

    def drop(self, name: str) -> None:
        """Forget a run, if it is there."""
        with self._lock:
            self._runs.pop(name, None)

    def _drop(self) -> None:
        """Forget what was silent for too long, and the longest silent of too many."""
        while self._runs:
            oldest, (_, asked) = next(iter(self._runs.items()))
            if len(self._runs) <= self.most and self.clock() - asked <= self.silence:
                break
            del self._runs[oldest]


class Turns:
    """One computation at a time, in the order in which they were asked for."""

    def __init__(self, patience: float = limits.PATIENCE) -> None:
        """Wait for at most `patience` seconds."""
        self.patience = patience
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self) -> Iterator[int]:
        """Wait for one's turn, and hold it; the value is how many others were before.

        Raises:
            InputError: it did not come in time.
        """
        ticket = object()
        with self._changed:
            before = len(self._queue)
            self._queue.append(ticket)
            if not self._changed.wait_for(lambda: self._queue[0] is ticket, self.patience):
                self._queue.remove(ticket)
                self._changed.notify_all()
                raise InputError(f"the server is busy, {before} others were before you: try again in a minute")
        try:
            yield before
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()


TURNS = Turns()
"""The turns of the process: torch's settings for small tensors are global."""
