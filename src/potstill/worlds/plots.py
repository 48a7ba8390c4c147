"""Figures of an edit study: one panel per method, still and animated."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from potstill.io.plotting import BLUE, GREEN, GREY, RED, caption, gif, key, new_figure, png
from potstill.worlds.metrics import Metrics
from potstill.worlds.study import MethodRun
from potstill.worlds.world import World

START: dict[str, Any] = {"s": 12, "facecolors": "none", "edgecolors": RED, "linewidths": 0.8, "alpha": 0.7, "zorder": 2}
CENTRE: dict[str, Any] = {"s": 26, "marker": "+", "color": BLUE, "linewidths": 1.2, "zorder": 2}
RESULT: dict[str, Any] = {"s": 12, "color": GREEN, "linewidths": 0, "alpha": 0.85, "zorder": 3}
NOISES = {
    "sds": "fresh noise: the largest sigma",
    "mixed": "half of the largest sigma",
    "cached": "the previous prediction: sigma = 0",
    "sdi": "noise found by inverting the render",
}
"""What figures say of the noise sources that worlds with views compare."""


def verdict(run: MethodRun[Metrics]) -> str:
    """`Metrics.outcome` with its numbers, and what the run cost, in three lines."""
    found = run.metrics
    first = {
        "collapses": f"collapses: {found.spread_left:.0%} of class 2's spread is left",
        "drifts": f"drifts: a path {found.transport_ratio:.1f} times the shortest one",
        "nears": f"comes nearer: a path {found.transport_ratio:.1f} times the shortest one",
        "arrives": f"arrives: a path {found.transport_ratio:.1f} times the shortest one",
    }[found.outcome]
    way = f"distance to class 2: {found.source_distance:.2g} at first, {found.target_distance:.2g} at the end"
    return f"{first}\n{way}\n{run.evaluations:,} evaluations per point"


def panels(world: World, guidance_scale: float, runs: Sequence[MethodRun[Metrics]]) -> bytes:
    """One panel per method as PNG: both classes, faint lines from start to end, and the end points."""
    figure, axes = _layout(world, guidance_scale, runs)
    for axis, run in zip(axes, runs, strict=True):
        axis.add_collection(lines(np.swapaxes(_to_data(world, run.path), 0, 1)))
        axis.scatter(*_to_data(world, run.path[-1]).T, **RESULT)
    return png(figure)


def flow(world: World, guidance_scale: float, runs: Sequence[MethodRun[Metrics]]) -> bytes:
    """The same panels as an animated GIF of the points in motion."""
    figure, axes = _layout(world, guidance_scale, runs)
    dots = [axis.scatter([], [], **RESULT) for axis in axes]

    def draw(frame: int) -> None:
        for dot, run in zip(dots, runs, strict=True):
            dot.set_offsets(_to_data(world, run.path[frame]))

    return gif(figure, dots, draw, len(runs[0].path))


def lines(paths: Float[np.ndarray, "n frames 2"], width: float = 0.5, alpha: float = 0.45) -> LineCollection:
    """Faint lines, one for the path of each point."""
    return LineCollection(list(paths), colors=GREY, linewidths=width, alpha=alpha, zorder=1)


def dot(style: Mapping[str, Any]) -> Line2D:
    """An entry of the legend for dots drawn in this style."""
    colour, hollow = style.get("color", style.get("edgecolors")), style.get("facecolors") == "none"
    face = "none" if hollow else colour
    return Line2D([], [], linestyle="", marker=style.get("marker", "o"), color=colour, markerfacecolor=face)


def frame_square(axis: Axes, points: Float[np.ndarray, "n 2"], margin: float = 0.08) -> None:
    """Set square limits around the points, with equal axes and without ticks."""
    low, high = points.min(0), points.max(0)
    middle, half = (low + high) / 2, (float((high - low).max()) or 1e-9) * (0.5 + margin)
    axis.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half))
    axis.set(xticks=[], yticks=[], aspect="equal", anchor="N")  # at the top, where the layout has room for titles
    for spine in axis.spines.values():
        spine.set_color(GREY)


def _layout(world: World, guidance_scale: float, runs: Sequence[MethodRun[Metrics]]) -> tuple[Figure, list[Axes]]:
    columns = min(len(runs), 4)
    rows = -(-len(runs) // columns)
    source, target = world.classes or ("class 1", "class 2")
    title = f"{world.name}: points of {source} edited to become points of {target}, guidance scale {guidance_scale:g}"
    figure, grid = new_figure(columns, rows, title, extra=0.3 + 0.4 * rows)
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
        axis.scatter(*goal.T, **CENTRE)
        axis.scatter(*start.T, **START)
        caption(axis, run.method, verdict(run))
    marks = {
        f"start: points of {source}": dot(START),
        f"the centres that {target} is made of": dot(CENTRE),
        "path": Line2D([], [], color=GREY),
        "result": dot(RESULT),
    }
    key(figure, marks, columns=(1, 2, 4, 4)[columns - 1])
    return figure, axes[: len(runs)]


def _to_data(world: World, points: Float[Tensor, "*batch 2"]) -> Float[np.ndarray, "*batch 2"]:
    return world.to_data(points.double()).numpy()
