"""The runs of a benchmark: every contestant, on every pair, from several seeds; each is kept and never done twice."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import torch
from safetensors.torch import save

from potstill.baselines import SDEdit
from potstill.batch.processes import end_with_parent
from potstill.bench.editing import Look, attempt
from potstill.bench.emoji_pairs import Pair
from potstill.bench.entries import Contestant
from potstill.bench.reference_based import Judge, Scores
from potstill.io.files import sweep, writable_folder, write
from potstill.priors.pipeline import Pipeline
from potstill.tasks.editing import Edit
from potstill.tasks.prompt_sampling import sample
from potstill.tensors import Images

LOOKS = 6
"""How often a run is looked at on its way, for the curves."""


class Attempted(NamedTuple):
    """What a contestant made of some pairs."""

    images: Images
    """The results, one for each pair."""
    scores: list[Scores]
    curve: list[Scores]
    """Mean scores over the pairs after some evaluations and seconds for each pair; the last are the result's."""


class Kept(NamedTuple):
    """What is kept of it; its pictures are read when somebody looks."""

    place: Path
    scores: list[Scores]
    curve: list[Scores]

    def image(self, index: int) -> Images:
        """The result of a pair."""
        with safetensors.safe_open(self.place, "pt") as file:
            return file.get_slice("images")[index : index + 1].float() / 255


def means(rows: Sequence[Scores]) -> Scores:
    """The mean of each score over the rows that have it."""
    told = {name: [value for row in rows if (value := row[name]) is not None] for name in rows[0]}
    return {name: sum(values) / len(values) if values else None for name, values in told.items()}


@dataclass(frozen=True)
class Job:
    """A contestant and a seed, on pairs that are edited at once."""

    contestant: Contestant
    seed: int
    pairs: tuple[Pair, ...]

    def key(self, prior: Pipeline, judge: Judge) -> str:
        """A hash of all that the result rests on."""
        task = self.contestant.task
        told = {
            "name": task is None and self.contestant.name,
            "settings": task and task.settings_as_run(),
            "seed": self.seed,
            "pairs": [pair.fingerprint for pair in self.pairs],
            "model": dict(prior.identity),
            "looks": LOOKS,
            **judge.identity,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]

    def run(self, prior: Pipeline, judge: Judge) -> Attempted:
        """Edit, look, and judge."""
        curve, rows, looks = [], [], list(self._looks(prior))
        for look in looks:
            rows = [judge(look.images[[index]], pair) for index, pair in enumerate(self.pairs)]
            curve.append({"evaluations": look.evaluations, "seconds": look.seconds, **means(rows)})
        return Attempted(looks[-1].images, rows, curve)

    def _looks(self, prior: Pipeline) -> Iterator[Look]:
        task = self.contestant.task
        if task is not None:
            yield from attempt(replace(task, seed=self.seed), self.pairs, prior, LOOKS)
            return
        yield Look(BOUNDS[self.contestant.name](self, prior), 0.0, 0.0)

    @property
    def answers(self) -> Images:
        """The true results."""
        return torch.cat([pair.answer for pair in self.pairs if pair.answer is not None])


def _remade(job: Job, prior: Pipeline) -> Images:
    task = Edit(source="answer", target="answer", method=SDEdit(strength=0.5), guidance_scale=1.0, seed=job.seed)
    told = [replace(pair, source=pair.answer, source_prompt=pair.target_prompt) for pair in job.pairs]
    *_, last = attempt(task, told, prior)
    return last.images


def _caption(job: Job, prior: Pipeline) -> Images:
    return sample([pair.target_prompt for pair in job.pairs], prior, seed=job.seed)


BOUNDS: Mapping[str, Callable[[Job, Pipeline], Images]] = {
    "nothing": lambda job, prior: torch.cat([pair.source for pair in job.pairs]),
    "answer": lambda job, prior: job.answers,
    "remade": _remade,
    "caption": _caption,
}


@dataclass(frozen=True)
class Store:
    """A folder of attempts, each a safetensors file whose name is the hash of what it rests on."""

    folder: Path

    def __contains__(self, key: str) -> bool:
        """Whether it was done, and can be read."""
        try:
            with safetensors.safe_open(self._place(key), "pt") as file:
                return "attempt" in (file.metadata() or {})
        except (OSError, safetensors.SafetensorError):
            return False

    def __getitem__(self, key: str) -> Kept:
        """What was done."""
        with safetensors.safe_open(place := self._place(key), "pt") as file:
            told = json.loads(file.metadata()["attempt"])
        return Kept(place, told["scores"], told["curve"])

    def __setitem__(self, key: str, found: Attempted) -> None:
        """Keep it, whole or not at all."""
        told = json.dumps({"scores": found.scores, "curve": found.curve})
        images = {"images": (found.images.clamp(0, 1) * 255).round().byte().contiguous()}
        write(self._place(key), save(images, {"attempt": told}))

    def _place(self, key: str) -> Path:
        return self.folder / f"{key}.safetensors"


def jobs_of(contestants: Sequence[Contestant], pairs: Sequence[Pair], seeds: int, batch: int) -> list[Job]:
    """All runs; pairs of one size are edited `batch` at a time, and bounds without chance have one seed."""
    sizes: dict[tuple[int, ...], list[Pair]] = {}
    for pair in pairs:
        sizes.setdefault(tuple(pair.source.shape), []).append(pair)
    parts = [tuple(alike[n : n + batch]) for alike in sizes.values() for n in range(0, len(alike), batch)]
    return [
        Job(contestant, seed, part)
        for contestant in contestants
        for seed in range(1 if contestant.name in ("nothing", "answer") else seeds)
        for part in parts
    ]


def run_all(
    jobs: Sequence[Job],
    load: Callable[[], Pipeline],
    judge: Judge,
    folder: Path,
    processes: int = 1,
    on_done: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[Job, Kept]]:
    """Do what was not done before, in one process or several, and give all of it.

    Every process loads the model once and computes with one thread where there are several.
    """
    store = Store(writable_folder(folder))
    sweep(folder)
    prior = load()
    keys = [job.key(prior, judge) for job in jobs]
    left = [(key, job) for key, job in zip(keys, jobs, strict=True) if key not in store]
    on_done(len(jobs) - len(left), len(jobs))
    if processes == 1 or len(left) < 2:
        for done, (key, job) in enumerate(left, start=1):
            store[key] = job.run(prior, judge)
            on_done(len(jobs) - len(left) + done, len(jobs))
    else:
        with ProcessPoolExecutor(processes, get_context("spawn"), _ready, (load, judge, folder)) as pool:
            for done, task in enumerate(as_completed([pool.submit(_work, *one) for one in left]), start=1):
                task.result()
                on_done(len(jobs) - len(left) + done, len(jobs))
    return [(job, store[key]) for key, job in zip(keys, jobs, strict=True)]


_process: dict[str, Any] = {}


def _ready(load: Callable[[], Pipeline], judge: Judge, folder: Path) -> None:
    end_with_parent()
    torch.set_num_threads(1)
    _process.update(prior=load(), judge=judge, store=Store(folder))


def _work(key: str, job: Job) -> None:
    _process["store"][key] = job.run(_process["prior"], _process["judge"])
