"""Korean captions are read as the English ones."""

from dataclasses import replace

import pytest
import torch

from potstill.priors.reading import read
from potstill.priors.reading.words import split
from training import captions, korean
from training.captions import BACKGROUNDS, PLACES, RELATIONS, SIZES, Picture, Thing
from training.compose import generator
from training.icons import STYLES, Icon, concepts, icons

APPLE, STAR = Icon("fluent", "red-apple"), Icon("noto", "star")


def pictures(number, icon, rng):
    """An icon in two of seven kinds of pictures: alone, in a colour, at a place, and in each relation."""

    def one(values):
        return list(values)[int(torch.randint(len(values), (), generator=rng))]

    alone = Picture(icon, one(BACKGROUNDS), colour=one([None, *BACKGROUNDS]))
    other = Thing(one(icons()), one([None, *BACKGROUNDS]))
    yield replace(alone, place=one(PLACES), size=one(SIZES)) if number % 3 else alone
    yield replace(alone, relation=[*RELATIONS][number % 4], other=other)


def test_every_caption_is_read_as_itself_and_in_korean_as_in_english():
    rng = generator(7)
    for number, concept in enumerate(concepts()):
        for picture in pictures(number, Icon(STYLES[number % 2], concept), rng):
            said = captions.caption(picture)
            assert read(said).words == tuple(split(said)), said
            assert not read(said).near
            assert all(what.startswith("other colours of") for what in read(said).untrained), said
            assert read(korean.caption(picture)).words == tuple(split(said)), korean.caption(picture)
            if not number % 5:
                plain = tuple(split(captions.caption(picture, style=False)))
                assert read(korean.sentence(picture)).words == plain, korean.sentence(picture)


@pytest.mark.parametrize("tone", ["light", "medium-light", "medium", "medium-dark", "dark"])
def test_every_skin_tone_is_read(tone):
    picture = Picture(Icon("fluent", "woman", tone))
    assert read(korean.caption(picture)).words == tuple(split(captions.caption(picture)))


def test_captions_are_natural():
    small = Picture(APPLE, "blue", "top left")
    assert korean.caption(small, style=False) == "파란 배경의 왼쪽 위에 있는 작은 빨간 사과"
    assert korean.sentence(small) == "작은 빨간 사과가 파란 배경에서 왼쪽 위에 있다"
    two = Picture(STAR, "red", relation="left", other=Thing(APPLE, "green"))
    assert korean.caption(two, style=False) == "빨간 배경에서 초록색 사과 왼쪽에 있는 별"
    assert korean.sentence(two) == "별이 빨간 배경에서 초록색 사과 왼쪽에 있다"
    assert korean.together(two) == "빨간 배경의 별과 초록색 사과"
    assert korean.caption(Picture(APPLE), style=False, background=False) == "빨간 사과"


def test_two_things_side_by_side():
    two = Picture(APPLE, "red", relation="left", other=Thing(STAR))
    assert read(korean.together(two)).words == ("red", "apple", "and", "star", "on", "red", "background")


def test_a_background_without_a_word_is_white():
    with pytest.raises(ValueError, match="white"):
        korean.caption(Picture(APPLE, "blue"), background=False)
