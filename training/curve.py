"""The training curve: the loss from the log of a run, smoothed into a small committed table, and its figure.

    python -m training.curve --logs build/emoji/run/metrics.jsonl build/emoji/last/metrics.jsonl
    python -m training.curve

The second line redraws the figure from the table. If two logs hold the same step, the later log counts: a last phase
that starts at step 40,000 of a run replaces the run's own steps from there. Rows of the table before the first log are
kept, so a run that was reopened (`training.reopen`) continues the curve.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from matplotlib.figure import Figure

from potstill.io.files import write
from potstill.io.plotting import BLUE, GREY, INK, png

Row = tuple[int, float, float]
"""A step, the median loss of the steps up to it, and the hours of training so far."""


@dataclass(frozen=True)
class Curve:
    """Inputs and outputs."""

    logs: tuple[Path, ...] = ()
    """`metrics.jsonl` of the run and of its last phase; none redraws the existing table."""
    table: Path = Path("docs/pictures/emoji/curve.csv")
    """The smoothed numbers."""
    out: Path = Path("docs/pictures/emoji/curve.png")
    """The figure."""
    window: int = 100
    """Lines of the logs per row of the table; `training.train` writes one every step, `training.gpu` every 50 steps."""


def smooth(logs: Sequence[Path], window: int, before: Sequence[Row] = ()) -> list[Row]:
    """The rows of the table; every step is taken once, from the last log that has it, after the earlier rows."""
    steps: dict[int, tuple[float, float]] = {}
    for log in logs:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        steps = {step: value for step, value in steps.items() if step < lines[0]["step"]}
        steps |= {line["step"]: (line["loss"], line["seconds"]) for line in lines}
    order = sorted(steps)
    rows = [row for row in before if row[0] < order[0]]
    seconds = rows[-1][2] * 3600 if rows else 0.0
    for start in range(0, len(order), window):
        part = order[start : start + window]
        seconds += sum(steps[step][1] for step in part)
        rows.append((part[-1], round(float(np.median([steps[step][0] for step in part])), 5), round(seconds / 3600, 3)))
    return rows


def to_csv(rows: Sequence[Row]) -> str:
    """The table as text."""
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\n").writerows([("step", "loss", "hours"), *rows])
    return lines.getvalue()


def from_csv(text: str) -> list[Row]:
    """The table from text."""
    return [(int(row["step"]), float(row["loss"]), float(row["hours"])) for row in csv.DictReader(io.StringIO(text))]


def draw(rows: Sequence[Row]) -> bytes:
    """The loss against the steps, both logarithmic, as PNG."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    steps, losses, hours = zip(*rows, strict=True)
    axis.plot(steps, losses, color=BLUE, linewidth=1.5)
    axis.set(xscale="log", yscale="log", xlabel="step", ylabel="v loss, median")
    axis.set_title(f"{steps[-1]:,} steps in {hours[-1]:.1f} hours", color=INK, fontsize=10)
    axis.grid(True, which="both", color=GREY, linewidth=0.4, alpha=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    return png(figure)


def main(curve: Curve) -> None:
    """Smooth the logs, if any, and draw the figure."""
    curve.table.parent.mkdir(parents=True, exist_ok=True)
    if curve.logs:
        before = from_csv(curve.table.read_text()) if curve.table.exists() else []
        write(curve.table, to_csv(smooth(curve.logs, curve.window, before)).encode())
    rows = from_csv(curve.table.read_text())
    write(curve.out, draw(rows))
    print(f"{rows[-1][0]} steps in {curve.out}")


if __name__ == "__main__":
    main(tyro.cli(Curve, description=__doc__))
