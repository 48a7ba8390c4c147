"""Random starts: the same for the same seed, of the kinds that can move, on the page."""

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.io.svg import random_paths, random_strokes
from tests.io.svg.files import by_us


@pytest.mark.parametrize("start", [random_paths, random_strokes])
def test_the_same_seed_gives_the_same_drawing(start):
    one, same, other = (start(5, Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert one.xml.source == same.xml.source != other.xml.source
    assert len(one.sketch.nodes) == 5
    assert len({colour.item() for colour in by_us(one).mean(0).unique()}) > 5
    assert one.text(one.sketch.numbers).encode() == one.xml.source


def test_closed_paths_have_as_many_curves_as_asked_and_strokes_a_width():
    paths = random_paths(3, Generator().manual_seed(0), curves=6).sketch
    assert all(len(node.outline.straight) == 6 and (node.outline.following >= 0).all() for node in paths.nodes)
    strokes = random_strokes(3, Generator().manual_seed(0), width=0.05).sketch
    assert all(node.stroke.width in strokes.places("widths") for node in strokes.nodes)
    assert strokes.numbers[strokes.places("widths")].tolist() == [5.0] * 3
    assert torch.isfinite(strokes.numbers).all()


def test_no_count_is_refused():
    with pytest.raises(InputError, match="count = 0 must be a whole number"):
        random_paths(0, Generator())
