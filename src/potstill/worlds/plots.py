"""Figures of an edit study: one panel per method, still and animated."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from potstill.io.plotting import BLUE, GREEN, GREY, RED, caption, gif, new_figure, png
from potstill.worlds.metrics import Metrics
from potstill.worlds.study import MethodRun
from potstill.worlds.world import World


def verdict(metrics: Metrics) -> str:
    """`Metrics.outcome` with its numbers."""
    if metrics.outcome == "collapses":
        return f"collapses: {metrics.spread_left:.0%} of the spread is left"
    return f"{metrics.outcome}: {metrics.transport_ratio:.1f} times the way, {metrics.target_distance:.2g} from class 2"


def panels(world: World, guidance_scale: float, runs: Sequence[MethodRun[Metrics]]) -> bytes:
    """One panel per method as PNG: both classes, faint lines from start to end, and the end points."""
    figure, axes = _layout(world, guidance_scale, runs)
    for axis, run in zip(axes, runs, strict=True):
        axis.add_collection(lines(np.swapaxes(_to_data(world, run.path), 0, 1)))
        axis.scatter(*_to_data(world, run.path[-1]).T, s=11, color=GREEN, linewidths=0, alpha=0.85, zorder=3)
    return png(figure)


def flow(world: World, guidance_scale: float, runs: Sequence[MethodRun[Metrics]]) -> bytes:
    """The same panels as an animated GIF of the points in motion."""
    figure, axes = _layout(world, guidance_scale, runs)
    dots = [axis.scatter([], [], s=11, color=GREEN, linewidths=0, alpha=0.85, zorder=3) for axis in axes]

    def draw(frame: int) -> None:
        for dot, run in zip(dots, runs, strict=True):
            dot.set_offsets(_to_data(world, run.path[frame]))

    return gif(figure, dots, draw, len(runs[0].path))


def lines(paths: Float[np.ndarray, "n frames 2"], width: float = 0.5, alpha: float = 0.45) -> LineCollection:
    """Faint lines, one for the path of each point."""
    return LineCollection(list(paths), colors=GREY, linewidths=width, alpha=alpha, zorder=1)


def frame_square(axis: Axes, points: Float[np.ndarray, "n 2"], margin: float = 0.08) -> None:
    """Set square limits around the points, with equal axes and without ticks."""
    low, high = points.min(0), points.max(0)
    middle, half = (low + high) / 2, (float((high - low).max()) or 1e-9) * (0.5 + margin)
    axis.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half))
    axis.set(xticks=[], yticks=[], aspect="equal")
    for spine in axis.spines.values():
        spine.set_color(GREY)


def _layout(world: World, guidance_scale: float, runs: Sequence[MethodRun[Metrics]]) -> tuple[Figure, list[Axes]]:
    columns = min(len(runs), 4)
    rows = -(-len(runs) // columns)
    source, target = world.classes or ("class 1", "class 2")
    title = f"{world.name}: {source} (red) edited towards {target} (blue), guidance scale {guidance_scale:g}"
    figure, grid = new_figure(columns, rows, title)
    axes = list(grid.flat)
    for axis in axes[len(runs) :]:
        axis.remove()
    start, goal = _to_data(world, runs[0].path[0]), _to_data(world, world.target)
    both = np.concatenate([start, goal])
    low, high = both.min(0), both.max(0)
    # A run that moves far outside the world is cut off rather than shrinking all panels.
    ends = [_to_data(world, run.path[-1]).clip(2 * low - high, 2 * high - low) for run in runs]
    shown = np.concatenate([both, *ends])
    for axis, run in zip(axes, runs, strict=False):
        frame_square(axis, shown)
        axis.scatter(*goal.T, s=16, color=BLUE, linewidths=0, alpha=0.9, zorder=2)
        axis.scatter(*start.T, s=7, color=RED, linewidths=0, alpha=0.35, zorder=2)
        caption(axis, run.method, verdict(run.metrics))
    return figure, axes[: len(runs)]


def _to_data(world: World, points: Float[Tensor, "*batch 2"]) -> Float[np.ndarray, "*batch 2"]:
    return world.to_data(points.double()).numpy()
