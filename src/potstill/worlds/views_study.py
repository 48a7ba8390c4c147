"""The views world: 3-D points seen through another random camera in every step, with the exact score.

This is a 3-D representation with random views, without approximations. A point is a scene, its render is its
projection, and the prior is the exact score of the projected 3-D mixture given the camera. The modes are the corners of
a cube: four of them (a tetrahedron) are class 1, the other four class 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from torch import Generator, Tensor

from potstill.diffusion.mixture import Mixture
from potstill.diffusion.prior import Condition
from potstill.methods import SDI, Method
from potstill.methods.noise import Fresh, Mixed, Previous
from potstill.scenes.cameras import random_cameras
from potstill.scenes.points import Projected
from potstill.worlds import plots
from potstill.worlds.study import MethodRun, Study
from potstill.worlds.world import TARGET

COMPARED: dict[str, Method] = {
    "sds": replace(SDI(), noise=Fresh()),
    "mixed": replace(SDI(), noise=Mixed(0.5)),
    "cached": replace(SDI(), noise=Previous()),
    "sdi": SDI(),
}
"""SDI with different noise sources; weight, annealed times and optimiser are the same."""

ANGLES = (0.35, 0.35 + np.pi / 2)
"""Azimuths of the two views in figures, in radians."""
MODE: dict[str, Any] = {"s": 90, "facecolors": "none", "edgecolors": plots.BLUE, "linewidths": 2.0, "zorder": 4}


@dataclass(frozen=True)
class ViewMetrics:
    """Metrics of points [n, 3] generated from 2-D views of class 2."""

    nll: float
    """Mean negative log likelihood of a point under the 3-D class 2, in nats."""
    coverage: float
    """Share of the modes of class 2 that are the nearest mode of some point."""
    disagreement: float
    """Share of views (32 per point) in which the nearest projected mode is not the nearest mode in 3-D."""
    gradient_variance: float
    """Mean over points of the total variance of the gradient over the last tenth of the steps."""


@dataclass(frozen=True, eq=False)
class ViewsStudy(Study[ViewMetrics]):
    """Generates class 2 from points near the origin; only the noise source differs between methods."""

    steps: int = 1000
    learning_rate: float = 0.05
    metrics_type: ClassVar = ViewMetrics

    @property
    def name(self) -> str:
        """The name of the world."""
        return "views"

    @property
    def prior(self) -> Mixture:
        """The corners of a cube, in two classes by the sign of the product of coordinates."""
        corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3)
        return Mixture(corners, (corners.prod(1) > 0).long(), width=0.15)

    def start(self) -> Projected:
        """Points from N(0, I / 4)."""
        rng = Generator().manual_seed(self.seed)
        return Projected(torch.randn(self.points, 3, generator=rng) / 2)

    def conditions(self) -> tuple[Condition, None]:
        """Target class 2, no source."""
        return self.prior.condition(TARGET), None

    def measure(
        self, start: Float[Tensor, "n 3"], end: Float[Tensor, "n 3"], gradients: Float[Tensor, "steps n 3"]
    ) -> ViewMetrics:
        """Likelihood, coverage, disagreement of views and variance of the gradient."""
        centres = self.prior.of(TARGET)
        nearest = torch.cdist(end, centres).argmin(1)
        density = self.prior.log_prob(end, self.prior.condition(TARGET)).mean()
        return ViewMetrics(
            nll=-float(density),
            coverage=nearest.unique().numel() / len(centres),
            disagreement=_disagreement(end, centres, nearest),
            gradient_variance=float(gradients.var(0, correction=0).sum(1).mean()),
        )

    def picture(self, runs: Sequence[MethodRun[ViewMetrics]]) -> bytes:
        """The paths and the end points, seen from two sides."""
        figure, axes = self._layout(runs)
        for column, run in enumerate(runs):
            for row, angle in enumerate(ANGLES):
                paths = np.swapaxes(run.path.numpy() @ _orbit(angle).T, 0, 1)
                axes[row, column].add_collection(plots.lines(paths))
                axes[row, column].scatter(*paths[:, -1].T, **plots.RESULT)
        return plots.png(figure)

    def animation(self, runs: Sequence[MethodRun[ViewMetrics]]) -> bytes:
        """The points in motion, with rotating cameras."""
        figure, axes = self._layout(runs)
        modes, frames = self.prior.of(TARGET).numpy(), len(runs[0].path)
        moving = [[axis.collections[0], axis.scatter([], [], **plots.RESULT)] for axis in axes.flat]

        def draw(frame: int) -> None:
            for index, (corners, dots) in enumerate(moving):
                row, column = divmod(index, len(runs))
                camera = _orbit(ANGLES[row] + np.pi * frame / frames)
                corners.set_offsets(modes @ camera.T)
                dots.set_offsets(runs[column].path[frame].numpy() @ camera.T)

        return plots.gif(figure, [artist for pair in moving for artist in pair], draw, frames)

    def _verdict(self, run: MethodRun[ViewMetrics]) -> str:
        """The source of the noise, the numbers and the cost."""
        perfect = self.prior.sample(10_000, TARGET, Generator().manual_seed(0))
        least = -float(self.prior.log_prob(perfect, self.prior.condition(TARGET)).mean())
        numbers = run.metrics
        parts = [
            plots.NOISES.get(run.method, ""),
            f"negative log likelihood {numbers.nll:.1f} (best: {abs(round(least, 1)):g})",
            f"{numbers.disagreement:.0%} of the views disagree",
            f"{run.evaluations:,} evaluations per point",
        ]
        return "\n".join(filter(None, parts))

    def _layout(self, runs: Sequence[MethodRun[ViewMetrics]]) -> tuple[Figure, np.ndarray]:
        title = (
            f"3-D points generated from 2-D scores of random views, guidance scale {self.guidance_scale:g}: "
            "only the source of the noise differs"
        )
        figure, axes = plots.new_figure(len(runs), 2, title, size=3.0, extra=1.0)
        modes = self.prior.of(TARGET).numpy()
        for column, run in enumerate(runs):
            plots.caption(axes[0, column], run.method, self._verdict(run))
            for row, angle in enumerate(ANGLES):
                axes[row, column].scatter(*(modes @ _orbit(angle).T).T, **MODE)
                plots.frame_square(axes[row, column], np.array([[-2.1, -2.1], [2.1, 2.1]]))
        for row, angle in enumerate(ANGLES):
            axes[row, 0].set_ylabel(f"seen from {np.degrees(angle):.0f}°")
        marks = {
            "the modes of class 2": plots.dot(MODE),
            "path": plots.Line2D([], [], color=plots.GREY),
            "result": plots.dot(plots.RESULT),
        }
        plots.key(figure, marks)
        return figure, axes


def _disagreement(
    points: Float[Tensor, "n 3"], centres: Float[Tensor, "k 3"], nearest: Int[Tensor, " n"], views: int = 32
) -> float:
    cameras = random_cameras(views * len(points), Generator().manual_seed(0), points.dtype)
    seen = (cameras @ points.repeat(views, 1)[:, :, None])[:, :, 0]
    modes = centres @ cameras.mT
    return float(((seen[:, None] - modes).norm(dim=-1).argmin(1) != nearest.repeat(views)).float().mean())


def _orbit(angle: float) -> Float[np.ndarray, "2 3"]:
    """An orthographic camera at this azimuth, slightly above the points."""
    right = np.array([np.cos(angle), np.sin(angle), 0.0])
    forward = np.array([-np.sin(angle) * np.cos(0.3), np.cos(angle) * np.cos(0.3), -np.sin(0.3)])
    return np.stack([right, np.cross(right, forward)]).astype(np.float32)
