"""The results of a benchmark as tables and JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from potstill.bench.emoji_pairs import Pair
from potstill.bench.entries import Bound, Entry
from potstill.bench.reference_based import Judge, ReferenceBased, Scores
from potstill.bench.run import Stored, Trial
from potstill.tensors import Images

RESAMPLES = 1000
"""Bootstrap samples of the confidence intervals."""
COSTS = ("evaluations", "seconds")
"""What a result cost, per pair."""


class Case(NamedTuple):
    """One pair, edited once."""

    pair: Pair
    scores: Scores
    image: Callable[[], Images]
    """Reads the result from the disk."""


@dataclass(frozen=True)
class EntryResults:
    """The results of an entry: cases by seed and pair, and the mean curve."""

    entry: Entry
    cases: list[list[Case]]
    """[seed][pair]"""
    curve: list[Scores]

    def table(self, score: str) -> Float[np.ndarray, "seeds pairs"]:
        """A score of each seed and pair; NaN for a pair without that score."""
        return np.array([[case.scores[score] for case in cases] for cases in self.cases], dtype=float)

    def values(self, score: str) -> Float[np.ndarray, " pairs"]:
        """A score of each pair, as the mean over seeds; NaN for a pair without that score."""
        return self.table(score).mean(0)

    def pairs(self) -> list[Pair]:
        """The pairs."""
        return [case.pair for case in self.cases[0]]

    def record(self, group: str | None = None) -> dict[str, Any]:
        """The means over pairs and seeds, for all pairs or one group, with 95 % intervals over both."""
        chosen = np.array([group in (None, pair.group) for pair in self.pairs()])
        found: dict[str, Any] = {"method": self.entry.name, "setting": self.entry.setting_name}
        for score in self.cases[0][0].scores:
            values = self.table(score)[:, chosen]
            values = values[:, ~np.isnan(values).any(0)]
            found[score] = float(values.mean()) if values.size else None
            found[f"{score}_interval"] = interval(values) if values.size else None
        return found | {name: self.curve[-1][name] for name in COSTS}


def interval(values: Float[np.ndarray, "*seeds n"]) -> list[float]:
    """The 95 % confidence interval of the mean by the bootstrap (Efron 1979), with a fixed seed.

    Of several seeds, they are drawn as well, independently of the pairs: both are samples of what could have been run.
    Two or three seeds say little of how much seeds differ: where they shift all pairs alike, the interval is too short,
    and holds the mean in fewer than 95 % of cases.
    """
    rng, table = np.random.default_rng(0), np.atleast_2d(values)
    pairs = rng.integers(table.shape[1], size=(RESAMPLES, 1, table.shape[1]))
    seeds = rng.integers(len(table), size=(RESAMPLES, len(table), 1))
    return np.quantile(table[seeds, pairs].mean((1, 2)), [0.025, 0.975]).tolist()


def collect_results(done: Sequence[tuple[Trial, Stored]]) -> list[EntryResults]:
    """The results of trials, gathered by entry."""
    cases: dict[Entry, dict[int, list[Case]]] = {}
    parts: dict[Entry, list[Stored]] = {}
    for trial, stored in done:
        rows = enumerate(zip(trial.pairs, stored.scores, strict=True))
        new = [Case(pair, scores, partial(stored.image, index)) for index, (pair, scores) in rows]
        cases.setdefault(trial.entry, {}).setdefault(trial.seed, []).extend(new)
        parts.setdefault(trial.entry, []).append(stored)
    return [EntryResults(entry, list(seeds.values()), _curve(entry, parts[entry])) for entry, seeds in cases.items()]


def _curve(entry: Entry, parts: list[Stored]) -> list[Scores]:
    """The mean curve; without the cost of a bound that costs something, which was stored as 0."""
    unknown = dict.fromkeys(COSTS) if isinstance(entry, Bound) and not entry.free else {}
    return [point | unknown for point in _mean_curve(parts)]


def _mean_curve(parts: list[Stored]) -> list[Scores]:
    """The mean of curves, each weighted by its number of pairs with that score."""
    curve: list[Scores] = []
    for index, first in enumerate(parts[0].curve):
        curve.append({})
        for name in first:
            counts = [sum(row.get(name, 0.0) is not None for row in part.scores) for part in parts]
            sums = [(part.curve[index][name] or 0.0) * count for part, count in zip(parts, counts, strict=True)]
            curve[-1][name] = sum(sums) / sum(counts) if sum(counts) else None
    return curve


@dataclass(frozen=True)
class Report:
    """The results of a benchmark."""

    results: list[EntryResults]
    settings: dict[str, Any]
    """Model, split, pairs, seeds and versions."""
    judge: Judge = ReferenceBased()

    @cached_property
    def groups(self) -> list[str]:
        """The groups of pairs."""
        return sorted({pair.group for pair in self.results[0].pairs()})

    @cached_property
    def score(self) -> str:
        """The score that ranks entries, or orders cases if none ranks."""
        return self.judge.order or self.judge.headline[-1]

    def ranked(self) -> list[EntryResults]:
        """The bounds, then the methods, best first, or in the given order if no score ranks."""
        bounds = [results for results in self.results if isinstance(results.entry, Bound)]
        methods = [results for results in self.results if not isinstance(results.entry, Bound)]
        if self.judge.order:
            methods = sorted(methods, key=lambda results: np.nanmean(results.values(self.score)))
        return bounds + methods

    def document(self) -> dict[str, Any]:
        """Settings, means with intervals, groups, curves, and the scores of every pair and seed."""
        return {
            "settings": self.settings,
            "methods": [
                {
                    **results.record(),
                    "task": results.entry.settings,
                    "groups": {group: results.record(group) for group in self.groups},
                    "curve": results.curve,
                    "pairs": {
                        pair.name: [cases[index].scores for cases in results.cases]
                        for index, pair in enumerate(results.pairs())
                    },
                }
                for results in self.ranked()
            ],
        }

    def markdown(self) -> str:
        """The tables: all pairs, then by group the score that ranks, or the headline scores if none does."""
        first = self.results[0].record()
        names = [name for name in self.results[0].cases[0][0].scores if first[name] is not None]
        shown = [self.judge.order] if self.judge.order else self.judge.headline
        columns = [*names, *COSTS]
        lines = [_row(["method", *columns]), _row(["---", *["---:"] * len(columns)])]
        for results in self.ranked():
            record = results.record()
            lines.append(_row([results.entry.label, *(_cell(record, name, name in shown) for name in columns)]))
        for score in shown:
            lines += ["", f"{score} by group:", "", _row(["method", *self.groups])]
            lines.append(_row(["---", *["---:"] * len(self.groups)]))
            for results in self.ranked():
                lines.append(
                    _row([results.entry.label, *(_cell(results.record(group), score) for group in self.groups)])
                )
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
