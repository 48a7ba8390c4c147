"""The words of a prompt in any script."""

from potstill.priors.reading.words import split, without_accents, written


def test_case_articles_and_punctuation_do_not_count():
    assert written("The (red) Heart, in ｗｉｄｅ letters!") == ["red", "heart", "in", "wide", "letters"]
    assert split("an apple that is blue in colour") == ["apple", "blue"]


def test_accents_are_dropped_and_hangul_stays():
    assert without_accents("réd") == "red"
    assert without_accents("사과") == "사과"
