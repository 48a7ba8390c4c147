"""A comparison as a contact sheet and as an animation."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from potstill.io.gif import row
from potstill.io.plotting import INK, caption, gif, new_figure, png
from potstill.tasks.comparing import Comparison
from potstill.tensors import Images


def sheet(comparison: Comparison) -> bytes:
    """The contact sheet as PNG: the source, each result, and below it where it differs from the source."""
    return png(_figure(comparison)[0])


def animation(comparison: Comparison) -> bytes:
    """The sheet as GIF, with the intermediate images of every method."""
    figure, shown = _figure(comparison)
    moving = [artist for artists in shown.values() for artist in artists]
    frames = max(map(len, comparison.trajectories.values()))

    def draw(frame: int) -> None:
        for name, artists in shown.items():
            trajectory = comparison.trajectories[name]
            images = trajectory[round(frame * (len(trajectory) - 1) / max(1, frames - 1))]
            artists[0].set_data(_array(images))
            if comparison.source is not None:
                artists[1].set_data(_change(images, comparison.source))

    return gif(figure, moving, draw, frames, colours=255)


def _figure(comparison: Comparison) -> tuple[Figure, dict[str, list[Any]]]:
    """The figure, and what of each method moves in it."""
    source, rows = comparison.source, comparison.numbers()
    edits = source is not None
    figure, axes = new_figure(len(rows) + edits, 1 + edits, comparison.title, size=2.2)
    for axis in axes.flat:
        axis.set_axis_off()
    if source is not None:
        caption(axes[0, 0], "source")
        _show(axes[0, 0], _array(source))
        axes[1, 0].text(0.5, 0.5, "change\n(black: none)", ha="center", va="center", transform=axes[1, 0].transAxes)
    shown = {}
    for column, record in enumerate(rows, start=int(edits)):
        name, images = record["method"], comparison.results[record["method"]].images
        caption(axes[0, column], name)
        shown[name] = [_show(axes[0, column], _array(images))]
        text = f"{record['evaluations']:,} evaluations"
        if source is not None:
            shown[name].append(_show(axes[1, column], _change(images, source)))
            text = f"{record['pixels_changed']:.0%} of pixels changed\nrms change {record['rms_change']:.2f}\n{text}"
        below = axes[-1, column]
        below.text(0.5, -0.04, text, ha="center", va="top", fontsize=8, color=INK, transform=below.transAxes)
    return figure, shown


def _show(axis: Axes, picture: Float[np.ndarray, "h w *c"]) -> Any:
    return axis.imshow(picture, cmap="magma", vmin=0, vmax=1, interpolation="nearest")


def _array(images: Images) -> Float[np.ndarray, "h w 3"]:
    """Images side by side, [h, w, 3]."""
    return row(images)[0].clamp(0, 1).permute(1, 2, 0).numpy()


def _change(images: Images, source: Images) -> np.ndarray:
    """The largest difference of a channel at each pixel, side by side, [h, w]."""
    difference = (images - source).abs().amax(1, keepdim=True).expand(-1, 3, -1, -1)
    return row(difference)[0, 0].numpy()
