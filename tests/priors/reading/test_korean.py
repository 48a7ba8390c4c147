"""What is said in Korean, and what it is read as."""

import unicodedata

import pytest

from potstill.priors.reading import read
from potstill.priors.reading.korean import ends_in_consonant, similar_names


def as_read(prompt):
    return " ".join(read(prompt).words)


@pytest.mark.parametrize(
    ("prompt", "caption"),
    [
        ("빨간 사과", "red apple"),
        ("빨간사과", "red apple"),
        ("사과는 빨간색", "red apple"),
        ("파란색인 사과", "blue apple"),
        ("파란 배경의 빨간 사과", "red apple on blue background"),
        ("파란 배경 위의 빨간 사과", "red apple on blue background"),
        ("파란색 배경에 있는 빨간 사과", "red apple on blue background"),
        ("배경이 파란 빨간 사과", "red apple on blue background"),
        ("배경은 파란색, 빨간 사과", "red apple on blue background"),
        ("빨간 사과, 파란 배경", "red apple on blue background"),
        ("파란 배경에 빨간 사과가 있는 그림을 그려줘", "red apple on blue background"),
        ("노토 스타일의 강아지", "noto dog"),
        ("밝은 피부의 곱슬머리 여자", "woman curly hair light skin"),
        ("하트 두 개", "two hearts"),
        ("회색 하트 눈 얼굴", "grey smiling face with heart eyes"),
        ("검은 고양이 얼굴", "black cat face"),
        ("밝은 파란색 하트", "light blue heart"),
        ("왼쪽을 가리키는 손", "hand pointing left"),
        ("위쪽 화살표", "up arrow"),
        ("빨간 heart", "red heart"),
    ],
)
def test_things_colours_and_backgrounds(prompt, caption):
    assert as_read(prompt) == caption
    assert not read(prompt).near


@pytest.mark.parametrize(
    ("prompt", "caption"),
    [
        ("왼쪽 위에 있는 작은 빨간 사과", "small red apple at top left"),
        ("빨간 사과가 왼쪽 위에 있다", "red apple at top left"),
        ("작은 사과를 오른쪽 아래 구석에", "small apple at bottom right"),
        ("맨 위에 있는 비행기", "airplane at top"),
        ("가운데에 있는 중간 크기의 별", "medium star"),
    ],
)
def test_places_and_sizes(prompt, caption):
    assert as_read(prompt) == caption


@pytest.mark.parametrize(
    ("prompt", "caption"),
    [
        ("사과 왼쪽에 있는 자동차", "car left of apple"),
        ("빨간 사과의 오른쪽에 있는 초록색 자동차", "green car right of red apple"),
        ("자동차가 사과 왼쪽에 있다", "car left of apple"),
        ("고양이 밑의 강아지", "dog below cat"),
        ("노란 배경에서 집 위에 있는 무지개", "rainbow above house on yellow background"),
        ("왼쪽에는 사과가, 오른쪽에는 자동차가 있어요", "apple left of car"),
        ("사과와 바나나", "apple and banana"),
        ("소방차랑 경찰차", "fire engine and police car"),
        ("자동차 옆의 사과", "car and apple"),
    ],
)
def test_two_things(prompt, caption):
    assert as_read(prompt) == caption


@pytest.mark.parametrize(
    ("prompt", "caption", "near"),
    [
        ("배", "pear", {"배": "pear"}),
        ("눈이 왼쪽에", "eye at left", {"눈": "eye"}),
        ("새끼 고양이", "cat", {"새끼 고양이": "cat"}),
        ("하늘색 자동차", "blue car", {"하늘색": "blue"}),
        ("자동차 왼쪽 위에 있는 사과", "apple left of car", {"왼쪽 위": "left of"}),
    ],
)
def test_what_is_near_or_has_several_meanings_is_said(prompt, caption, near):
    assert as_read(prompt) == caption
    assert dict(read(prompt).near) == near


def test_decomposed_letters_are_the_same():
    said = "빨간 사과 왼쪽에 있는 자동차"
    assert read(unicodedata.normalize("NFD", said)) == read(said)


def test_unknown_words_stay_in_the_letters_of_the_user():
    assert read("사과 두 개").words == ("apple", "두 개")
    assert as_read("무지개빛 유니콘") == "무지개빛 unicorn"


def test_similar_names_are_compared_by_their_letters():
    assert similar_names("서과가", 1) == ["사과"]
    assert similar_names("appel", 1) == []


@pytest.mark.parametrize(("word", "closed"), [("밥", True), ("사과", False), ("물", True), ("dna", False)])
def test_a_final_consonant_decides_on_the_particle(word, closed):
    assert ends_in_consonant(word) is closed
