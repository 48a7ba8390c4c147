"""A study: methods side by side on one world, from the same start, with the same steps and optimiser."""

import abc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.optim import Adam

from potstill.diffusion.guidance import Guided
from potstill.diffusion.mixture import Mixture
from potstill.diffusion.prior import Condition
from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.methods import Method
from potstill.scenes.points import Points, Projected
from potstill.state import LoopState, Resumable, State

Numbers = TypeVar("Numbers")
OnStep = Callable[[str, Step], None]


@contextmanager
def small_tensors() -> Iterator[None]:
    """One thread, and denormal numbers flushed to zero: on tensors this small, both are several times faster."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class Run(Generic[Numbers]):
    """What a method did: where the points went, how well, and at what cost."""

    method: str
    path: Float[Tensor, "frames n D"]
    """The points at even steps of the run; the first is the start, the last the end."""
    metrics: Numbers
    seconds: float
    evaluations: int
    """Network evaluations for each point."""


@dataclass(frozen=True, eq=False)
class Study(abc.ABC, Generic[Numbers]):
    """What is compared, and how.

    Every method starts from the same points and the same seed, so another method in the list changes
    no result.

    Raises:
        InputError: a number out of range, or no method.
    """

    methods: Sequence[tuple[str, Method]]
    """Names, as they are shown, and methods."""
    guidance_scale: float = 7.5
    points: int = 200
    steps: int = 1500
    seed: int = 0
    learning_rate: float = 0.01
    """Of Adam."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not self.methods:
            raise InputError("no method to compare: name at least one")
        if not 1 <= self.points <= 100_000:
            raise InputError(f"points = {self.points} must be from 1 to 100,000")
        if not 1 <= self.steps <= 1_000_000:
            raise InputError(f"steps = {self.steps} must be from 1 to 1,000,000")
        if not abs(self.guidance_scale) <= 1000:
            raise InputError(f"guidance scale = {self.guidance_scale} must be from -1000 to 1000; 7.5 is usual")
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed = {self.seed} must be from 0 to 2^63 - 1")

    numbers: ClassVar[type[Any]]
    """What `measure` gives."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """Of the world."""

    @property
    @abc.abstractmethod
    def prior(self) -> Mixture:
        """The exact score."""

    @abc.abstractmethod
    def start(self) -> Points | Projected:
        """The scene that every method begins with."""

    @abc.abstractmethod
    def conditions(self) -> tuple[Condition, Condition | None]:
        """Target and source."""

    @abc.abstractmethod
    def measure(self, start: Tensor, end: Tensor, gradients: Tensor) -> Numbers:
        """The numbers of a run, from its first and last points and the gradients of its last tenth [steps, n, D]."""

    @abc.abstractmethod
    def picture(self, runs: Sequence[Run[Numbers]]) -> bytes:
        """A PNG with a panel for each method."""

    @abc.abstractmethod
    def animation(self, runs: Sequence[Run[Numbers]]) -> bytes:
        """A GIF of the points on their way."""

    def run(self, on_step: OnStep = lambda method, step: None, frames: int = 48) -> list[Run[Numbers]]:
        """Run every method; `on_step` hears of each step, and `frames` states of the points are kept."""
        going = self.begin(frames)
        for name, step in going:
            on_step(name, step)
        return going.runs

    def begin(self, frames: int = 48) -> "Going[Numbers]":
        """As `run`, as an iterator over the steps that can stop and go on."""
        return Going(self, frames)

    def document(self, runs: Sequence[Run[Numbers]]) -> dict[str, Any]:
        """The settings and the numbers, ready for JSON."""
        return {
            "world": self.name,
            "guidance_scale": self.guidance_scale,
            "seed": self.seed,
            "points": self.points,
            "steps": self.steps,
            "methods": [
                {"method": run.method}
                | asdict(run.metrics)  # type: ignore[call-overload]
                | {"seconds": round(run.seconds, 3), "evaluations": run.evaluations}
                for run in runs
            ],
        }


class Going(Resumable, Generic[Numbers]):
    """A study at work: iterate over it for the steps of one method after the other, then look at `runs`."""

    def __init__(self, study: Study[Numbers], frames: int) -> None:
        """Nothing is done yet."""
        self.study, self.runs = study, []
        self._kept = set(torch.linspace(0, study.steps - 1, min(frames, study.steps)).round().int().tolist())
        self._begin()

    def _begin(self) -> None:
        """Be ready for the first step of a method."""
        with small_tensors():
            self._scene = self.study.start()
        optimizer = Adam(self._scene.parameters(), lr=self.study.learning_rate, fused=True)
        self._changing = LoopState(self._scene, optimizer, Generator().manual_seed(self.study.seed))
        self._path, self._gradients, self._seconds = [self._scene.points.detach().clone()], [], 0.0

    def __iter__(self) -> Iterator[tuple[str, Step]]:
        """The steps that are left, each with its method's name."""
        with small_tensors():
            for name, method in self.study.methods[len(self.runs) :]:
                yield from self._steps(name, method)
                self._begin()

    def _steps(self, name: str, method: Method) -> Iterator[tuple[str, Step]]:
        study, scene, changing = self.study, self._scene, self._changing
        target, source = study.conditions()
        steps = distill(
            scene,
            Guided(study.prior, study.guidance_scale),
            method,
            target=target,
            source=source,
            source_scene=study.start(),
            steps=study.steps,
            rng=changing.rng,
            optimizer=changing.optimizer,
            progress=changing.progress,
        )
        earlier, began = self._seconds, time.perf_counter()
        for step in steps:
            if step.index in self._kept:
                self._path.append(scene.points.detach().clone())
            if step.index >= int(0.9 * study.steps) and scene.points.grad is not None:
                self._gradients.append(scene.points.grad * study.points)
            self._seconds = earlier + time.perf_counter() - began
            yield name, step
        metrics = study.measure(self._path[0], self._path[-1], torch.stack(self._gradients))
        seconds, evaluations = earlier + time.perf_counter() - began, changing.progress.evaluations // study.points
        self.runs.append(Run(name, torch.stack(self._path), metrics, seconds, evaluations))

    def state(self) -> State:
        """The runs that are done, and where the one at work is."""
        runs = [{**vars(run), "metrics": asdict(run.metrics)} for run in self.runs]  # type: ignore[call-overload]
        return {
            "runs": runs,
            "changing": self._changing.state(),
            "path": self._path,
            "gradients": self._gradients,
            "seconds": self._seconds,
        }

    def restore(self, state: State) -> None:
        """Go on from there."""
        runs = [{**run, "metrics": self.study.numbers(**run["metrics"])} for run in state["runs"]]
        self.runs = [Run(**run) for run in runs]
        self._begin()
        self._changing.restore(state["changing"])
        self._path, self._gradients = list(state["path"]), list(state["gradients"])
        self._seconds = float(state["seconds"])
