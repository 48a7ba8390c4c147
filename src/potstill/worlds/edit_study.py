"""A study of edits: points of class 1 moved towards class 2 by each method."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.mixture import Mixture
from potstill.diffusion.prior import Condition
from potstill.scenes.points import Points
from potstill.worlds import plots
from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.study import MethodRun, Study
from potstill.worlds.world import SOURCE, TARGET, World, moons


@dataclass(frozen=True, eq=False)
class EditStudy(Study[Metrics]):
    """Edits samples of class 1 of a world towards class 2."""

    world: World = field(default_factory=moons)
    metrics_type: ClassVar = Metrics

    @property
    def name(self) -> str:
        """The name of the world."""
        return self.world.name

    def document(self, runs: Sequence[MethodRun[Metrics]]) -> dict[str, Any]:
        """As `Study.document`, with the labels of the two classes of a file."""
        return {"world": self.name, **self.world.named(), **super().document(runs)}

    @property
    def prior(self) -> Mixture:
        """The exact score of the world."""
        return self.world.prior()

    def start(self) -> Points:
        """Samples of class 1."""
        return Points(self.prior.sample(self.points, SOURCE, Generator().manual_seed(self.seed)))

    def conditions(self) -> tuple[Condition, Condition]:
        """Target class 2, source class 1."""
        return self.prior.condition(TARGET), self.prior.condition(SOURCE)

    def measure(
        self, start: Float[Tensor, "n 2"], end: Float[Tensor, "n 2"], gradients: Float[Tensor, "steps n 2"]
    ) -> Metrics:
        """Distance, transport, spread, coverage and likelihood."""
        return measure(self.world, self.prior, start, end)

    def picture(self, runs: Sequence[MethodRun[Metrics]]) -> bytes:
        """A panel per method: both classes, faint lines from start to end, and the end points."""
        return plots.panels(self.world, self.guidance_scale, runs)

    def animation(self, runs: Sequence[MethodRun[Metrics]]) -> bytes:
        """The points in motion."""
        return plots.flow(self.world, self.guidance_scale, runs)
