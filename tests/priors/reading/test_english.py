"""What is said in English, and what it is read as."""

import pytest

from potstill.priors.reading import names, read


def as_read(prompt):
    return " ".join(read(prompt).words)


@pytest.mark.parametrize(
    ("prompt", "caption"),
    [
        ("a gray automobile", "grey car"),
        ("an aubergine", "eggplant"),
        ("a lorry", "delivery truck"),
        ("fire truck", "fire engine"),
        ("smiling face with heart-eyes", "smiling face with heart eyes"),
        ("a tiny heart", "small heart"),
        ("a huge heart", "big heart"),
        ("man with a beard", "man beard"),
        ("a light-skinned woman with curly hair", "woman curly hair light skin"),
        ("woman with red hair and dark skin", "woman red hair dark skin"),
        ("blue-coloured apple", "blue apple"),
        ("apple that is blue", "blue apple"),
        ("the apple is blue", "blue apple"),
        ("an apple in blue", "blue apple"),
        ("apple blue on a red background", "blue apple on red background"),
        ("red apple, blue background", "red apple on blue background"),
        ("apple with a red background", "apple on red background"),
        ("apple against red", "apple on red background"),
        ("background: red, apple", "apple on red background"),
        ("red bg, apple", "apple on red background"),
        ("on a blue background noto apple", "noto apple on blue background"),
        ("red apple (noto style)", "noto red apple"),
        ("🍎 on a cyan background", "red apple on turquoise background"),
    ],
)
def test_other_words_mean_what_the_model_knows(prompt, caption):
    assert as_read(prompt) == caption
    assert not read(prompt).near


@pytest.mark.parametrize(
    ("prompt", "place"),
    [
        ("apple on the left", "left"),
        ("apple left", "left"),
        ("the apple is on the left side of the image", "left"),
        ("apple in the upper right-hand corner", "top right"),
        ("top-left apple", "top left"),
        ("apple at the top, on the right", "top right"),
        ("in the bottom right of the picture, an apple", "bottom right"),
    ],
)
def test_places(prompt, place):
    assert as_read(prompt) == f"apple at {place}"


@pytest.mark.parametrize("prompt", ["a centred apple", "apple in the middle", "in the center: apple"])
def test_the_middle_needs_no_word(prompt):
    assert as_read(prompt) == "apple"


@pytest.mark.parametrize(
    ("prompt", "caption"),
    [
        ("apple on the left side of a car", "apple left of car"),
        ("red apple under a green car on a pink background", "red apple below green car on pink background"),
        ("apple on top of a car", "apple above car"),
        ("apple next to a car", "apple and car"),
        ("apple, car", "apple and car"),
        ("apple & car", "apple and car"),
        ("an apple on the left and a car on the right", "apple left of car"),
        ("at the bottom an apple, at the top a car", "apple below car"),
        ("to the left of the car is an apple", "apple left of car"),
        ("zeppelin to the left of a car", "zeppelin left of car"),
    ],
)
def test_two_things(prompt, caption):
    assert as_read(prompt) == caption


@pytest.mark.parametrize(
    ("prompt", "caption", "near"),
    [
        ("a kitten", "cat", {"kitten": "cat"}),
        ("a crimson heart", "red heart", {"crimson": "red"}),
        ("moon on dark blue", "crescent moon on blue background", {"moon": "crescent moon", "dark blue": "blue"}),
        ("red apples", "red apple", {"red apples": "red apple"}),
        ("hot dogs", "hot dog", {"hot dogs": "hot dog"}),
        ("cat on a skateboard", "cat above skateboard", {"on": "above"}),
        ("an orange", "tangerine", {"orange": "tangerine"}),
        ("apple in the top left and car in the bottom right", "apple left of car", {"top left": "left of"}),
    ],
)
def test_what_is_only_near_is_said(prompt, caption, near):
    assert as_read(prompt) == caption
    assert dict(read(prompt).near) == near


@pytest.mark.parametrize(
    "prompt",
    [
        "hand pointing right",
        "top hat",
        "left arrow",
        "glass of milk",
        "black heart on fire",
        "orange heart",
        "two hearts",
        "red books",
        "face with big eyes",
        "black and white cat",
    ],
)
def test_names_that_hold_other_words_stay(prompt):
    assert as_read(prompt) == prompt
    assert not read(prompt).near


def test_unknown_words_stay_where_they_are():
    assert as_read("a very zzyzx red apple on the left") == "very zzyzx red apple at left"


def test_the_other_names_of_a_thing_are_those_that_mean_the_same():
    assert {"automobile", "motorcar", "자동차"} <= {*names("car")}
    assert "kitten" not in names("cat")
    assert names("zzyzx") == []
