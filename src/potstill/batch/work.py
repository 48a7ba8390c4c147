"""Thousands of edits and generations: what is done once stays done, whatever happens in between.

A row is identified by its content: the hash of its settings, of the bytes of its files, and of the model. Its
result is named by that hash, so rows cannot collide, equal rows are computed once, and a row is done if its files
exist. The JSON is written last, each file in one piece.
"""

import dataclasses
import functools
import hashlib
import json
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from potstill.batch.manifest import BatchRow
from potstill.diffusion.shared_calls import CallBatcher
from potstill.errors import Note, PotstillError
from potstill.priors.pipeline import Pipeline
from potstill.priors.spec import ModelSpec
from potstill.tasks.files.provenance import read_record
from potstill.tasks.runs.run import change
from potstill.tasks.settings.models import load_for
from potstill.tasks.settings.plugins import plugin_hashes

Models = Mapping[str, Any]
"""The model of each subject, by its name."""
Loader = Callable[[], Models]
"""Loads the models, once in each process."""
Take = Callable[[bool], BatchRow | None]
"""The next row, None if there is none. With True it may wait for one: there is nothing else to do."""


@dataclass(frozen=True)
class Outcome:
    """The result of a row."""

    content: str
    """The hash of what the row says."""
    output: str = ""
    """The name of its first picture, or of its scene."""
    scores: dict[str, float | int | None] = dataclasses.field(default_factory=dict)
    """distance, rms_change and pixels_changed of an edit, what was measured, evaluations, seconds."""
    error: str = ""
    """One line; empty without an error."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fresh: bool = True
    """Computed now; False if it was found done."""

    def text(self) -> str:
        """As JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def of(cls, text: str) -> "Outcome":
        """The outcome that `text` wrote."""
        values = json.loads(text)
        return cls(**{**values, **{name: tuple(values[name]) for name in ("warnings", "notes")}})


def load_models(specs: Mapping[str, ModelSpec]) -> Models:
    """The models, each loaded once.

    Raises:
        InputError: one cannot be loaded.
    """
    models: dict[str, Any] = {}
    for name, spec in specs.items():
        same = next((other for other in models if specs[other] == spec), None)
        models[name] = models[same] if same else load_for(name, spec)
    return models


def work(models: Models, folder: Path, batch_size: int, take: Take) -> Iterator[Outcome]:
    """Compute the rows, `batch_size` at once, and yield each outcome as soon as it is known.

    Raises:
        InputError: a result cannot be written.
    """
    batcher = CallBatcher(batch_size)

    def run(wait: bool) -> Callable[[], Outcome] | None:
        row = take(wait)
        return row and functools.partial(perform, row, models[row.subject], folder, batcher)

    yield from batcher.run(run)


def perform(row: BatchRow, prior: Any, folder: Path, batcher: CallBatcher) -> Outcome:
    """Compute a row, unless it is done; an error of the row is its outcome.

    Raises:
        InputError: the result cannot be written, which is no error of the row.
    """
    began, place = time.monotonic(), folder / file_name(row, prior)
    if (done := read_outcome(place, row.content)) is not None:
        return done
    caught: list[warnings.WarningMessage] = []
    try:
        with _heard(caught):  # calls no network yet, so no other run comes in between
            task = row.task()
            run = task.start(row.inputs, prior, denoiser=batcher.attach(prior) if task.shares_calls else None)
        if batcher.size > 1 and task.shares_calls:  # the last digits depend on it
            run.record["batch_size"] = batcher.size
        result = run.finish()
        scores = {} if run.source is None else change(result.images, run.source)
    except Exception as error:  # whatever it is, the other rows continue
        return replace(Outcome(row.content, error=one_line(error)), **_said(caught))
    measured = {**result.measured, **scores, "seconds": round(time.monotonic() - began, 3)}
    with _heard(caught):
        replace(result, trace=result.trace[-1:], measured=measured).write(place)
    return replace(read_outcome(place, row.content) or Outcome(row.content), fresh=True, **_said(caught))


@contextmanager
def _heard(caught: list[warnings.WarningMessage]) -> Iterator[None]:
    """Context whose warnings are added to the list instead of shown."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            caught += heard


def _said(caught: Sequence[warnings.WarningMessage]) -> dict[str, tuple[str, ...]]:
    """The warnings and the notes among these, each once."""
    said = [each for each in caught if issubclass(each.category, UserWarning)]
    texts: dict[bool, dict[str, None]] = {True: {}, False: {}}
    for each in said:
        texts[issubclass(each.category, Note)][str(each.message)] = None
    return {"notes": tuple(texts[True]), "warnings": tuple(texts[False])}


def file_name(row: BatchRow, prior: Any) -> str:
    """The name of a result: a few words of its prompt, and the hash of its content and of the model."""
    prompt = row.settings.get("target") or row.settings["prompt"]
    words = "-".join(re.findall("[a-z0-9]+", prompt.lower()))[:40].strip("-")
    identity = [row.content, dict(_identity(prior)), *plugin_hashes().values()]
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return f"{words or row.command}-{key[:20]}{row.ending}"


def _identity(prior: Any) -> Mapping[str, Any]:
    """All that a result rests on of a model, or of a world."""
    if isinstance(prior, Pipeline):
        return prior.identity
    from potstill.tasks.scenes.models import ToysModel

    return ToysModel(prior).identity


def read_outcome(place: Path, content: str) -> Outcome | None:
    """The outcome of a result, None unless all its files exist."""
    try:
        record = read_record(place.with_suffix(".json"))
        names = [Path(name).name for name in [*record.get("files", ()), *record["images"]]]
        if not names or not all((place.parent / name).stat().st_size for name in names):
            return None
        last = {name: record["trace"][-1][name] for name in ("distance", "evaluations")}
        return Outcome(content, names[0], {**last, **record["measured"]}, fresh=False)
    except (PotstillError, OSError, LookupError, TypeError, ValueError):
        return None


def one_line(error: BaseException) -> str:
    """An error in a line; one that potstill did not foresee has its class in front."""
    text = " ".join(str(error).split())
    return text if isinstance(error, PotstillError) else f"{type(error).__name__}: {text}".rstrip(": ")
