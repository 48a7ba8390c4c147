"""What a benchmark says: the tables, and all of it as JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from potstill.bench.emoji_pairs import Pair
from potstill.bench.entries import Contestant
from potstill.bench.reference_based import Judge, Scores, Truth
from potstill.bench.run import Job, Kept
from potstill.tensors import Images

RESAMPLES = 1000
"""Of the confidence intervals."""


class Case(NamedTuple):
    """One pair, edited once."""

    pair: Pair
    scores: Scores
    look: Callable[[], Images]
    """Reads the result."""


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


def entries(done: Sequence[tuple[Job, Kept]]) -> list[Entry]:
    """The results, gathered by contestant."""
    cases: dict[Contestant, dict[int, list[Case]]] = {}
    parts: dict[Contestant, list[Kept]] = {}
    for job, found in done:
        rows = enumerate(zip(job.pairs, found.scores, strict=True))
        made = [Case(pair, scores, partial(found.image, index)) for index, (pair, scores) in rows]
        cases.setdefault(job.contestant, {}).setdefault(job.seed, []).extend(made)
        parts.setdefault(job.contestant, []).append(found)
    return [Entry(who, list(seeds.values()), _mean_curve(parts[who])) for who, seeds in cases.items()]


def _mean_curve(parts: list[Kept]) -> list[Scores]:
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
                    "task": entry.contestant.task and entry.contestant.task.settings_as_run(),
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


def _cell(record: dict[str, Any], name: str, intervals: bool = False) -> str:
    if record[name] is None:
        return "–"
    if not intervals:
        return f"{record[name]:.3g}" if record[name] < 1000 else f"{record[name]:,.0f}"
    low, high = record[f"{name}_interval"]
    return f"{record[name]:.3f} ({low:.2f} to {high:.2f})"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
