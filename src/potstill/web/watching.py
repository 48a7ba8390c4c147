"""What the tabs of tasks share: runs by several methods, taken in shares of time while their visitor watches."""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

from potstill.baselines import BASELINES, Baseline
from potstill.distillation import Step
from potstill.errors import InputError, did_you_mean
from potstill.fields import check_count
from potstill.io.images import png_bytes
from potstill.methods import Method, named
from potstill.priors.pipeline import Pipeline
from potstill.priors.vocabulary import read_vocabulary
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.models import load
from potstill.tasks.settings.parsing import to_text
from potstill.tasks.settings.shared import Settings
from potstill.tensors import Images
from potstill.web import limits
from potstill.web.calls import Answer, Question, encoded, question
from potstill.web.runs import TURNS, Runs

T = TypeVar("T", bound=Settings)


@dataclass(eq=False)
class Watched:
    """A run by one method."""

    name: str
    run: Run
    total: int
    look: Callable[[], Images]
    """The picture of the run as it is."""
    steps: Iterator[Step] = field(init=False)
    done: bool = False

    def __post_init__(self) -> None:
        """Be ready for the first step."""
        self.steps = iter(self.run)

    @property
    def taken(self) -> int:
        """Steps so far."""
        return len(self.run.trace)

    def advance(self) -> None:
        """Take a step, if one is left."""
        self.done = next(self.steps, None) is None

    def result(self) -> Result:
        """What is there; a run that was stopped says after how many steps."""
        record = self.run.record if self.done else self.run.record | {"stopped_after": self.taken}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.run.complete(Result(self.run.images(), self.run.trace, record))


@dataclass(eq=False)
class Visit:
    """The runs of one visitor."""

    runs: Sequence[Watched]
    notes: Sequence[str]
    before: Callable[[], Images | None]
    """The picture that they start from, if there is one."""
    seconds: float = 0.0
    """Of computing, so far."""

    def run(self, index: int) -> Watched:
        """One of the runs.

        Raises:
            InputError: there is none of that number.
        """
        check_count("index", index, len(self.runs) - 1, least=0)
        return self.runs[index]

    def advance(self) -> None:
        """Take steps of the runs in turn, for one share of time; at least one."""
        began, ends = time.perf_counter(), time.perf_counter() + limits.SHARE
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            while waiting := [each for each in self.runs if not each.done]:
                min(waiting, key=lambda each: each.taken / each.total).advance()
                if time.perf_counter() > ends:
                    break
        self.seconds += time.perf_counter() - began

    def seen(self) -> Answer:
        """What the page shows of the runs as they are."""
        taken = sum(each.taken for each in self.runs)
        left = sum(each.total for each in self.runs) - taken
        panels = [
            {
                "name": each.name,
                "step": each.taken,
                "total": each.total,
                "data": picture(each.look()),
                "evaluations": each.run.trace[-1]["evaluations"] if each.run.trace else 0,
            }
            for each in self.runs
        ]
        return {
            "panels": panels,
            "done": all(each.done for each in self.runs),
            "seconds_left": left * self.seconds / taken if taken else None,
        }

    def whole(self) -> Answer:
        """As `seen`, with what stays the same."""
        before = self.before()
        return {"before": "" if before is None else picture(before), "notes": [*self.notes], **self.seen()}


@dataclass(frozen=True, kw_only=True)
class BeginTask:
    """What every new run states."""

    source: str = ""
    target: str
    methods: tuple[str, ...]
    guidance_scale: float | None = None
    steps: int | None = None
    seed: int = Settings.seed
    run: str = ""
    """The visitor's earlier run, which ends."""

    def tasks(self, cls: type[T], methods: Mapping[str, Any], most: int, **stated: Any) -> dict[str, T]:
        """The tasks by the names of their methods; what they say meanwhile is a note, such as that steps were cut.

        Raises:
            InputError: a method is unknown, or a setting breaks its rule.
        """
        check_count("methods", len(self.methods), limits.PANELS)
        if self.steps is not None:
            check_count("steps", self.steps, most)
        stated |= {"seed": self.seed} | ({} if (scale := self.guidance_scale) is None else {"guidance_scale": scale})
        tasks = {}
        for name in self.methods:
            if name not in methods:
                raise InputError(f"unknown method {name[:60]!r}: {did_you_mean(name[:60], methods)}")
            task = cls.of(stated | {"method": to_text(methods[name]), "steps": self.steps})
            if (steps := planned_steps(task)) > most:
                warnings.warn(f"{name} takes {most} steps here instead of {steps}", stacklevel=2)
                task = replace(task, steps=most)
            tasks[name] = task
        return tasks


@dataclass(frozen=True, kw_only=True)
class OfRun:
    """A run that is under way."""

    run: str

    def aim(self, visit: Visit) -> None:
        """Say how the runs are looked at."""


@dataclass(frozen=True, kw_only=True)
class TakeFile:
    """The file of one method."""

    run: str
    index: int


@dataclass(frozen=True)
class Nothing:
    """A question without details."""


def following(tab: str, runs: Runs[Visit], found: type[OfRun] = OfRun) -> tuple[Question, Question]:
    """The questions of a tab about a run that is under way: `<tab>_find` and `<tab>_advance`."""

    def find(settings: OfRun) -> Answer:
        """A run as it is, such as after a reload."""
        visit = runs.get(settings.run)
        with TURNS.turn():
            settings.aim(visit)
            return visit.whole()

    def advance(settings: OfRun) -> Answer:
        """Take steps for one share of time."""
        visit = runs.get(settings.run)
        with TURNS.turn() as waiting:
            visit.advance()
            return {"waiting": waiting, **visit.seen()}

    find.__name__, advance.__name__ = f"{tab}_find", f"{tab}_advance"
    return question(found)(find), question(OfRun)(advance)


@contextmanager
def noted() -> Iterator[list[str]]:
    """Notes of what is done meanwhile, each once."""
    told: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield told
    told.extend(dict.fromkeys(str(each.message) for each in caught if issubclass(each.category, UserWarning)))


def planned_steps(task: Any) -> int:
    """How many steps are stated, or the default."""
    return int(task.resolve().steps)


def total_steps(task: Any) -> int:
    """How many steps a run of the task takes."""
    steps = planned_steps(task)
    return task.method.total(steps) if isinstance(task.method, Baseline) else steps


def picture(image: Images) -> str:
    """The first image as a PNG in base64."""
    return str(encoded(png_bytes(image[:1].float().cpu()), "")["data"])


@cache
def model() -> Pipeline:
    """The bundled model."""
    return load("emoji")


def words() -> list[str]:
    """The words that it knows."""
    return read_vocabulary().words


def name_of(method: Method | Baseline, methods: Mapping[str, Any]) -> str:
    """The name under which the page offers a method."""
    return next(name for name, each in methods.items() if to_text(each) == to_text(method))


def edit_methods() -> dict[str, Method | Baseline]:
    """The methods and baselines that edit a picture, by name."""
    return {**named(), **BASELINES}
