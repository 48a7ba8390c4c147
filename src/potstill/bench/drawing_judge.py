"""The judge that compares the edit of a drawing with its true answer: as pictures, and element by element."""

from dataclasses import dataclass
from functools import cache

from jaxtyping import Float64
from torch import Tensor

from potstill.bench.drawing_pairs import picture, read
from potstill.bench.editing import Preview
from potstill.bench.emoji_pairs import Pair
from potstill.bench.reference_based import ByError, Scores, scores
from potstill.io.svg import read_svg
from potstill.tensors import Images
from potstill.vectors import Renderer

SMALL = 64
"""Pixels of the smaller pictures."""


@dataclass(frozen=True)
class DrawingJudge(ByError):
    """Scores at 64 pixels, by whose `error` it ranks, `error` and `psnr` at 256 too, and of the elements:

    - `colours`: |c - c_answer| / |c_source - c_answer| over the colours c of all elements; of 0 to 1 each.
    - `shapes`: the mean distance of a control point from that of the answer, in hundredths of the page.
    """

    @property
    def identity(self) -> dict[str, str]:
        """The version of these scores."""
        return {"drawings": "1"}

    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores of a picture of 256 pixels."""
        assert pair.answer is not None
        assert pair.edit_region is not None
        found = scores(out, pair.source, pair.answer, pair.edit_region)
        return {f"{name}_256": found[name] for name in ("error", "psnr")}

    def of_preview(self, preview: Preview, index: int, pair: Pair) -> Scores:
        """All scores."""
        small = [picture(read(text), SMALL) for text in (pair.drawing, pair.drawn_answer)]
        out = picture(read_svg(preview.texts[index].encode()), SMALL)
        changed = ((small[1] - small[0]).abs().amax(1, keepdim=True) > 0.05).float()
        found = {**scores(out, small[0], small[1], changed), **self(preview.images[[index]], pair)}
        return {**found, **element_scores(pair.drawing, pair.drawn_answer, preview.numbers[index])}


def element_scores(source: str, answer: str, numbers: Float64[Tensor, " n"]) -> Scores:
    """How far the colours and the control points of a drawing are from those of the answer."""
    before, after = read(source).sketch, read(answer).sketch
    places = before.places("colours")
    wrong, change = (each[places] - after.numbers[places] for each in (numbers, before.numbers))
    way = float(change.norm())
    moved, true = (
        _renderer(text).traced(each[None]).curves for text, each in ((source, numbers), (answer, after.numbers))
    )
    return {
        "colours": float(wrong.norm()) / way if way > 0 else None,
        "shapes": 100 * float((moved - true).norm(dim=-1).mean()),
    }


@cache
def _renderer(text: str) -> Renderer:
    return Renderer(read(text).sketch, SMALL, SMALL)
