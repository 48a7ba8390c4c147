"""The tab Drawings: edits of an SVG by up to four methods side by side, watched while they run.

An uploaded SVG is read by potstill's own reader, which refuses what is hostile, and never reaches the page: that shows
pictures of it, and outlines made of numbers.
"""

from dataclasses import dataclass
from functools import cache

import torch

from potstill.bench.drawing_pairs import DrawingPair, drawing_pairs, read
from potstill.bench.drawing_pairs import picture as drawn
from potstill.bench.emoji_pairs import select_evenly
from potstill.errors import InputError, did_you_mean
from potstill.fields import check_count
from potstill.io.svg import SvgFile, read_svg
from potstill.methods import Method, named
from potstill.tasks.drawings.editing import EditDrawing
from potstill.tasks.drawings.settings import SHOWN
from potstill.vectors import Renderer
from potstill.web import limits
from potstill.web.calls import Answer, decoded, question, uploaded
from potstill.web.edit_tab import EditTab
from potstill.web.outlines import outlines
from potstill.web.runs import TURNS
from potstill.web.watching import BeginTask, Nothing, noted, picture, words

_EXAMPLES = 15
_NAME = "drawing.svg"


def _methods() -> dict[str, Method]:
    """Those that edit, of which InfEdit has the times that suit drawings."""
    return {**named(), "infedit": EditDrawing.method}


TAB = EditTab("drawings", EditDrawing, _methods, lambda result: result.svg.encode(), ".svg")
drawings_find, drawings_advance, drawings_take = TAB.questions()


@dataclass(frozen=True, kw_only=True)
class GivenDrawing:
    """A drawing."""

    drawing: str = ""
    """An SVG as a data URL; empty for an example."""
    example: int = 0

    def data(self) -> bytes:
        """The SVG.

        Raises:
            InputError: it is too large, or there is no such example.
        """
        check_count("example", self.example, len(_examples()) - 1, least=0)
        if not self.drawing:
            return _examples()[self.example].drawing.encode()
        data = decoded(self.drawing, _NAME)
        with uploaded(data, _NAME):
            return data


@dataclass(frozen=True, kw_only=True)
class BeginDrawing(GivenDrawing, BeginTask):
    """A new edit."""

    kept: tuple[str, ...] = ()
    """The elements that keep their bytes."""


@cache
def _examples() -> list[DrawingPair]:
    hearts = [pair for pair in drawing_pairs() if "heart" in pair.source and pair.group == "colour"]
    return [hearts[0], *select_evenly(drawing_pairs(), _EXAMPLES)]  # what is understood at once comes first


def _read(data: bytes) -> SvgFile:
    """The drawing, if it is small enough.

    Raises:
        InputError: it is not, or cannot be read.
    """
    file = read_svg(data)
    if (count := len(file.sketch.numbers)) > limits.NUMBERS:
        raise InputError(f"the drawing has {count:,} numbers: simplify it to at most {limits.NUMBERS:,} for this page")
    return file


@question(Nothing)
def drawings_examples(settings: Nothing) -> Answer:
    """Drawings to begin with, with two prompts each, and the words that the model knows."""
    with TURNS.turn():
        examples = [
            {"source": pair.source, "target": pair.target, "data": picture(drawn(read(pair.drawing), 96))}
            for pair in _examples()
        ]
    return {"examples": examples, "words": words()}


@question(GivenDrawing)
def drawings_open(settings: GivenDrawing) -> Answer:
    """A picture of the drawing, the outlines of its elements, and the settings of an edit if it holds them."""
    data = settings.data()
    with TURNS.turn(), noted() as notes:
        file = _read(data)
        sketch = file.sketch
        side = SHOWN / max(sketch.width, sketch.height)
        height, width = (max(round(side * each), 1) for each in (sketch.height, sketch.width))
        with torch.no_grad():
            image = Renderer(sketch, height, width)(sketch.numbers[None].float(), torch.ones(1, 3)).clamp(0, 1)
        found = TAB.found(settings.drawing) if settings.drawing else {}
        elements = [each._asdict() for each in outlines(sketch)]
    shown = {"width": sketch.width, "height": sketch.height, "elements": elements, "data": picture(image)}
    return {"settings": None, **found, **shown, "notes": notes}


@question(BeginDrawing)
def drawings_begin(settings: BeginDrawing) -> Answer:
    """Be ready for the first step of every method."""
    data = settings.data()
    with TURNS.turn(), noted():  # notes on the file are repeated when its edits start
        changing = _changing(_read(data), settings.kept)
    return TAB.begin(settings, {"drawing": data}, only=changing)


def _changing(file: SvgFile, kept: tuple[str, ...]) -> list[str]:
    """The elements that may change; empty where all do.

    Raises:
        InputError: the drawing has no such element, or all are kept.
    """
    if not kept:
        return []
    every = dict.fromkeys(each.name for each in outlines(file.sketch))
    for name in kept:
        if name not in every:
            raise InputError(f"the drawing has no element {name[:60]!r}: {did_you_mean(name[:60], [*every][:20])}")
    if not (left := [name for name in every if name not in kept]):
        raise InputError("every element is kept: let some of them change")
    return left


SERVER = (drawings_examples, drawings_open, drawings_begin, drawings_find, drawings_advance, drawings_take)
"""What the page may call."""
