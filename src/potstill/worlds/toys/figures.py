"""Figures of a study of toys: views of each result above those of the toy it should be, and both in orbit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from potstill.io.plotting import GREY, INK, caption, gif, new_figure, png
from potstill.scenes.cameras import Cameras
from potstill.tensors import Images
from potstill.worlds.toys.measures import ToyMetrics

ANGLES = (0.0, 45.0, 90.0, 180.0)
"""Azimuths of the views in a picture, in degrees."""
ELEVATION = 15.0


@dataclass(frozen=True, eq=False)
class ToyPanel:
    """A result, seen from all cameras of a bank, and what it should be."""

    method: str
    metrics: ToyMetrics
    result: Images
    truth: Images
    evaluations: int
    """Network evaluations per view."""
    remark: str = ""
    """The heading of the method, above its numbers."""


def views_picture(title: str, panels: Sequence[ToyPanel], cameras: Cameras) -> bytes:
    """A PNG with a panel per method: four views of the result by azimuth, and below them those of the truth."""
    around = ring_of(cameras)
    turns = [(cameras.azimuth[around] - angle + 180) % 360 - 180 for angle in ANGLES]
    row = [around[int(turn.abs().argmin())] for turn in turns]
    figure, axes = _layout(title, panels, (4.2, 2.5))
    for axis, panel in zip(axes, panels, strict=True):
        both = [_side_by_side(each[row]) for each in (panel.result, panel.truth)]
        axis.imshow(np.concatenate(both), interpolation="nearest")
        side = len(both[0])
        axis.axhline(side - 0.5, color="white", linewidth=1.5)
        axis.set_xticks([(n + 0.5) * side for n in range(len(ANGLES))], [f"{angle:g}°" for angle in ANGLES])
        axis.set_yticks([0.5 * side, 1.5 * side], ["result", "goal"], rotation=90, va="center")
        axis.tick_params(length=0, labelcolor=INK, labelsize=7)
    return png(figure)


def orbit(title: str, panels: Sequence[ToyPanel], cameras: Cameras) -> bytes:
    """An animated GIF: each result turns beside the truth."""
    figure, axes = _layout(title, panels, (3.2, 2.0))
    around = ring_of(cameras)
    pairs = [torch.stack([each.result[around].double(), each.truth[around].double()], 1) for each in panels]
    shown = [
        axis.imshow(_side_by_side(pair[0]), interpolation="nearest") for axis, pair in zip(axes, pairs, strict=True)
    ]

    def draw(frame: int) -> None:
        for image, pair in zip(shown, pairs, strict=True):
            image.set_data(_side_by_side(pair[frame]))

    return gif(figure, shown, draw, len(around), colours=255)


def ring_of(cameras: Cameras) -> list[int]:
    """The cameras nearest to an elevation of 15 degrees, in the order of their azimuth from 0 up."""
    gap = (cameras.elevation - ELEVATION).abs().round(decimals=2)
    found = (gap == gap.min()).nonzero()[:, 0]
    turn = (cameras.azimuth[found] % 360).round(decimals=2) % 360
    return found[turn.argsort()].tolist()


def _verdict(panel: ToyPanel) -> str:
    """What the method is, the numbers of its result and its cost, in lines."""
    metrics = panel.metrics
    parts = [f"PSNR {metrics.psnr:.1f} dB, {metrics.agreement:.0%} of views show the same toy"]
    parts += [] if metrics.relative_error is None else [f"error {metrics.relative_error:.2f} (no edit: 1)"]
    parts += [] if metrics.janus is None else [f"face seen from behind: {metrics.janus:.2f} of that in front"]
    return "\n".join(filter(None, [panel.remark, *parts, f"{panel.evaluations:,} evaluations per view"]))


def _layout(title: str, panels: Sequence[ToyPanel], size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    columns = min(len(panels), 2)
    rows = -(-len(panels) // columns)
    figure, grid = new_figure(columns, rows, title, size=size[0])
    figure.set_size_inches(size[0] * columns, (size[1] + 0.35) * rows + 0.75)
    axes = list(grid.flat)
    for axis in axes[len(panels) :]:
        axis.remove()
    for axis, panel in zip(axes, panels, strict=False):
        axis.set(xticks=[], yticks=[], anchor="N")
        for spine in axis.spines.values():
            spine.set_color(GREY)
        caption(axis, panel.method, _verdict(panel))
    return figure, axes[: len(panels)]


def _side_by_side(pictures: Images) -> Float[np.ndarray, "rows columns 3"]:
    return pictures.permute(2, 0, 3, 1).flatten(1, 2).double().numpy()
