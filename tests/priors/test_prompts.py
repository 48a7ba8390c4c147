"""What a model reads of a prompt, and what it says of the rest."""

import warnings

import pytest
import torch

from potstill import edit_steps
from potstill.errors import InputError
from potstill.methods import DDS, SDS
from potstill.priors.prompts import PromptReader, PromptWarning, neighbours
from potstill.priors.reading.words import split
from tests.tiny_emoji import tiny_emoji

IMAGE = torch.full((1, 3, 64, 64), 0.5)


@pytest.fixture(scope="module")
def prior():
    return tiny_emoji()


def said(prior, prompt):
    """The warnings of a prompt that was not read before."""
    prior._prompt_cache.pop(prompt, None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prior.encode_prompt(prompt)
    return [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("prompt", "plain"),
    [
        ("ｒｅｄ　ｈｅａｒｔ", "red heart"),
        ("❤️", "red heart"),
        ("a ❤️ on a blue background", "red heart on a blue background"),
        ("👍🏿", "thumbs up dark skin"),
        ("re\u00add he\u200bart", "red heart"),
        ("réd heart", "red heart"),
        ("𝐫𝐞𝐝 heart", "red heart"),
        ("red\u00a0heart", "red heart"),
        ("red “heart”", "red heart"),
        ("a heart that is red", "red heart"),
        ("빨간 하트", "red heart"),
        ("파란 배경의 왼쪽 위에 있는 작은 빨간 하트", "small red heart at the top left on a blue background"),
        ("on a grey background, an automobile", "car on a gray backdrop"),
    ],
)
def test_what_means_the_same_is_read_as_the_same(prior, prompt, plain):
    assert said(prior, prompt) == []
    one, other = prior.encode_prompt(prompt), prior.encode_prompt(plain)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("red сердце heart", ["сердце"]),
        ("무지개빛 heart", ["무지개빛"]),
        ("하트 두 대", ["두", "대"]),
        ("赤い heart", ["赤い"]),
        ("heart लाल", ["लाल"]),
        ("قلب heart", ["قلب"]),
        ("h\u0435art heart", ["h\u0435art"]),
        ("heart 🤷", ["🤷"]),
        ("heart ★", ["★"]),
        ("red zzyzx heart qqq", ["zzyzx", "qqq"]),
    ],
)
def test_unknown_words_of_any_script_are_named_in_one_line(prior, prompt, words):
    (line,) = said(prior, prompt)
    assert line.startswith("the model does not know the word")
    assert all(repr(word) in line for word in words)


def test_a_near_reading_is_one_line(prior):
    assert said(prior, "a kitten on a navy background") == ["the model reads 'kitten' as 'cat', 'navy' as 'blue'"]
    assert said(prior, "배") == ["the model reads '배' as 'pear'"]


def test_what_the_model_was_not_trained_on_is_one_line(prior):
    with pytest.warns(
        PromptWarning, match=r"^the model has not been trained on other colours of .rainbow.: the result may be wrong$"
    ):
        prior.encode_prompt("a red rainbow")


def test_an_unknown_korean_word_is_named_in_its_own_letters_with_similar_ones(prior):
    assert said(prior, "빨간 서과") == ["the model does not know the word '서과': did you mean '사과' or '시험관'?"]


def test_a_prior_says_what_it_reads(prior, priors):
    assert prior.read_as("파란 배경의 빨간 하트") == "red heart on blue background"
    assert prior.read_as("A red heart on a blue background!") == prior.read_as("") == ""
    assert priors("sd").read_as("on a blue background a red heart") == ""


def test_an_unknown_word_is_unknown_in_every_script(prior):
    reader = PromptReader([(prior.pipe.tokenizer, 16)])
    prompts = [reader.plain(text) for text in ("red сердце heart", "red zzyzx heart")]
    ids = [prior.pipe.tokenizer(text).input_ids for text in prompts]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "prompt",
    ["푸르딩딩", "красное сердце", "लाल दिल", "!!!", "\u200b", "🤷", "the", "blurry, low quality", "<lora:x:0.6>"],
)
def test_a_prompt_of_which_nothing_is_understood_is_refused(prior, prompt):
    with pytest.raises(InputError, match=r"the model understands nothing of .*`potstill vocabulary` lists"):
        prior.encode_prompt(prompt)


def test_the_empty_prompt_stays_the_unconditional_one(prior):
    assert said(prior, "") == said(prior, "  ") == []


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("красное heart", "синее heart", "reads 'heart' in both: name the change in words"),
        ("crimson heart", "scarlet heart", "reads 'red heart' in both"),
        ("빨간 하트", "붉은 하트", "reads 'red heart' in both"),
        ("a red heart", "Red  Heart.", "reads 'red heart' in both"),
        ("❤️", "red heart", "reads 'red heart' in both"),
    ],
)
def test_prompts_that_become_the_same_are_refused(prior, source, target, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match=f"are the same to the model, which {message}"):
            edit_steps(IMAGE, model=prior, method=DDS(), source=source, target=target)
        edit_steps(IMAGE, model=prior, method=SDS(), source=source, target=target)  # which uses no source


def test_prompts_that_differ_beyond_the_limit_are_refused(priors):
    long = "a " * 80
    with pytest.warns(PromptWarning, match="too long"), pytest.raises(InputError, match="reads 77 tokens of each"):
        edit_steps(IMAGE, model=priors("sd"), source=f"{long} pear", target=f"{long} apple")
    with pytest.raises(InputError, match="the same tokens: name the change in other words"):
        edit_steps(IMAGE, model=priors("sd"), source="A pear", target="a pear")
    with pytest.raises(InputError, match="understands nothing of '빨간': describe the image in words"):
        priors("deepfloyd").encode_prompt("빨간")


def test_the_notation_of_other_programs_is_one_line(prior):
    assert said(prior, "(red:1.3) heart <lora:x:0.6>") == [
        "'<lora:x:0.6>', '(red:1.3)' are read as plain text: load LoRA weights with the option lora; "
        "weight the whole prompt with the guidance scale"
    ]


def test_words_are_those_of_the_tokenizer(prior):
    tokenizer = prior.pipe.tokenizer
    backend = tokenizer.backend_tokenizer
    for text in ("A red heart, on an orange background!", "woman's hat", "t-shirt 1st", "the `odd` ^ $5 + 3 = x_y"):
        pieces = backend.pre_tokenizer.pre_tokenize_str(backend.normalizer.normalize_str(text))
        assert split(text) == [word for word, _ in pieces]


def test_a_model_without_korean_suggests_none() -> None:
    """Whose words are not those of emoji: a Korean word is not "similar" to itself there."""
    assert neighbours("초록", ["green", "mug"]) == []
    assert neighbours("grean", ["green", "mug"]) == ["green"]
