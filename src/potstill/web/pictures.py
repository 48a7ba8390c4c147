"""The tab Pictures: edits of a picture by up to four methods side by side, watched while they run."""

import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Shaped

from potstill.baselines import BASELINES, Baseline
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.distillation import Step
from potstill.errors import InputError, did_you_mean
from potstill.fields import check_count
from potstill.io.decode import arrays
from potstill.io.images import png_bytes
from potstill.methods import named
from potstill.priors.pipeline import Pipeline
from potstill.priors.vocabulary import read_vocabulary
from potstill.tasks.editing import Edit
from potstill.tasks.models import load
from potstill.tasks.parsing import to_text
from potstill.tasks.provenance import read_record
from potstill.tasks.run import Result, Run
from potstill.tensors import Images
from potstill.web import limits
from potstill.web.calls import Answer, decoded, encoded, question, uploaded
from potstill.web.runs import TURNS, Runs

_EXAMPLES = 24


@dataclass(eq=False)
class Watched:
    """An edit by one method, while it runs."""

    name: str
    run: Run
    total: int
    steps: Iterator[Step] = field(init=False)
    done: bool = False

    def __post_init__(self) -> None:
        """Be ready for the first step."""
        self.steps = iter(self.run)

    def advance(self) -> None:
        """Take a step, if one is left."""
        self.done = next(self.steps, None) is None

    def result(self) -> Result:
        """What is there; a run that was stopped says after how many steps."""
        record = self.run.record
        if not self.done:
            record = record | {"stopped_after": len(self.run.trace)}
        return self.run.complete(Result(self.run.images(), self.run.trace, record))


@dataclass(eq=False)
class Edits:
    """The edits of one visitor."""

    edits: Sequence[Watched]
    seconds: float = 0.0
    """Of computing, so far."""

    @property
    def taken(self) -> int:
        """Steps of all edits."""
        return sum(len(each.run.trace) for each in self.edits)

    def advance(self) -> None:
        """Take steps of the edits in turn, for one share of time; at least one."""
        began, ends = time.perf_counter(), time.perf_counter() + limits.SHARE
        while waiting := [each for each in self.edits if not each.done]:
            min(waiting, key=lambda each: len(each.run.trace) / each.total).advance()
            if time.perf_counter() > ends:
                break
        self.seconds += time.perf_counter() - began


EDITS: Runs[Edits] = Runs()


@dataclass(frozen=True, kw_only=True)
class BeginEdit:
    """A new edit."""

    source: str
    target: str
    methods: tuple[str, ...]
    picture: str = ""
    """A data URL; empty for an example."""
    example: int = 0
    mask: str = ""
    """A data URL of a picture as large, white where to edit."""
    guidance_scale: float = Edit.default_guidance_scale
    steps: int | None = None
    seed: int = Edit.seed
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class OfRun:
    """The next frame of a run."""

    run: str


@dataclass(frozen=True, kw_only=True)
class TakePicture:
    """The picture of one method."""

    run: str
    index: int


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture that may hold settings."""

    picture: str


@dataclass(frozen=True)
class Nothing:
    """A question without details."""


@cache
def _model() -> Pipeline:
    return load("emoji")


@cache
def _examples() -> list[Pair]:
    chosen = select_evenly(emoji_pairs(), _EXAMPLES)
    return sorted(chosen, key=lambda pair: "heart" not in pair.source_prompt)  # what is understood at once comes first


def _pixels(data: str, name: str) -> Shaped[np.ndarray, "h w c"]:
    with uploaded(decoded(data, name), name) as path:
        return arrays(path, colour=name != "mask.png")[0]


def _picture(image: Images) -> str:
    return str(encoded(png_bytes(image), "")["data"])


def method_names() -> list[str]:
    """The methods and baselines that edit, by name."""
    return [*named(), *BASELINES]


def _task(settings: BeginEdit, name: str) -> Edit:
    if name not in method_names():
        raise InputError(f"unknown method {name!r}: {did_you_mean(name[:60], method_names())}")
    stated = {each: getattr(settings, each) for each in ("source", "target", "guidance_scale", "steps", "seed")}
    return Edit.of(stated | {"method": name})


@question(Nothing)
def pictures_examples(settings: Nothing) -> Answer:
    """Pictures to begin with, with two prompts each, and the words that the model knows."""
    examples = [
        {"source": pair.source_prompt, "target": pair.target_prompt, "data": _picture(pair.source)}
        for pair in _examples()
    ]
    return {"examples": examples, "words": read_vocabulary().words}


@question(Upload)
def pictures_settings(settings: Upload) -> Answer:
    """The settings of an edit in a picture of potstill, as the page states them; nothing for any other picture."""
    try:
        with uploaded(decoded(settings.picture, "picture.png"), "picture.png") as path:
            record = read_record(path)
    except InputError as error:
        if "holds no settings" in str(error):
            return {"settings": None}
        raise
    if record["command"] != "edit":
        return {"settings": None}
    task = Edit.from_record(record)
    names = {to_text(value): name for name, value in [*named().items(), *BASELINES.items()]}
    method = names.get(to_text(task.method))
    stated = {name: getattr(task, name) for name in ("source", "target", "steps", "seed")}
    return {"settings": stated | {"guidance_scale": task.scale, "method": method}, "text": to_text(task.method)}


@question(BeginEdit)
def pictures_begin(settings: BeginEdit) -> Answer:
    """Be ready for the first step of every method."""
    check_count("methods", len(settings.methods), limits.PANELS)
    if settings.steps is not None:
        check_count("steps", settings.steps, limits.EDIT_STEPS)
    tasks = {name: _task(settings, name) for name in settings.methods}
    check_count("example", settings.example, len(_examples()) - 1, least=0)
    inputs: dict[str, Any] = {"image": _examples()[settings.example].source}
    if settings.picture:
        inputs["image"] = _pixels(settings.picture, "picture.png")
    if settings.mask:
        inputs["mask"] = _pixels(settings.mask, "mask.png")
    with TURNS.turn(), warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        edits = Edits([_begun(name, task, inputs) for name, task in tasks.items()])
        before = edits.edits[0].run.source
    name = EDITS.add(edits, settings.run)
    told = [str(each.message) for each in notes if issubclass(each.category, UserWarning)]
    return {
        "run": name,
        "before": "" if before is None else _picture(before),
        "notes": [*dict.fromkeys(told)],
        **_seen(edits),
    }


def _begun(name: str, task: Edit, inputs: dict[str, Any]) -> Watched:
    """The run of a method; its default of steps is cut to the limit."""
    if task.resolve().steps > limits.EDIT_STEPS:
        warnings.warn(f"{name} takes {limits.EDIT_STEPS} steps here instead of {task.resolve().steps}", stacklevel=1)
        task = replace(task, steps=limits.EDIT_STEPS)
    steps = task.resolve().steps
    total = task.method.total(steps) if isinstance(task.method, Baseline) else steps
    return Watched(name, task.start(inputs, _model()), total)


@question(OfRun)
def pictures_advance(settings: OfRun) -> Answer:
    """Take steps for one share of time."""
    edits = EDITS.get(settings.run)
    with TURNS.turn() as waiting, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        edits.advance()
        return {"waiting": waiting, **_seen(edits)}


def _seen(edits: Edits) -> Answer:
    left = sum(each.total for each in edits.edits) - edits.taken
    panels = [
        {
            "name": each.name,
            "step": len(each.run.trace),
            "total": each.total,
            "data": _picture(each.run.images()[:1]),
            "evaluations": each.run.trace[-1]["evaluations"] if each.run.trace else 0,
        }
        for each in edits.edits
    ]
    return {
        "panels": panels,
        "done": all(each.done for each in edits.edits),
        "seconds_left": left * edits.seconds / edits.taken if edits.taken else None,
    }


@question(TakePicture)
def pictures_take(settings: TakePicture) -> Answer:
    """The picture of a method as it is, with its settings inside."""
    edits = EDITS.get(settings.run).edits
    check_count("index", settings.index, len(edits) - 1, least=0)
    with TURNS.turn(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return encoded(edits[settings.index].result().pngs()[0], f"{edits[settings.index].name}.png")


def choices() -> Answer:
    """What the controls offer, and where they stand at first."""
    first = to_text(Edit.method)
    begin = {"guidance_scale": Edit.default_guidance_scale, "seed": Edit.seed}
    return {
        "methods": method_names(),
        "first": next(name for name, method in named().items() if to_text(method) == first),
        "begin": begin,
        "limits": {"panels": limits.PANELS, "steps": limits.EDIT_STEPS},
    }


SERVER = (pictures_examples, pictures_settings, pictures_begin, pictures_advance, pictures_take)
"""What the page may call."""
