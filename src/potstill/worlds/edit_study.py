"""The lecture's comparison: points of class 1 edited towards class 2 by each method."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Generator, Tensor

from potstill.diffusion.mixture import Mixture
from potstill.diffusion.prior import Condition
from potstill.scenes.points import Points
from potstill.worlds import plots
from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.study import Run, Study
from potstill.worlds.world import SOURCE, TARGET, World, moons


@dataclass(frozen=True, eq=False)
class EditStudy(Study[Metrics]):
    """Samples of class 1 move towards class 2 of a world."""

    world: World = field(default_factory=moons)
    numbers: ClassVar = Metrics

    @property
    def name(self) -> str:
        """The world's."""
        return self.world.name

    @property
    def prior(self) -> Mixture:
        """The world's."""
        return self.world.prior()

    def start(self) -> Points:
        """Samples of class 1."""
        return Points(self.prior.sample(self.points, SOURCE, Generator().manual_seed(self.seed)))

    def conditions(self) -> tuple[Condition, Condition]:
        """Class 2, class 1."""
        return self.prior.condition(TARGET), self.prior.condition(SOURCE)

    def measure(self, start: Tensor, end: Tensor, gradients: Tensor) -> Metrics:
        """Distance, transport, spread, coverage and likelihood."""
        return measure(self.world, self.prior, start, end)

    def picture(self, runs: Sequence[Run[Metrics]]) -> bytes:
        """Both classes, faint lines from start to end, the end points."""
        return plots.panels(self.world, self.guidance_scale, runs)

    def animation(self, runs: Sequence[Run[Metrics]]) -> bytes:
        """The points flowing."""
        return plots.flow(self.world, self.guidance_scale, runs)
