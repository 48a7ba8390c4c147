"""What a benchmark shows: the tables, the curves, the contact sheets, and all of it as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from potstill.bench.contestants import Contestant
from potstill.bench.pairs import Pair
from potstill.bench.run import Attempted, Job
from potstill.bench.scores import Scores
from potstill.figures import new_figure, png
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
    curve: list[dict[str, float]]

    @property
    def label(self) -> str:
        """Name and setting."""
        contestant = self.contestant
        return contestant.name if contestant.setting == "bound" else f"{contestant.name} ({contestant.setting})"

    def values(self, score: str) -> Float[np.ndarray, " pairs"]:
        """A score of each pair, its mean over seeds."""
        return np.mean([[case.scores[score] for case in cases] for cases in self.cases], axis=0)

    def pairs(self) -> list[Pair]:
        """The pairs."""
        return [case.pair for case in self.cases[0]]

    def record(self, group: str | None = None) -> dict[str, Any]:
        """The means over pairs and seeds, of all pairs or one group's, with 95 % intervals over pairs."""
        chosen = np.array([group in (None, pair.group) for pair in self.pairs()])
        found: dict[str, Any] = {"method": self.contestant.name, "setting": self.contestant.setting}
        for score in self.cases[0][0].scores:
            values = self.values(score)[chosen]
            found[score] = float(values.mean())
            found[f"{score}_interval"] = interval(values)
        return found | {name: self.curve[-1][name] for name in ("evaluations", "seconds")}


def interval(values: Float[np.ndarray, " n"]) -> list[float]:
    """The 95 % confidence interval of the mean, by the bootstrap (Efron 1979), the same for the same values."""
    picks = np.random.default_rng(0).integers(len(values), size=(RESAMPLES, len(values)))
    return np.quantile(values[picks].mean(1), [0.025, 0.975]).tolist()


def entries(done: Sequence[tuple[Job, Attempted]]) -> list[Entry]:
    """The results, gathered by contestant."""
    cases: dict[Contestant, dict[int, list[Case]]] = {}
    curves: dict[Contestant, list[tuple[int, list[dict[str, float]]]]] = {}
    for job, found in done:
        rows = zip(job.pairs, found.scores, found.images.split(1), strict=True)
        cases.setdefault(job.contestant, {}).setdefault(job.seed, []).extend(Case(*row) for row in rows)
        curves.setdefault(job.contestant, []).append((len(job.pairs), found.curve))
    return [Entry(who, list(seeds.values()), _mean_curve(curves[who])) for who, seeds in cases.items()]


def _mean_curve(parts: list[tuple[int, list[dict[str, float]]]]) -> list[dict[str, float]]:
    """The mean of curves, each with as much weight as it has pairs."""
    weights = np.array([count for count, _ in parts], dtype=float)
    return [
        {name: float(np.average([curve[look][name] for _, curve in parts], weights=weights)) for name in first}
        for look, first in enumerate(parts[0][1])
    ]


@dataclass(frozen=True)
class Report:
    """The results of a benchmark."""

    entries: list[Entry]
    settings: dict[str, Any]
    """Model, split, pairs, seeds, versions."""

    @cached_property
    def groups(self) -> list[str]:
        """The groups of pairs."""
        return sorted({pair.group for pair in self.entries[0].pairs()})

    @cached_property
    def score(self) -> str:
        """The score that orders: the relative error, or what there is in its place."""
        return next(iter(self.entries[0].cases[0][0].scores))

    def ranked(self) -> list[Entry]:
        """The methods, the best first, after the bounds."""
        bounds = [entry for entry in self.entries if entry.contestant.setting == "bound"]
        others = [entry for entry in self.entries if entry.contestant.setting != "bound"]
        return bounds + sorted(others, key=lambda entry: entry.values(self.score).mean())

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
        """The tables: all pairs, then the relative error by group."""
        names = list(self.entries[0].cases[0][0].scores)
        columns = [*names, "evaluations", "seconds"]
        lines = [_row(["method", *columns]), _row(["---", *["---:"] * len(columns)])]
        for entry in self.ranked():
            record = entry.record()
            low, high = record[f"{self.score}_interval"]
            values = [f"{record[name]:.3g}" for name in columns]
            values[0] = f"{record[self.score]:.3f} ({low:.2f} to {high:.2f})"
            lines.append(_row([entry.label, *values]))
        lines += ["", f"{self.score} by group:", "", _row(["method", *self.groups])]
        lines.append(_row(["---", *["---:"] * len(self.groups)]))
        for entry in self.ranked():
            lines.append(_row([entry.label, *(f"{entry.record(group)[self.score]:.2f}" for group in self.groups)]))
        return "\n".join(lines) + "\n"

    def curves(self) -> bytes:
        """Quality over evaluations, as PNG: the first two scores."""
        names = list(self.entries[0].cases[0][0].scores)[:2]
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
            captions += ["source", "answer"][: len(_ends(pair))] + [entry.label for entry in shown]
        return contact_sheet(torch.cat(images), len(captions) // len(self.groups), captions, zoom=2)

    def cases(self, entry: Entry, count: int = 4) -> bytes:
        """The best, the middle and the worst cases of a contestant, as PNG, each a row: source, answer, result."""
        values = entry.values(self.score)
        order = np.argsort(values, kind="stable")
        count = min(count, len(order))
        start = (len(order) - count) // 2
        rows = [order[:count], order[start : start + count], order[len(order) - count :]]
        images, captions = [], []
        for kind, row in zip(("best", "middle", "worst"), rows, strict=True):
            for index in row.tolist():
                case = entry.cases[0][index]
                ends = _ends(case.pair)
                images += [*ends, case.image]
                captions += [*[case.pair.name, "answer"][: len(ends)], f"{kind}: {self.score} {values[index]:.2f}"]
        columns = len(captions) // 3
        return contact_sheet(torch.cat(images), columns, captions, zoom=2)


def _ends(pair: Pair) -> list[Images]:
    return [pair.source] if pair.answer is None else [pair.source, pair.answer]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
