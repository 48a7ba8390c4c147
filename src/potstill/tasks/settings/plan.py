"""Plans: what a run does where its settings may leave it open, with no value None.

The settings stay as the user stated them; their `resolve` makes the plan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from potstill.distillation import Step
from potstill.optimizers import SGD, Adam
from potstill.scenes import Growth, Scene
from potstill.vectors.sketch import Kind

RATES = {"adam": 0.02, "sgd": 0.1}
"""The learning rates of optimisers that are not the method's own."""


@dataclass(frozen=True)
class SamplingPlan:
    """The plan of a baseline or an inversion."""

    steps: int
    guidance_scale: float


@dataclass(frozen=True)
class OptimizationPlan:
    """The plan of a method that follows a gradient."""

    steps: int
    guidance_scale: float
    optimizer: Literal["adam", "sgd"]
    learning_rate: float

    def optimizer_of(self, scene: Scene, batch: int) -> Optimizer:
        """The optimiser of a scene; plain descent undoes the mean that the loss takes over the batch."""
        scale = batch if self.optimizer == "sgd" else 1
        kind = Adam if self.optimizer == "adam" else SGD
        return kind(scene.parameters(), lr=self.learning_rate * scale)


@dataclass(frozen=True)
class EditPlan(OptimizationPlan):
    """The plan of an edit by a method."""

    finish: str
    """What is done to the result, as an expression."""


@dataclass(frozen=True)
class SampledEditPlan(SamplingPlan):
    """The plan of an edit by a baseline."""

    finish: str
    """What is done to the result, as an expression."""


@dataclass(frozen=True)
class ScenePlan:
    """The plan of a run on a 3-D scene."""

    steps: int
    guidance_scale: float
    learning_rate: float
    """In multiples of the learning rates of the scene."""
    most_gaussians: int | None
    """How many there may be at the end; None where their number stays."""
    fit_steps: int = 0
    """Steps that fit the scene to pictures of it, after the others, which move the pictures."""


@dataclass(frozen=True)
class DrawingPlan:
    """The plan of a run on a drawing."""

    steps: int
    guidance_scale: float
    rates: Mapping[Kind, float]
    """The learning rate of each kind of numbers that may change."""
    coupling: float


@dataclass(frozen=True)
class ComparisonPlan:
    """The plan of a comparison; steps and rates are those of each method."""

    methods: tuple[str, ...]
    guidance_scale: float


Plan: TypeAlias = SamplingPlan | OptimizationPlan | ScenePlan | DrawingPlan | ComparisonPlan


def falling(steps: Iterator[Step], scheduler: LRScheduler, growth: Growth | None = None) -> Iterator[Step]:
    """The steps, with a step of the learning rates after each, and the growth of the scene."""
    for step in steps:
        scheduler.step()
        if growth:
            growth.after(step.index)
        yield step
