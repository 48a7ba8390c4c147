"""The tables of names are what the command makes of CLDR and the lists."""

import pytest

from potstill.priors.reading.lexicon import NEAR, things
from potstill.priors.reading.words import written
from training.captions import noun
from training.icons import concepts
from training.readings import chosen, short_names, table

ANNOTATIONS = [
    {"🚗": {"default": ["vehicle"], "tts": ["Automobile"]}, "❤️": {"tts": ["red heart"]}, "🤷": {"tts": ["x"]}}
]


def test_short_names_are_those_of_the_drawings():
    assert short_names(ANNOTATIONS, composed=False) == {"car": ["automobile"], "red heart": ["red heart"]}
    assert short_names(ANNOTATIONS, composed=True) == {"car": ["automobile"]}


def test_the_list_comes_first_and_names_of_two_drawings_are_left_out():
    short = {"car": ["automobile", "wheels", "mist"], "bus": ["wheels"]}
    found = table({"car": ["motorcar", "~vehicle", "!mist"]}, short)
    assert found["car"] == ["motorcar", "~vehicle", "automobile"]
    assert found["bus"] == []
    assert {*found} >= {"red apple", "apple", "face blowing kiss"}


@pytest.mark.parametrize(("wrong", "said"), [({"zeppelin": ["x"]}, "zeppelin"), ({"car": ["x"], "bus": ["~x"]}, "'x'")])
def test_a_list_with_a_mistake_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        table(wrong, {})


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_tables_hold_the_lists(language):
    found = things(language)
    for name, said in chosen(language).items():
        kept = [each for each in said if not each.startswith("!")]
        assert found[name][: len(kept)] == kept


def test_every_thing_has_a_korean_name_and_a_name_has_one_meaning():
    found = things("ko")
    assert all(found[" ".join(written(noun(concept)))] for concept in concepts())
    said = [name.removeprefix(NEAR).replace(" ", "") for names in found.values() for name in names]
    assert len(said) == len({*said})
