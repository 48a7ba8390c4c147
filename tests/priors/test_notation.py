"""The notation of other programs in prompts is named, and prose is not taken for it."""

import pytest

from potstill.priors.notation import notation, without_notation


@pytest.mark.parametrize(
    ("prompt", "advice"),
    [
        ("a (blue:1.3) heart", "'(blue:1.3)' is read as plain text: weight the whole prompt"),
        ("a ((blue)) heart", "weight"),
        ("a [blue] heart", "weight"),
        ("a {{blue}} heart", "weight"),
        ("a (blue)1.3 heart", "weight"),
        ("a (blue)++ heart", "weight"),
        ("a blue++ heart", "weight"),
        ("blue:1.3 heart", "weight"),
        ("blue::2 heart", "weight"),
        ("[cat|dog]", "run each of the prompts by itself"),
        ("[cat:dog:0.5]", "run each of the prompts by itself"),
        ("{red|blue} heart", "run each of the prompts by itself"),
        ("a __colour__ heart", "run each of the prompts by itself"),
        ("heart <lora:x:0.6>", "'<lora:x:0.6>' is read as plain text: load LoRA weights with the option lora"),
        ("heart <hypernet:x:1>", "option lora"),
        ("embedding:easynegative", "describe in words"),
        ("a heart BREAK a dog", "write one prompt"),
        ("a heart AND a dog", "write one prompt"),
        ("a heart --ar 16:9", "give options outside of the prompt"),
    ],
)
def test_notation_is_named_with_what_to_do(prompt, advice):
    assert advice in notation(prompt)
    assert notation(prompt).count(" read as plain text: ") == 1


@pytest.mark.parametrize(
    "prompt",
    [
        "a red heart (for my friend)",
        "RED HEART AND BLUE HEART",
        "a heart, at 10:30 (about 16:9)",
        "Psalm (23:4), a dog - and a cat",
        "a dog; a cat: the pair",
        "a cat & a dog <3",
        "a heart and a break",
        "50% of 3.5 apples, c++",
        "❤️ 빨간",
    ],
)
def test_prose_is_no_notation(prompt):
    assert notation(prompt) == ""
    assert without_notation(prompt) == prompt


def test_words_stay_where_tags_and_numbers_go():
    assert without_notation("(blue:1.3) heart <lora:x:0.6> BREAK dog").split() == ["(blue", ")", "heart", "dog"]
