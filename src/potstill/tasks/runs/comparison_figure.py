"""A comparison as a contact sheet and as an animation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from potstill.io.gif import row
from potstill.io.plotting import INK, caption, gif, new_figure, png
from potstill.tasks.runs.comparison import Comparison
from potstill.tensors import Images

_WIDE = 2.5
"""Images side by side of this ratio of width to height are stacked instead of placed in columns."""
_SIZE = 2.2
"""Of a picture, in inches."""


def sheet(comparison: Comparison) -> bytes:
    """The contact sheet as PNG: the source, each result, and where it differs from the source."""
    return png(_figure(comparison)[0])


def animation(comparison: Comparison) -> bytes:
    """The sheet as GIF, with everything in motion that moves."""
    figure, shown = _figure(comparison)
    moving = [artist for artists in shown.values() for artist in artists]
    frames = max(len(each.images) for each in comparison.shown.values())

    def draw(frame: int) -> None:
        part = frame / max(1, frames - 1)
        for name, artists in shown.items():
            source = _at(comparison.source, part) if comparison.source else None
            images = source if name is None else _at(comparison.shown[name].images, part)
            assert images is not None
            artists[0].set_data(_array(images))
            if len(artists) > 1 and source is not None:
                artists[1].set_data(_change(images, source))

    return gif(figure, moving, draw, frames, colours=255)


def _figure(comparison: Comparison) -> tuple[Figure, dict[str | None, list[Any]]]:
    """The figure, and what of the source (None) and of each method moves in it."""
    source, rows = comparison.source, comparison.numbers()
    edits, first = bool(source), _array(next(iter(comparison.shown.values())).images[-1])
    wide = first.shape[1] / first.shape[0]
    across, along = 1 + edits, len(rows) + edits
    if wide < _WIDE:
        figure, axes = new_figure(along, across, comparison.title, size=_SIZE)
        axes = axes.T
    else:
        figure, axes = new_figure(across, along, comparison.title, size=_SIZE)
        figure.set_size_inches(0.7 * _SIZE * across * wide, _SIZE * along + 0.4)
    for axis in axes.flat:
        axis.set_axis_off()
    shown: dict[str | None, list[Any]] = {}
    if edits:
        caption(axes[0, 0], "source")
        shown[None] = [_show(axes[0, 0], _array(source[-1]))]
        axes[0, 1].text(0.5, 0.5, "change\n(black: none)", ha="center", va="center", transform=axes[0, 1].transAxes)
    for place, record in enumerate(rows, start=int(edits)):
        name = record["method"]
        images = comparison.shown[name].images[-1]
        caption(axes[place, 0], name)
        shown[name] = [_show(axes[place, 0], _array(images))]
        if edits:
            shown[name].append(_show(axes[place, 1], _change(images, source[-1])))
        below = axes[place, -1]
        text = _said(record, ", " if wide >= _WIDE else "\n")
        below.text(0.5, -0.04, text, ha="center", va="top", fontsize=8, color=INK, transform=below.transAxes)
    if len(source) == 1:
        del shown[None]  # it stands still
    return figure, shown


def _said(record: dict[str, Any], between: str) -> str:
    """The numbers of a method in words."""
    words = {
        "psnr": "PSNR {:.1f} dB",
        "agreement": "agreement {:.2f}",
        "pixels_changed": "{:.0%} of pixels changed",
        "rms_change": "rms change {:.2f}",
        "evaluations": "{:,} evaluations",
    }
    return between.join(text.format(record[name]) for name, text in words.items() if name in record)


def _at(images: Sequence[Images], part: float) -> Images:
    """Those of a moment, from 0 to 1."""
    return images[round(part * (len(images) - 1))]


def _show(axis: Axes, picture: Float[np.ndarray, "h w *c"]) -> Any:
    return axis.imshow(picture, cmap="magma", vmin=0, vmax=1, interpolation="nearest")


def _array(images: Images) -> Float[np.ndarray, "h wide 3"]:
    """Images side by side."""
    return row(images)[0].clamp(0, 1).permute(1, 2, 0).numpy()


def _change(images: Images, source: Images) -> np.ndarray:
    """The largest difference of a channel at each pixel, side by side, [h, w]."""
    difference = (images - source).abs().amax(1, keepdim=True).expand(-1, 3, -1, -1)
    return row(difference)[0, 0].numpy()
