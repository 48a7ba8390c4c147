"""What a prompt asks for beyond the training."""

import pytest

from potstill.priors.reading import read


@pytest.mark.parametrize(
    ("prompt", "what"),
    [
        ("cat and dog and apple", "3 things in one picture"),
        ("apple car", "apple and car without a word such as 'above' between them"),
        ("a small cat above a dog", "two things and a size or a place"),
        ("a red and blue balloon", ""),
        ("red blue balloon", "two colours of one thing"),
        ("a yellow background", "a prompt without a subject"),
        ("a small apple at the left and at the top of a big picture", "two sizes"),
        ("a big apple at the top", "a big thing at a place"),
        ("파란 무지개", "other colours of 'rainbow'"),
        ("a blue apple to the left of a rainbow on a red background", ""),
        ("woman light skin at the left", ""),
        ("cyclops", ""),  # unknown words have a message of their own
    ],
)
def test_what_no_caption_asks_for_is_named(prompt, what):
    assert what in (*read(prompt).untrained, "")
    assert bool(read(prompt).untrained) == bool(what)


def test_several_wishes_are_all_named():
    assert read("small red rainbow above a cat and a dog").untrained == (
        "3 things in one picture",
        "other colours of 'rainbow'",
    )
