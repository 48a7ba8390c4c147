"""The order of a caption, whatever the order of what is said."""

from itertools import permutations

import pytest

from potstill.priors.reading.lexicon import Item, item, parsed
from potstill.priors.reading.order import arranged

PARTS = {
    "y": [Item("y", "noto")],
    "thing": [Item("s", "small"), Item("c", "red"), Item("n", "apple")],
    "place": [Item("a", ""), Item("p", "top left")],
    "background": [Item("o", "on"), Item("c", "blue"), Item("b", "background")],
}


def words(items, korean=False):
    return " ".join(item.words for item in arranged(items, korean))


@pytest.mark.parametrize("order", [*permutations(PARTS)], ids="-".join)
def test_parts_have_one_order(order):
    said = [item for name in order for item in [*PARTS[name], Item(",", "")]][:-1]
    assert words(said) == "noto small red apple at top left on blue background"
    assert arranged(arranged(said)) == arranged(said)


def test_a_place_between_two_things_is_a_relation_in_korean_only():
    said = [Item("n", "apple"), Item("p", "left"), Item("n", "car")]
    assert words(said, korean=True) == "car left of apple"
    assert words(said) == "apple car at left"


def test_three_things_are_left_as_they_are():
    said = [Item("n", "apple"), Item("d", "and"), Item("n", "car"), Item("d", "and"), Item("n", "star")]
    assert words(said) == "apple and car and star"


def test_nothing_is_lost():
    said = [Item("w", "one"), Item("b", "background"), Item("w", "two"), Item("r", "left of"), Item("o", "on")]
    assert words(said) == "one background two left of on"


def test_a_lexicon_is_read_from_lines():
    lexicon = parsed("c blue: azure, ~navy\ng : of")
    assert item(lexicon, "blue") == Item("c", "blue", "blue")
    assert item(lexicon, "azure") == Item("c", "blue", "azure")
    assert item(lexicon, "navy") == Item("c", "blue", "navy", near=True)
    assert item(lexicon, "of") == Item("g", "", "of")
    assert item(lexicon, "red") is None
