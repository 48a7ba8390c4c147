"""The style of figures, and figures as PNG and GIF."""

import io
import math
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from potstill.io.gif import encode_gif
from potstill.io.printable import printable

RED, BLUE, GREEN, GREY, INK = "#d55e00", "#0072b2", "#009e73", "#b8bec7", "#22272e"
"""The first three are those of Okabe and Ito, which the colour-blind can tell apart (jfly.uni-koeln.de/color)."""


def png(figure: Figure) -> bytes:
    """The figure as PNG, with reproducible bytes."""
    buffer = io.BytesIO()
    with _quiet():
        figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def gif(figure: Figure, moving: Sequence[Artist], draw: Callable[[int], None], frames: int, colours: int = 64) -> bytes:
    """An animated GIF: `draw` updates the moving artists for each frame; everything else is drawn once."""
    figure.set_dpi(80)
    canvas = FigureCanvasAgg(figure)
    for artist in moving:
        artist.set_animated(True)
    with _quiet():
        canvas.draw()
    still, images = canvas.copy_from_bbox(figure.bbox), []
    for frame in range(frames):
        canvas.restore_region(still)
        draw(frame)
        for artist in moving:
            figure.draw_artist(artist)
        images.append(Image.fromarray(np.array(canvas.buffer_rgba())[:, :, :3]))
    palette = images[-1].quantize(colours)
    quantised = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    return encode_gif(quantised, rest=2.5, disposal=1)


def new_figure(columns: int, rows: int, title: str, size: float = 3.3, extra: float = 0.0) -> tuple[Figure, np.ndarray]:
    """An empty figure in this style, with axes [rows, columns]; `extra` inches of height are for text and a legend."""
    with mpl.rc_context({"font.size": 9, "text.color": INK, "axes.titlesize": 9}):
        figure = Figure(figsize=(size * columns, size * rows + 0.75 + extra), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        figure.get_layout_engine().set(h_pad=0.1)  # type: ignore[union-attr]
        title = printable(title)
        shown = textwrap.fill(title if len(title) <= 300 else f"{title[:297]}...", int(12.5 * size * columns))
        figure.suptitle(shown, fontsize=11, color=INK, parse_math=False)  # prompts may hold dollars
    return figure, axes


def caption(axis: Axes, method: str, text: str = "") -> None:
    """A title: the method's name in capitals, or its expression unchanged, with smaller lines of text underneath."""
    title = printable(method if "(" in method else method.upper())
    letters = 100 * axis.get_figure().get_figwidth() / axis.get_subplotspec().get_gridspec().ncols  # type: ignore[union-attr]
    size = min(11, letters / len(title))
    axis.set_title(
        title, fontsize=size, fontweight="bold", color=INK, pad=5 + 12.5 * len(text.splitlines()), parse_math=False
    )
    axis.text(0.5, 1.02, text, transform=axis.transAxes, ha="center", fontsize=8.5, color=INK)


def key(figure: Figure, marks: Mapping[str, Artist], columns: int = 4) -> None:
    """A legend below all panels: what each mark means, in at most so many columns."""
    columns = min(columns, len(marks))
    style: dict[str, Any] = {"loc": "lower center", "ncols": columns, "frameon": False, "fontsize": 9}
    figure.legend(list(marks.values()), list(marks), **style)
    engine: Any = figure.get_layout_engine()
    left, _, width, height = engine.get()["rect"]
    bottom = (0.15 + 0.19 * math.ceil(len(marks) / columns)) / figure.get_figheight()
    engine.set(rect=(left, bottom, width, height - bottom))  # a legend outside would take the room of the title


@contextmanager
def _quiet() -> Iterator[None]:
    """Without warnings of what does not change the numbers: letters that the font lacks, and titles that are wide."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph|constrained_layout not applied")
        yield
