"""The figures of a benchmark as PNG: quality over evaluations, and contact sheets of cases."""

import matplotlib as mpl
import numpy as np
import torch
import torch.nn.functional as F

from potstill.bench.emoji_pairs import Pair
from potstill.bench.entries import Bound, MethodEntry
from potstill.bench.report import EntryResults, Report
from potstill.bench.settings import Setting
from potstill.io.contact_sheet import contact_sheet
from potstill.io.plotting import INK, new_figure, png
from potstill.tensors import Images

COLOURS = mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
"""At least as many as methods."""


def curves(report: Report) -> bytes:
    """Quality during the runs: over evaluations if a score ranks, else one headline score against the other."""
    names = report.judge.headline
    if not report.judge.order and len(names) == 2:
        return _tradeoff(report, *names)
    figure, axes = new_figure(len(names), 1, "quality during a run, mean over pairs and seeds", size=5.0)
    for axis, name in zip(axes[0], names, strict=True):
        axis.set_prop_cycle(color=COLOURS)
        for results in report.ranked():
            entry = results.entry
            if not isinstance(entry, MethodEntry) or not results.curve[-1]["evaluations"]:
                continue
            x = [point["evaluations"] for point in results.curve]
            style = ":" if entry.setting is Setting.PUBLISHED else "-"
            axis.plot(x, [point[name] for point in results.curve], style, marker=".", label=entry.label)
        axis.set_xscale("log")
        axis.set_xlabel("network evaluations per pair")
        axis.set_ylabel(name)
    figure.legend(*axes[0, -1].get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return png(figure)


def _tradeoff(report: Report, across: str, up: str) -> bytes:
    """Each method's curve in the plane of two scores, with a dot at its end; bounds are crosses."""
    figure, axes = new_figure(1, 1, "preservation and caption score, mean over pairs and seeds", size=6.5)
    axis = axes[0, 0]
    axis.set_prop_cycle(color=COLOURS)
    for results in report.ranked():
        x, y = ([point[name] for point in results.curve] for name in (across, up))
        if isinstance(results.entry, Bound):
            axis.plot(x[-1:], y[-1:], "x", color=INK)
            axis.annotate(results.entry.label, (x[-1], y[-1]), xytext=(4, 4), textcoords="offset points", fontsize=7)
        else:
            (line,) = axis.plot(x, y, lw=0.8, alpha=0.6)
            axis.plot(x[-1:], y[-1:], "o", color=line.get_color(), label=results.entry.label)
    axis.set_xlabel(f"{across}: 1 is the source unchanged")
    axis.set_ylabel(up)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside right center", fontsize=7)
    return png(figure)


def sheet(report: Report) -> bytes:
    """The median case of each group: source, answer, and the result of every entry (but for the unseeded bounds)."""
    shown = [results for results in report.ranked() if results.entry.seeded]
    middle = np.mean([results.values(report.score) for results in shown], axis=0)
    images, captions = [], []
    for group in report.groups:
        chosen = [n for n, pair in enumerate(shown[0].pairs()) if pair.group == group]
        index = sorted(chosen, key=lambda n: middle[n])[len(chosen) // 2]
        pair = shown[0].pairs()[index]
        images += _ends(pair) + [results.cases[0][index].image() for results in shown]
        captions += _captions(pair, "source") + [results.entry.label for results in shown]
    return _sheet(report, images, captions, len(report.groups))


def cases(report: Report, results: EntryResults, count: int = 4) -> bytes:
    """The best, the middle and the worst cases of an entry, a row each: source, answer, result.

    If no score ranks, they are the lowest, the middle and the highest. Wide images, such as views side by side, have a
    row for each case.
    """
    values = results.values(report.score)
    order = np.argsort(values, kind="stable")[: np.isfinite(values).sum()]
    count = min(count, len(order))
    start = (len(order) - count) // 2
    rows = [order[:count], order[start : start + count], order[len(order) - count :]]
    images, captions = [], []
    kinds = ("best", "middle", "worst") if report.judge.order else ("lowest", "middle", "highest")
    for kind, row in zip(kinds, rows, strict=True):
        for index in row.tolist():
            case = results.cases[0][index]
            ends = _ends(case.pair)
            images += [*ends, case.image()]
            captions += [*_captions(case.pair, case.pair.name), f"{kind}: {report.score} {values[index]:.2f}"]
    height, width = report.judge.shown(images[0]).shape[-2:]
    return _sheet(report, images, captions, 3 * count if width > 2 * height else 3)


def _ends(pair: Pair) -> list[Images]:
    return [pair.source] if pair.answer is None else [pair.source, pair.answer]


def _captions(pair: Pair, first: str) -> list[str]:
    """The captions of `_ends`; without an answer, the source carries the target prompt."""
    return [f"to: {pair.target_prompt}"] if pair.answer is None else [first, "answer"]


def _sheet(report: Report, images: list[Images], captions: list[str], rows: int) -> bytes:
    """A contact sheet; small images are doubled, large ones reduced to a side of 256 pixels."""
    shown = torch.cat([report.judge.shown(image) for image in images])
    factor = 256 / max(shown.shape[-2:])
    if factor < 1:
        shown = F.interpolate(shown, [round(side * factor) for side in shown.shape[-2:]], mode="area")
    return contact_sheet(shown, len(captions) // rows, captions, zoom=2 if factor >= 2 else 1)
