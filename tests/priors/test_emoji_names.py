"""Emoji characters stand for the drawings of their names."""

import unicodedata

import pytest

from potstill.priors.emoji_names import TONES, bare, similar, with_names
from potstill.priors.vocabulary import read_vocabulary
from training.captions import subject
from training.characters import table
from training.icons import concepts


def test_every_drawing_has_a_character_and_every_name_is_in_the_vocabulary():
    from potstill.priors import emoji_names

    names = emoji_names._table()
    assert {subject(concept) for concept in concepts()} == {*names.values()}
    assert not read_vocabulary().unknown(" ".join([*names.values(), *TONES.values()]))
    assert not any(key[0].isascii() or bare(key) != key for key in names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("❤️", "red heart"),
        ("❤", "red heart"),
        ("❤\ufe0e", "red heart"),
        ("a 💙 on 🍎🍏", "a blue heart on red apple green apple"),
        ("👍🏿", "thumbs up dark skin"),
        ("👩🏽‍🦰", "woman red hair medium skin"),
        ("👩‍🦰", "woman red hair"),
        ("🇩🇪", "🇩🇪"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("red heart", "red heart"),
    ],
)
def test_an_emoji_is_the_name_of_its_drawing(text, words):
    assert " ".join(with_names(text).split()) == words


def test_an_emoji_without_a_drawing_has_similar_names():
    assert similar("🏃\u200d♀") == ["person running"]
    assert "heart" in similar("♥")
    assert unicodedata.name("♥") == "BLACK HEART SUIT"


def test_the_table_is_made_of_the_names_in_the_packs():
    packs = [{"2764-fe0f": "red-heart", "1f44d-1f3fb": "thumbs-up-light-skin-tone", "1f6f8": "flying-saucer"}]
    assert table(packs) == {"❤": "red heart", "🛸": "flying saucer"}
