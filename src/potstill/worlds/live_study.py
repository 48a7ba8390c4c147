"""A study whose methods move side by side, step by step, with settings that may change on the way."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError, PotstillError
from potstill.methods import Method
from potstill.state import LoopState
from potstill.worlds.edit_study import EditStudy
from potstill.worlds.metrics import Metrics
from potstill.worlds.study import MethodRun, small_tensors

CHANGING = ("methods", "guidance_scale", "learning_rate")
"""The settings of a study that may change while it runs."""
FRAMES = 240
"""The most states of the points that are kept of each method."""


class Change(NamedTuple):
    """Settings that changed, and after how many steps."""

    step: int
    settings: dict[str, Any]


@dataclass(eq=False)
class Lane:
    """One method: its points, and the way that they came."""

    method: Method
    loop: LoopState
    path: list[Float[Tensor, "n 2"]]
    """The points at the start and then every `LiveStudy.stride` steps."""
    seconds: float = 0.0

    @property
    def points(self) -> Float[Tensor, "n 2"]:
        """The points as they are, not a copy."""
        return self.loop.scene.points.detach()  # type: ignore[union-attr, return-value]


@dataclass(eq=False)
class LiveStudy:
    """The methods of a study, all after the same number of steps.

    Without changes each moves as in `EditStudy.run`, to the same bits. With the same changes at the same steps it
    always gives the same bytes.
    """

    study: EditStudy
    """With the settings as they are now."""
    step: int = field(default=0, init=False)
    """Steps taken, by every method."""
    changes: list[Change] = field(default_factory=list, init=False)
    """All changes, in order."""

    def __post_init__(self) -> None:
        """Stand at the start."""
        self.begun = {name: getattr(self.study, name) for name in CHANGING}
        loops = [self.study.new_loop() for _ in self.study.methods]
        self.lanes = [
            Lane(method, loop, [loop.scene.points.detach().clone()])  # type: ignore[union-attr, operator]
            for (_, method), loop in zip(self.study.methods, loops, strict=True)
        ]
        self._steps = self._begin()

    def _begin(self) -> list[Any]:
        """The remaining steps of every method under the settings as they are now."""
        with small_tensors():
            return [self.study.steps_of(lane.method, lane.loop) for lane in self.lanes]

    @property
    def stride(self) -> int:
        """Steps between two states that are kept."""
        return math.ceil(self.study.steps / FRAMES)

    def advance(self, steps: int = 1) -> int:
        """Take up to `count` steps with every method; fewer are taken at the end of the study.

        Returns:
            The number of steps that were taken.

        Raises:
            NotFiniteError: a NaN or an infinity. Methods before the one that failed have taken the step.
        """
        before = self.step
        try:
            with small_tensors():
                while self.step < min(before + steps, self.study.steps):
                    self._take_step()
        except PotstillError:
            self._steps = self._begin()  # a generator that raised is at its end
            raise
        return self.step - before

    def _take_step(self) -> None:
        for lane, rest in zip(self.lanes, self._steps, strict=True):
            began = time.perf_counter()
            if lane.loop.progress.done == self.step:
                next(rest)
            lane.seconds += time.perf_counter() - began
        self.step += 1
        if self.step % self.stride == 0:
            for lane in self.lanes:
                lane.path.append(lane.points.clone())

    def change(self, **settings: Any) -> None:
        """Go on with other settings: `methods`, `guidance_scale` or `learning_rate`, as in `EditStudy`.

        New methods take the places of the old ones and keep their points and the state of the optimiser.

        Raises:
            InputError: another setting, or a value that breaks a rule; nothing has changed then.
        """
        if unknown := [name for name in settings if name not in CHANGING]:
            raise InputError(f"{unknown[0]} cannot change during a run: change {', '.join(CHANGING)}, or start anew")
        study = replace(self.study, **settings)
        if [type(method) for _, method in study.methods] != [type(lane.method) for lane in self.lanes]:
            raise InputError(
                f"the run compares {', '.join(name for name, _ in self.study.methods)}, and their classes cannot "
                "change: change their fields, or start anew"
            )
        self.study = study
        self.changes.append(Change(self.step, settings))
        for (_, method), lane in zip(study.methods, self.lanes, strict=True):
            lane.method = method
            lane.loop.optimizer.param_groups[0]["lr"] = study.learning_rate
        self._steps = self._begin()

    def evaluations(self) -> list[int]:
        """Network evaluations per point of every method."""
        return [lane.loop.progress.evaluations // self.study.points for lane in self.lanes]

    def runs(self, frames: int = 48) -> list[MethodRun[Metrics]]:
        """The runs so far, as the pictures of `EditStudy` take them, with at most so many states of the points."""
        return [
            self._run(name, lane, evaluations, frames)
            for (name, _), lane, evaluations in zip(self.study.methods, self.lanes, self.evaluations(), strict=True)
        ]

    def _run(self, name: str, lane: Lane, evaluations: int, frames: int) -> MethodRun[Metrics]:
        states = lane.path if self.step % self.stride == 0 and self.step else [*lane.path, lane.points]
        kept = torch.linspace(0, len(states) - 1, min(frames, len(states))).round().int().tolist()
        path = torch.stack([states[index] for index in kept])
        return MethodRun(name, path, self.metrics(lane), lane.seconds, evaluations)

    def metrics(self, lane: Lane) -> Metrics:
        """The metrics of a method's points as they are."""
        return self.study.measure(lane.path[0], lane.points, lane.points[None][:0])

    def picture(self) -> bytes:
        """The figure of `EditStudy` as the points are now, as PNG."""
        return self.study.picture(self.runs())

    def animation(self) -> bytes:
        """The way so far as GIF."""
        return self.study.animation(self.runs())

    def document(self) -> dict[str, Any]:
        """Settings, changes and metrics, ready for JSON."""
        changes = [
            {"step": step, **settings, **({"methods": names(settings["methods"])} if "methods" in settings else {})}
            for step, settings in self.changes
        ]
        return self.study.document(self.runs()) | {"step": self.step, "changes": changes}


def names(methods: Sequence[tuple[str, Method]]) -> list[str]:
    """The displayed names of methods."""
    return [name for name, _ in methods]
