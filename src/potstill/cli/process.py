"""The process around a command: standard streams that are closed or fail, and signals to stop."""

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals that end a command early: Ctrl-C, `kill`, and the end of its terminal."""


class _Lasting(io.FileIO):
    """A stream for messages that may have no reader any more: what cannot be written is dropped."""

    def write(self, data: Any, /) -> int:
        """As `FileIO.write`, without errors."""
        try:
            return super().write(data) or 0
        except OSError:
            return len(data)


def prepare_streams() -> None:
    """Open the standard streams that are closed on the null device, and let neither names nor readers break them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # otherwise the next file opened would be written to as this stream
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        raw = io.BufferedWriter(_Lasting(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(raw, sys.stderr.encoding, line_buffering=True, write_through=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # file names may hold anything


def drop_output() -> None:
    """Send the rest of the output nowhere; Python would try to write it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def stoppable() -> Iterator[list[int]]:
    """A context that every signal to stop leaves by KeyboardInterrupt, with its exit code as `code`.

    It gives the list of the signals received: a library may turn the interrupt into an error of its own.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        error = KeyboardInterrupt()
        error.code = 128 + number  # type: ignore[attr-defined]
        raise error

    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread receives signals
        return
    usual = (signal.SIG_DFL, signal.default_int_handler)  # `nohup` ignores one
    before = {number: handler for number in STOPS if (handler := signal.getsignal(number)) in usual}
    for number in before:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
