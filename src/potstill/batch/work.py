"""Thousands of edits and generations: what is done once stays done, whatever happens in between.

A row is known by its content: the hash of its settings, of the bytes of its pictures, and of the model. Its result is
called by that hash, so rows cannot collide, equal rows are computed once, and a row is done if its files are there.
The JSON is written last, each file in one piece.
"""

import dataclasses
import functools
import hashlib
import json
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from potstill.batch.manifest import Job
from potstill.diffusion.shared_calls import CallBatcher
from potstill.errors import PotstillError
from potstill.priors.pipeline import Pipeline
from potstill.tasks.editing import Edit, change
from potstill.tasks.generating import Generate
from potstill.tasks.provenance import read_record
from potstill.tasks.run import Result, Run

Loader = Callable[[], Pipeline]
"""What loads the model, once in each process."""
Take = Callable[[bool], Job | None]
"""The next job, None where there is none; told True there is nothing else to do."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    content: str
    """The hash of what its rows say."""
    output: str = ""
    """The name of its first picture."""
    scores: dict[str, float | int | None] = dataclasses.field(default_factory=dict)
    """distance, rms_change and pixels_changed of an edit, evaluations, seconds."""
    error: str = ""
    """One line; empty where it went well."""
    warnings: tuple[str, ...] = ()
    fresh: bool = True
    """Computed now, and not found done."""

    def text(self) -> str:
        """As JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def of(cls, text: str) -> "Outcome":
        """The outcome that `text` wrote."""
        values = json.loads(text)
        return cls(**{**values, "warnings": tuple(values["warnings"])})


def work(prior: Pipeline, folder: Path, batch_size: int, take: Take) -> Iterator[Outcome]:
    """Do the jobs, `batch_size` at once, and give each outcome as soon as there is one.

    Raises:
        InputError: a result cannot be written.
    """
    batcher = CallBatcher(batch_size)

    def run(wait: bool) -> Callable[[], Outcome] | None:
        job = take(wait)
        return job and functools.partial(perform, job, prior, folder, batcher)

    yield from batcher.run(run)


def perform(job: Job, prior: Pipeline, folder: Path, batcher: CallBatcher) -> Outcome:
    """Do one job, unless it is done; what goes wrong with it is its outcome.

    Raises:
        InputError: the result cannot be written, which is no fault of the job's.
    """
    began, place = time.monotonic(), folder / file_name(job, prior)
    if (done := read_outcome(place, job.content)) is not None:
        return done
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", UserWarning)
            run = _start(job, prior, batcher)  # asks the network nothing yet, so no other run comes in between
        result = _finish(run, job, prior, began)
    except Exception as error:  # whatever a row runs into, the others go on
        return Outcome(job.content, error=one_line(error))
    result.save(place)
    told = tuple(dict.fromkeys(str(each.message) for each in said if issubclass(each.category, UserWarning)))
    return replace(read_outcome(place, job.content) or Outcome(job.content), warnings=told, fresh=True)


def _start(job: Job, prior: Pipeline, batcher: CallBatcher) -> Run:
    """The run, whose record says what its last digits depend on."""
    task, shared = job.task, batcher.attach(prior)
    if isinstance(task, Generate):
        run = task.start(prior, denoiser=shared)
    else:
        run = task.start(str(job.image), prior, job.mask, denoiser=shared)
    if batcher.size > 1:
        run.record["batch_size"] = batcher.size
    return run


def _finish(run: Run, job: Job, prior: Pipeline, began: float) -> Result:
    """The result with its scores; of the steps the last is kept."""
    result = run.finish()
    task, scores = job.task, {}
    if isinstance(task, Edit):
        scores = change(result.images, task.read(str(job.image), prior))
    scores["seconds"] = round(time.monotonic() - began, 3)
    return replace(result, trace=result.trace[-1:], measured={**result.measured, **scores})


def file_name(job: Job, prior: Pipeline) -> str:
    """What a result is called: a few words of its prompt, and the hash of its content and of the model."""
    prompt = job.settings.get("target") or job.settings["prompt"]
    words = "-".join(re.findall("[a-z0-9]+", prompt.lower()))[:40].strip("-")
    key = hashlib.sha256(json.dumps([job.content, dict(prior.identity)], sort_keys=True).encode()).hexdigest()
    return f"{words or job.command}-{key[:20]}.png"


def read_outcome(place: Path, content: str) -> Outcome | None:
    """The outcome of a result, None unless all its files are there."""
    try:
        record = read_record(place.with_suffix(".json"))
        names = [Path(name).name for name in record["images"]]
        if not names or not all((place.parent / name).stat().st_size for name in names):
            return None
        last = {name: record["trace"][-1][name] for name in ("distance", "evaluations")}
        return Outcome(content, names[0], {**last, **record["measured"]}, fresh=False)
    except (PotstillError, OSError, LookupError, TypeError, ValueError):
        return None


def one_line(error: BaseException) -> str:
    """An error in a line; one that potstill did not foresee is called by its name."""
    text = " ".join(str(error).split())
    return text if isinstance(error, PotstillError) else f"{type(error).__name__}: {text}".rstrip(": ")
