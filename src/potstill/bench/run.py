"""The runs of a benchmark: every entry on every pair with several seeds. Each result is stored and never recomputed."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import torch
from safetensors.torch import save

from potstill.batch.processes import end_with_parent
from potstill.bench.editing import Network
from potstill.bench.emoji_pairs import Pair
from potstill.bench.entries import Bound, Entry
from potstill.bench.reference_based import Judge, Scores
from potstill.io.files import sweep, writable_folder, write
from potstill.io.images import levels
from potstill.priors.pipeline import Pipeline
from potstill.tasks.scenes.models import ToysModel
from potstill.tasks.settings.plugins import plugin_hashes
from potstill.tensors import Images

PREVIEWS = 6
"""Points on the curve of a run."""


class TrialResult(NamedTuple):
    """The results of a trial."""

    images: Images
    """One per pair."""
    scores: list[Scores]
    """One per pair."""
    curve: list[Scores]
    """Mean scores over the pairs, with evaluations and seconds per pair, at each preview; the last is the result."""


class Stored(NamedTuple):
    """A stored result; its images are read on demand."""

    path: Path
    scores: list[Scores]
    curve: list[Scores]

    def image(self, index: int) -> Images:
        """The result of a pair."""
        with safetensors.safe_open(self.path, "pt") as file:
            return file.get_slice("images")[index : index + 1].float() / 255


def identity(prior: Network) -> Mapping[str, Any]:
    """All of a model that results rest on."""
    return prior.identity if isinstance(prior, Pipeline) else ToysModel(prior).identity


def means(rows: Sequence[Scores]) -> Scores:
    """The mean of each score over the rows that have it."""
    found = {name: [value for row in rows if (value := row[name]) is not None] for name in rows[0]}
    return {name: sum(values) / len(values) if values else None for name, values in found.items()}


@dataclass(frozen=True)
class Trial:
    """An entry and a seed, on pairs that are edited in one batch."""

    entry: Entry
    seed: int
    pairs: tuple[Pair, ...]

    def key(self, prior: Network, judge: Judge) -> str:
        """A hash of everything that the result depends on."""
        parts = {
            "name": isinstance(self.entry, Bound) and self.entry.name,
            "settings": self.entry.settings,
            "seed": self.seed,
            "pairs": [pair.fingerprint for pair in self.pairs],
            "model": dict(identity(prior)),
            "looks": PREVIEWS,
            **judge.identity,
            **plugin_hashes(),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]

    def run(self, prior: Network, judge: Judge) -> TrialResult:
        """Edit the pairs and score every preview."""
        curve, rows, previews = [], [], list(self.entry.previews(self.pairs, prior, self.seed, PREVIEWS))
        for preview in previews:
            rows = [judge.of_preview(preview, index, pair) for index, pair in enumerate(self.pairs)]
            curve.append({"evaluations": preview.evaluations, "seconds": preview.seconds, **means(rows)})
        return TrialResult(previews[-1].images, rows, curve)


@dataclass(frozen=True)
class Store:
    """A folder of results, each a safetensors file named by the key of its trial."""

    folder: Path

    def __contains__(self, key: str) -> bool:
        """Whether there is a readable result."""
        try:
            with safetensors.safe_open(self._path(key), "pt") as file:
                return "attempt" in (file.metadata() or {})
        except (OSError, safetensors.SafetensorError):
            return False

    def __getitem__(self, key: str) -> Stored:
        """A stored result."""
        with safetensors.safe_open(path := self._path(key), "pt") as file:
            numbers = json.loads(file.metadata()["attempt"])
        return Stored(path, numbers["scores"], numbers["curve"])

    def __setitem__(self, key: str, result: TrialResult) -> None:
        """Store a result atomically, its images in 8 bits."""
        numbers = json.dumps({"scores": result.scores, "curve": result.curve})
        images = {"images": levels(result.images).contiguous()}
        write(self._path(key), save(images, {"attempt": numbers}))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.safetensors"


def trials_of(entries: Sequence[Entry], pairs: Sequence[Pair], seeds: int, batch: int) -> list[Trial]:
    """All trials: `batch` pairs of one size at a time; a single seed for entries that do not depend on it."""
    sizes: dict[tuple[int, ...], list[Pair]] = {}
    for pair in pairs:
        sizes.setdefault(tuple(pair.source.shape), []).append(pair)
    parts = [tuple(alike[n : n + batch]) for alike in sizes.values() for n in range(0, len(alike), batch)]
    return [
        Trial(entry, seed, part) for entry in entries for seed in range(seeds if entry.seeded else 1) for part in parts
    ]


def run_all(
    trials: Sequence[Trial],
    load: Callable[[], Network],
    judge: Judge,
    folder: Path,
    processes: int = 1,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[Trial, Stored]]:
    """Run the trials that are not stored yet, in one process or several, and return all results.

    Every process loads the model once; with several, each uses one thread.
    """
    store = Store(writable_folder(folder))
    sweep(folder)
    prior = load()
    keys = [trial.key(prior, judge) for trial in trials]
    left = [(key, trial) for key, trial in zip(keys, trials, strict=True) if key not in store]
    on_done(len(trials) - len(left), len(trials))
    if processes == 1 or len(left) < 2:
        for done, (key, trial) in enumerate(left, start=1):
            store[key] = trial.run(prior, judge)
            on_done(len(trials) - len(left) + done, len(trials))
    else:
        with ProcessPoolExecutor(processes, get_context("spawn"), _start_worker, (load, judge, folder)) as pool:
            for done, future in enumerate(as_completed([pool.submit(_work, *each) for each in left]), start=1):
                future.result()
                on_done(len(trials) - len(left) + done, len(trials))
    return [(trial, store[key]) for key, trial in zip(keys, trials, strict=True)]


_process: dict[str, Any] = {}


def _start_worker(load: Callable[[], Network], judge: Judge, folder: Path) -> None:
    end_with_parent()
    torch.set_num_threads(1)
    _process.update(prior=load(), judge=judge, store=Store(folder))


def _work(key: str, trial: Trial) -> None:
    _process["store"][key] = trial.run(_process["prior"], _process["judge"])
