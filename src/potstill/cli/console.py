"""Output that the commands share: progress bars, tables and JSON."""

import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from potstill.distillation import Step
from potstill.io.printable import printable

PATIENCE = 1.5
"""Seconds before a bar shows that something goes on."""


@contextmanager
def step_progress() -> Iterator[Callable[[str, Step], None]]:
    """A progress bar on stderr for each method; call the result with every step."""
    columns = (
        TextColumn("{task.description:<16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    progress, tasks = Progress(*columns, console=Console(stderr=True)), {}

    def begin() -> None:
        if progress.console.is_terminal:  # a first step takes long where pictures are large
            tasks[""] = progress.add_task("first step", total=None, note="")
            progress.start()

    timer = threading.Timer(PATIENCE, begin)
    timer.daemon = True
    timer.start()
    try:

        def show(method: str, step: Step) -> None:
            _stop(timer)
            progress.start()  # with the first step, so that an earlier error has a line of its own
            if "" in tasks:
                progress.remove_task(tasks.pop(""))
            if method not in tasks:
                tasks[method] = progress.add_task(method, total=step.total, note="")
            if step.index % 10 == 9 or step.index + 1 == step.total:
                note = "" if step.loss is None else f"loss {step.loss:.2e}"
                progress.update(tasks[method], completed=step.index + 1, note=note)

        yield show
    finally:
        _stop(timer)
        if tasks:
            progress.stop()


@contextmanager
def waiting(description: str) -> Iterator[None]:
    """A bar on stderr that moves while something without steps goes on, once that takes more than `PATIENCE` seconds.

    Only on a terminal, and gone at the end. Nothing may be printed to stdout meanwhile.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<16}"), BarColumn(), TimeElapsedColumn())
    progress = Progress(
        *columns, console=console, transient=True, redirect_stdout=False, disable=not console.is_terminal
    )
    progress.add_task(description, total=None)
    timer = threading.Timer(PATIENCE, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        _stop(timer)
        progress.stop()


def _stop(timer: threading.Timer) -> None:
    """Stop a timer, and wait for what it does if it is at it."""
    timer.cancel()
    if timer.is_alive():
        timer.join()


@contextmanager
def bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr with the remaining time; call the result with the number done and the total."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(description, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def print_records(records: Sequence[dict[str, Any]]) -> None:
    """Print a table with a row for each record; it is not cut to the width of the terminal if piped."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(records[0]):
        table.add_column(name.replace("_", " "), justify="right" if index else "left")
    for record in records:
        table.add_row(*map(_cell, record.values()))
    piped = not Console().is_terminal
    Console(width=200 if piped else None).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def print_written(paths: Sequence[Path], on_stderr: bool = False) -> None:
    """Print which files were written: the first with its folder."""
    *names, last = [str(paths[0]), *(path.name for path in paths[1:])]
    before = f"{', '.join(names)} and " if names else ""
    print(printable(f"wrote {before}{last}"), file=sys.stderr if on_stderr else sys.stdout)


def to_json(value: object) -> str:
    """Indented JSON. A number that is not finite is an error, because JSON cannot express it."""
    return json.dumps(value, indent=2, allow_nan=False)
