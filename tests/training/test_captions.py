import pytest

from training.captions import BACKGROUNDS, PLACES, Picture, Thing, caption, noun, subject
from training.icons import STYLES, Icon, icons
from training.model import TOKENS, build_tokenizer, tokenize

HEART = Icon("noto", "red-heart")


def test_a_caption_says_everything_that_is_true_of_its_picture():
    woman = Icon("fluent", "woman-red-hair", "light")
    assert subject("woman-red-hair", "light") == "woman red hair light skin"
    assert caption(Picture(woman, "blue")) == "fluent woman red hair light skin on a blue background"
    assert caption(Picture(HEART, "orange", "left"), style=False) == (
        "small red heart at the left on an orange background"
    )
    assert caption(Picture(HEART, place="middle"), background=False) == "noto small red heart"


def test_colours_sizes_and_two_things_are_said_in_plain_words():
    apple, pizza = Icon("noto", "red-apple"), Icon("noto", "pizza")
    assert noun("red-apple") == "apple"
    assert noun("white-heart") == "heart"
    assert noun("pizza") == "pizza"
    assert caption(Picture(apple, colour="blue", place="top left", size="medium"), style=False) == (
        "medium blue apple at the top left on a white background"
    )
    both = Picture(apple, "yellow", colour="blue", relation="left", other=Thing(pizza, "orange"))
    assert caption(both) == "noto blue apple to the left of an orange pizza on a yellow background"
    assert both.things == (Thing(apple, "blue"), Thing(pizza, "orange"))


def test_a_background_without_a_word_is_white():
    with pytest.raises(ValueError, match="white"):
        caption(Picture(HEART, "blue"), background=False)


def test_different_pictures_have_different_captions():
    said = {caption(Picture(icon, "pink", place)) for icon in icons() for place in (None, *PLACES)}
    assert len(said) == len(icons()) * (1 + len(PLACES))


def test_the_tokenizer_knows_every_caption_and_has_room_for_it():
    tokenizer = build_tokenizer()
    captions = [caption(Picture(icon, "white", "bottom")) for icon in icons()]
    captions += [caption(Picture(HEART, colour, place)) for colour in BACKGROUNDS for place in PLACES]
    numbers = tokenizer(captions).input_ids
    assert max(map(len, numbers)) <= TOKENS
    assert not any(tokenizer.unk_token_id in row for row in numbers)


def test_case_punctuation_and_articles_do_not_count_and_unknown_words_are_marked():
    tokenizer = build_tokenizer()
    plain, written = tokenize(tokenizer, ["woman red hair light skin", "A woman, red hair, Light-Skin!"])
    assert (plain == written).all()
    words = tokenizer.convert_ids_to_tokens(tokenizer("a zeppelin on the blue background").input_ids)
    assert words == ["<start>", "<unknown>", "on", "blue", "background", "<end>"]
    assert tokenize(tokenizer, ["heart " * 40]).shape == (1, TOKENS)


def test_styles_are_words():
    assert not tokenizer_unknown(" ".join(STYLES))


def tokenizer_unknown(text):
    tokenizer = build_tokenizer()
    return tokenizer.unk_token_id in tokenizer(text).input_ids
