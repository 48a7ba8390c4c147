"""A study: several methods on one world, from the same start, with the same steps and optimiser."""

import abc
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.guidance import Guided, check_scale
from potstill.diffusion.mixture import Mixture
from potstill.diffusion.prior import Condition
from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.fields import is_count, shown
from potstill.methods import Method
from potstill.optimizers import Adam
from potstill.scenes.points import Points, Projected
from potstill.state import LoopState, Resumable, State

MetricsT = TypeVar("MetricsT")
OnMethodStep = Callable[[str, Step], None]


@contextmanager
def small_tensors() -> Iterator[None]:
    """Use one thread and flush denormal numbers to zero: both make tensors this small several times faster."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class MethodRun(Generic[MetricsT]):
    """The result of a method: the path of the points, the metrics and the cost."""

    method: str
    path: Float[Tensor, "frames n D"]
    """The points at evenly spaced steps; the first is the start, the last the end."""
    metrics: MetricsT
    seconds: float
    evaluations: int
    """Network evaluations per point."""


@dataclass(frozen=True, eq=False)
class Study(abc.ABC, Generic[MetricsT]):
    """What is compared, and how.

    Every method starts from the same points and seed, so results do not depend on the other methods.

    Raises:
        InputError: a number is out of range, or there is no method.
    """

    methods: Sequence[tuple[str, Method]]
    """Displayed names, and methods."""
    guidance_scale: float = 7.5
    points: int = 200
    steps: int = 1500
    seed: int = 0
    learning_rate: float = 0.01
    """The learning rate of Adam."""

    def __post_init__(self) -> None:
        """Validate."""
        if not self.methods:
            raise InputError("no method to compare: name at least one")
        if not all(isinstance(each, tuple) and isinstance(each[-1], Method) for each in self.methods):
            raise InputError("methods must be pairs of a displayed name and a method, such as [('sds', SDS())]")
        for name, most in (("points", 100_000), ("steps", 1_000_000)):
            if not is_count(value := getattr(self, name), most):
                raise InputError(f"{name} = {shown(value)} must be from 1 to {most:,}, a whole number")
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning rate = {self.learning_rate} must be above 0 and finite; 0.01 is usual")
        check_scale(self.guidance_scale)
        if not is_count(self.seed, 2**63 - 1, least=0):
            raise InputError(f"seed = {shown(self.seed)} must be from 0 to 2^63 - 1, a whole number")

    metrics_type: ClassVar[type[Any]]
    """The class of the metrics."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """The name of the world."""

    @property
    @abc.abstractmethod
    def prior(self) -> Mixture:
        """The exact score."""

    @abc.abstractmethod
    def start(self) -> Points | Projected:
        """A new scene, the same for every method."""

    @abc.abstractmethod
    def conditions(self) -> tuple[Condition, Condition | None]:
        """Target and source."""

    @abc.abstractmethod
    def measure(
        self, start: Float[Tensor, "n D"], end: Float[Tensor, "n D"], gradients: Float[Tensor, "steps n D"]
    ) -> MetricsT:
        """The metrics of a run, from its first and last points and the gradients of its last tenth."""

    @abc.abstractmethod
    def picture(self, runs: Sequence[MethodRun[MetricsT]]) -> bytes:
        """A PNG with a panel per method."""

    @abc.abstractmethod
    def animation(self, runs: Sequence[MethodRun[MetricsT]]) -> bytes:
        """A GIF of the points in motion."""

    def run(self, on_step: OnMethodStep = lambda method, step: None, frames: int = 48) -> list[MethodRun[MetricsT]]:
        """Run every method. `on_step` is called with each step; `frames` states of the points are kept."""
        study_run = self.begin(frames)
        for name, step in study_run:
            on_step(name, step)
        return study_run.runs

    def begin(self, frames: int = 48) -> "StudyRun[MetricsT]":
        """As `run`, but as a resumable iterator over the steps."""
        return StudyRun(self, frames)

    def new_loop(self) -> LoopState:
        """The start of a run: new points, Adam over them, and the generator at the seed."""
        with small_tensors():
            scene = self.start()
        optimizer = Adam(scene.parameters(), lr=self.learning_rate, fused=True)
        return LoopState(scene, optimizer, Generator().manual_seed(self.seed))

    def steps_of(self, method: Method, loop: LoopState) -> Iterator[Step]:
        """The remaining steps of a method, from where the loop is."""
        target, source = self.conditions()
        return distill(
            loop.scene,
            Guided(self.prior, self.guidance_scale),
            method,
            target=target,
            source=source,
            source_scene=None if source is None else self.start(),
            steps=self.steps,
            rng=loop.rng,
            optimizer=loop.optimizer,
            progress=loop.progress,
        )

    def fingerprint(self) -> str:
        """A hash of the centres of the mixture: it tells worlds of one name apart."""
        return hashlib.sha256(self.prior.centres.double().contiguous().numpy().tobytes()).hexdigest()

    def document(self, runs: Sequence[MethodRun[MetricsT]]) -> dict[str, Any]:
        """The settings and the metrics, ready for JSON."""
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


class StudyRun(Resumable, Generic[MetricsT]):
    """A running study: an iterator over the steps of all methods in order; `runs` holds the completed ones."""

    def __init__(self, study: Study[MetricsT], frames: int) -> None:
        """Prepare the first method."""
        self.study, self.runs = study, []
        self._kept = set(torch.linspace(0, study.steps - 1, min(frames, study.steps)).round().int().tolist())
        self._begin()

    def _begin(self) -> None:
        """Prepare a method."""
        self._loop = self.study.new_loop()
        self._scene: Any = self._loop.scene
        self._path, self._gradients, self._seconds = [self._scene.points.detach().clone()], [], 0.0

    def __iter__(self) -> Iterator[tuple[str, Step]]:
        """The remaining steps, each with the name of its method."""
        with small_tensors():
            for name, method in self.study.methods[len(self.runs) :]:
                yield from self._steps(name, method)
                self._begin()

    def _steps(self, name: str, method: Method) -> Iterator[tuple[str, Step]]:
        study, scene, loop = self.study, self._scene, self._loop
        earlier, began = self._seconds, time.perf_counter()
        for step in study.steps_of(method, loop):
            if step.index in self._kept:
                self._path.append(scene.points.detach().clone())
            if step.index >= int(0.9 * study.steps) and scene.points.grad is not None:
                self._gradients.append(scene.points.grad * study.points)
            self._seconds = earlier + time.perf_counter() - began
            yield name, step
        metrics = study.measure(self._path[0], self._path[-1], torch.stack(self._gradients))
        seconds, evaluations = earlier + time.perf_counter() - began, loop.progress.evaluations // study.points
        self.runs.append(MethodRun(name, torch.stack(self._path), metrics, seconds, evaluations))

    def live_state(self) -> State:
        """The completed runs and the state of the current one; not a copy."""
        runs = [{**vars(run), "metrics": asdict(run.metrics)} for run in self.runs]  # type: ignore[call-overload]
        return {
            "runs": runs,
            "changing": self._loop.live_state(),
            "path": self._path,
            "gradients": self._gradients,
            "seconds": self._seconds,
        }

    def restore(self, state: State) -> None:
        """Resume from a state."""
        runs = [{**run, "metrics": self.study.metrics_type(**run["metrics"])} for run in state["runs"]]
        self.runs = [MethodRun(**run) for run in runs]
        self._begin()
        self._loop.restore(state["changing"])
        self._path, self._gradients = list(state["path"]), list(state["gradients"])
        self._seconds = float(state["seconds"])
