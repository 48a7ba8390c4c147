"""What a benchmark shows: quality on the way, and contact sheets of cases; all as PNG."""

import matplotlib as mpl
import numpy as np
import torch
import torch.nn.functional as F

from potstill.bench.emoji_pairs import Pair
from potstill.bench.report import Entry, Report
from potstill.io.contact_sheet import contact_sheet
from potstill.io.plotting import INK, new_figure, png
from potstill.tensors import Images

COLOURS = mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
"""As many as there are methods."""


def curves(report: Report) -> bytes:
    """Quality on the way, as PNG: over evaluations where a score ranks, else one score against the other."""
    names = report.judge.headline
    if not report.judge.order and len(names) == 2:
        return _tradeoff(report, *names)
    figure, axes = new_figure(len(names), 1, "quality on the way, mean over pairs and seeds", size=5.0)
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_prop_cycle(color=COLOURS)
        for entry in report.ranked():
            if entry.contestant.setting == "bound" or not entry.curve[-1]["evaluations"]:
                continue
            x = [look["evaluations"] for look in entry.curve]
            style = "-" if entry.contestant.setting != "published" else ":"
            axis.plot(x, [look[name] for look in entry.curve], style, marker=".", label=entry.label)
        axis.set_xscale("log")
        axis.set_xlabel("network evaluations for each picture")
        axis.set_ylabel(name)
    figure.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return png(figure)


def _tradeoff(report: Report, across: str, up: str) -> bytes:
    """Each method's way in the plane of two scores, which ends in a dot; bounds are crosses."""
    figure, axes = new_figure(1, 1, "what stays against what the caption says, mean over pairs and seeds", size=6.5)
    axis = axes[0, 0]
    axis.set_prop_cycle(color=COLOURS)
    for entry in report.ranked():
        x, y = ([look[name] for look in entry.curve] for name in (across, up))
        if entry.contestant.setting == "bound":
            axis.plot(x[-1:], y[-1:], "x", color=INK)
            axis.annotate(entry.label, (x[-1], y[-1]), xytext=(4, 4), textcoords="offset points", fontsize=7)
        else:
            (line,) = axis.plot(x, y, lw=0.8, alpha=0.6)
            axis.plot(x[-1:], y[-1:], "o", color=line.get_color(), label=entry.label)
    axis.set_xlabel(f"{across}: 1 is doing nothing")
    axis.set_ylabel(up)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return png(figure)


def sheet(report: Report) -> bytes:
    """The middle case of each group, as PNG: source, answer, and what every contestant made of it."""
    shown = [entry for entry in report.ranked() if entry.contestant.name not in ("nothing", "answer")]
    middle = np.mean([entry.values(report.score) for entry in shown], axis=0)
    images, captions = [], []
    for group in report.groups:
        chosen = [n for n, pair in enumerate(shown[0].pairs()) if pair.group == group]
        index = sorted(chosen, key=lambda n: middle[n])[len(chosen) // 2]
        pair = shown[0].pairs()[index]
        images += _ends(pair) + [entry.cases[0][index].look() for entry in shown]
        captions += _captions(pair, "source") + [entry.label for entry in shown]
    return _sheet(images, captions, len(report.groups))


def cases(report: Report, entry: Entry, count: int = 4) -> bytes:
    """The best, the middle and the worst cases of a contestant, as PNG, each a row: source, answer, result.

    Where no score ranks, they are the lowest, the middle and the highest.
    """
    values = entry.values(report.score)
    order = np.argsort(values, kind="stable")[: np.isfinite(values).sum()]
    count = min(count, len(order))
    start = (len(order) - count) // 2
    rows = [order[:count], order[start : start + count], order[len(order) - count :]]
    images, captions = [], []
    kinds = ("best", "middle", "worst") if report.judge.order else ("lowest", "middle", "highest")
    for kind, row in zip(kinds, rows, strict=True):
        for index in row.tolist():
            case = entry.cases[0][index]
            ends = _ends(case.pair)
            images += [*ends, case.look()]
            captions += [*_captions(case.pair, case.pair.name), f"{kind}: {report.score} {values[index]:.2f}"]
    return _sheet(images, captions, 3)


def _ends(pair: Pair) -> list[Images]:
    return [pair.source] if pair.answer is None else [pair.source, pair.answer]


def _captions(pair: Pair, first: str) -> list[str]:
    """Of `_ends`; without an answer, the source's is the target prompt."""
    return [f"to: {pair.target_prompt}"] if pair.answer is None else [first, "answer"]


def _sheet(images: list[Images], captions: list[str], rows: int) -> bytes:
    """Small pictures doubled, large ones brought down to a side of 256 pixels."""
    shown = torch.cat(images)
    factor = 256 / max(shown.shape[-2:])
    if factor < 1:
        shown = F.interpolate(shown, [round(side * factor) for side in shown.shape[-2:]], mode="area")
    return contact_sheet(shown, len(captions) // rows, captions, zoom=2 if factor >= 2 else 1)
