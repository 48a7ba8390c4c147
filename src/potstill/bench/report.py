"""What a benchmark shows: the tables, the curves, the contact sheets, and all of it as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float

from potstill.bench.contestants import Contestant
from potstill.bench.pairs import Pair
from potstill.bench.run import Attempted, Job
from potstill.bench.scores import Judge, Scores, Truth
from potstill.figures import INK, new_figure, png
from potstill.images import Images
from potstill.sheets import contact_sheet

RESAMPLES = 1000
"""Of the confidence intervals."""


class Case(NamedTuple):
    """One pair, edited once."""

    pair: Pair
    scores: Scores
    image: Images


@dataclass(frozen=True)
class Entry:
    """A contestant's results: cases by seed and pair, and its curve."""

    contestant: Contestant
    cases: list[list[Case]]
    """[seed][pair]"""
    curve: list[Scores]

    @property
    def label(self) -> str:
        """Name and setting."""
        contestant = self.contestant
        return contestant.name if contestant.setting == "bound" else f"{contestant.name} ({contestant.setting})"

    def values(self, score: str) -> Float[np.ndarray, " pairs"]:
        """A score of each pair, its mean over seeds; NaN for a pair that does not have it."""
        return np.array([[case.scores[score] for case in cases] for cases in self.cases], dtype=float).mean(0)

    def pairs(self) -> list[Pair]:
        """The pairs."""
        return [case.pair for case in self.cases[0]]

    def record(self, group: str | None = None) -> dict[str, Any]:
        """The means over pairs and seeds, of all pairs or one group's, with 95 % intervals over pairs."""
        chosen = np.array([group in (None, pair.group) for pair in self.pairs()])
        found: dict[str, Any] = {"method": self.contestant.name, "setting": self.contestant.setting}
        for score in self.cases[0][0].scores:
            values = self.values(score)[chosen]
            values = values[~np.isnan(values)]
            found[score] = float(values.mean()) if len(values) else None
            found[f"{score}_interval"] = interval(values) if len(values) else None
        return found | {name: self.curve[-1][name] for name in ("evaluations", "seconds")}


def interval(values: Float[np.ndarray, " n"]) -> list[float]:
    """The 95 % confidence interval of the mean, by the bootstrap (Efron 1979), the same for the same values."""
    picks = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    return np.quantile(values[picks].mean(1), [0.025, 0.975]).tolist()


def entries(done: Sequence[tuple[Job, Attempted]]) -> list[Entry]:
    """The results, gathered by contestant."""
    cases: dict[Contestant, dict[int, list[Case]]] = {}
    parts: dict[Contestant, list[Attempted]] = {}
    for job, found in done:
        rows = zip(job.pairs, found.scores, found.images.split(1), strict=True)
        cases.setdefault(job.contestant, {}).setdefault(job.seed, []).extend(Case(*row) for row in rows)
        parts.setdefault(job.contestant, []).append(found)
    return [Entry(who, list(seeds.values()), _mean_curve(parts[who])) for who, seeds in cases.items()]


def _mean_curve(parts: list[Attempted]) -> list[Scores]:
    """The mean of curves, each with as much weight as it has pairs with that score."""
    curve: list[Scores] = []
    for look, first in enumerate(parts[0].curve):
        curve.append({})
        for name in first:
            counts = [sum(row.get(name, 0.0) is not None for row in part.scores) for part in parts]
            told = [(part.curve[look][name] or 0.0) * count for part, count in zip(parts, counts, strict=True)]
            curve[-1][name] = sum(told) / sum(counts) if sum(counts) else None
    return curve


@dataclass(frozen=True)
class Report:
    """The results of a benchmark."""

    entries: list[Entry]
    settings: dict[str, Any]
    """Model, split, pairs, seeds, versions."""
    judge: Judge = Truth()

    @cached_property
    def groups(self) -> list[str]:
        """The groups of pairs."""
        return sorted({pair.group for pair in self.entries[0].pairs()})

    @cached_property
    def score(self) -> str:
        """The score that ranks, or that cases are ordered by where none ranks."""
        return self.judge.order or self.judge.headline[-1]

    def ranked(self) -> list[Entry]:
        """The methods after the bounds, the best first, or as they came where no score ranks."""
        bounds = [entry for entry in self.entries if entry.contestant.setting == "bound"]
        others = [entry for entry in self.entries if entry.contestant.setting != "bound"]
        if self.judge.order:
            others = sorted(others, key=lambda entry: np.nanmean(entry.values(self.score)))
        return bounds + others

    def document(self) -> dict[str, Any]:
        """Everything: settings, means with intervals, groups, curves, and the scores of every pair and seed."""
        return {
            "settings": self.settings,
            "methods": [
                {
                    **entry.record(),
                    "task": entry.contestant.task and entry.contestant.task.settings(),
                    "groups": {group: entry.record(group) for group in self.groups},
                    "curve": entry.curve,
                    "pairs": {
                        pair.name: [cases[index].scores for cases in entry.cases]
                        for index, pair in enumerate(entry.pairs())
                    },
                }
                for entry in self.ranked()
            ],
        }

    def markdown(self) -> str:
        """The tables: all pairs, then by group the score that ranks, or those that only together tell."""
        first = self.entries[0].record()
        names = [name for name in self.entries[0].cases[0][0].scores if first[name] is not None]
        shown = [self.judge.order] if self.judge.order else self.judge.headline
        columns = [*names, "evaluations", "seconds"]
        lines = [_row(["method", *columns]), _row(["---", *["---:"] * len(columns)])]
        for entry in self.ranked():
            record = entry.record()
            lines.append(_row([entry.label, *(_cell(record, name, name in shown) for name in columns)]))
        for score in shown:
            lines += ["", f"{score} by group:", "", _row(["method", *self.groups])]
            lines.append(_row(["---", *["---:"] * len(self.groups)]))
            for entry in self.ranked():
                lines.append(_row([entry.label, *(_cell(entry.record(group), score) for group in self.groups)]))
        return "\n".join(lines) + "\n"

    def curves(self) -> bytes:
        """Quality on the way, as PNG: over evaluations where a score ranks, else one score against the other."""
        names = self.judge.headline
        if not self.judge.order and len(names) == 2:
            return self._tradeoff(*names)
        figure, axes = new_figure(len(names), 1, "quality on the way, mean over pairs and seeds", size=5.0)
        for axis, name in zip(axes[0], names, strict=True):
            for entry in self.ranked():
                if entry.contestant.setting == "bound" or not entry.curve[-1]["evaluations"]:
                    continue
                x = [look["evaluations"] for look in entry.curve]
                style = "-" if entry.contestant.setting != "published" else ":"
                axis.plot(x, [look[name] for look in entry.curve], style, marker=".", label=entry.label)
            axis.set_xscale("log")
            axis.set_xlabel("network evaluations for each picture")
            axis.set_ylabel(name)
        axes[0, -1].legend(fontsize=6, ncols=2)
        return png(figure)

    def _tradeoff(self, across: str, up: str) -> bytes:
        """Each method's way in the plane of two scores, which ends in a dot; bounds are crosses."""
        figure, axes = new_figure(1, 1, "what stays against what the caption says, mean over pairs and seeds", size=6.5)
        axis = axes[0, 0]
        for entry in self.ranked():
            x, y = ([look[name] for look in entry.curve] for name in (across, up))
            if entry.contestant.setting == "bound":
                axis.plot(x[-1:], y[-1:], "x", color=INK)
                axis.annotate(entry.label, (x[-1], y[-1]), xytext=(4, 4), textcoords="offset points", fontsize=7)
            else:
                (line,) = axis.plot(x, y, lw=0.8, alpha=0.6)
                axis.plot(x[-1:], y[-1:], "o", color=line.get_color(), label=entry.label)
        axis.set_xlabel(f"{across}: 1 is doing nothing")
        axis.set_ylabel(up)
        axis.legend(fontsize=6, ncols=2)
        return png(figure)

    def sheet(self) -> bytes:
        """The middle case of each group, as PNG: source, answer, and what every contestant made of it."""
        shown = [entry for entry in self.ranked() if entry.contestant.name not in ("nothing", "answer")]
        middle = np.mean([entry.values(self.score) for entry in shown], axis=0)
        images, captions = [], []
        for group in self.groups:
            chosen = [n for n, pair in enumerate(shown[0].pairs()) if pair.group == group]
            index = sorted(chosen, key=lambda n: middle[n])[len(chosen) // 2]
            pair = shown[0].pairs()[index]
            images += _ends(pair) + [entry.cases[0][index].image for entry in shown]
            captions += _captions(pair, "source") + [entry.label for entry in shown]
        return _sheet(images, captions, len(self.groups))

    def cases(self, entry: Entry, count: int = 4) -> bytes:
        """The best, the middle and the worst cases of a contestant, as PNG, each a row: source, answer, result.

        Where no score ranks, they are the lowest, the middle and the highest.
        """
        values = entry.values(self.score)
        order = np.argsort(values, kind="stable")[: np.isfinite(values).sum()]
        count = min(count, len(order))
        start = (len(order) - count) // 2
        rows = [order[:count], order[start : start + count], order[len(order) - count :]]
        images, captions = [], []
        kinds = ("best", "middle", "worst") if self.judge.order else ("lowest", "middle", "highest")
        for kind, row in zip(kinds, rows, strict=True):
            for index in row.tolist():
                case = entry.cases[0][index]
                ends = _ends(case.pair)
                images += [*ends, case.image]
                captions += [*_captions(case.pair, case.pair.name), f"{kind}: {self.score} {values[index]:.2f}"]
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


def _cell(record: dict[str, Any], name: str, intervals: bool = False) -> str:
    if record[name] is None:
        return "–"
    if not intervals:
        return f"{record[name]:.3g}"
    low, high = record[f"{name}_interval"]
    return f"{record[name]:.3f} ({low:.2f} to {high:.2f})"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
