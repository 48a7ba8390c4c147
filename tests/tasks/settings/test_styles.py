"""The style of prompts that name none."""

import warnings

import pytest
import torch

from potstill.bench.emoji_pairs import emoji_pairs
from potstill.errors import InputError, Note
from potstill.priors.loading import load
from potstill.tasks.images.editing import Edit, edit
from potstill.tasks.settings.styles import nearest_style, with_style


@pytest.fixture(scope="module")
def prior():
    return load("emoji")


@pytest.fixture(scope="module")
def pairs():
    """Two recolours in each style."""
    found = [pair for pair in emoji_pairs() if pair.group == "recolour"]
    drawn = {style: [pair for pair in found if pair.source_prompt.startswith(style)] for style in ("fluent", "noto")}
    return [pair for each in drawn.values() for pair in each[:2]]


def bare(prompt):
    return prompt.split(" ", 1)[1]


def test_the_style_is_that_of_the_drawing(prior, pairs):
    found = [nearest_style(prior, prior.codec.encode(pair.source), bare(pair.source_prompt)) for pair in pairs]
    assert found == [pair.source_prompt.split()[0] for pair in pairs]


def test_an_edit_without_a_style_is_that_with_the_style_of_the_picture(prior, pairs):
    pair = pairs[-1]
    stated = edit(pair.source, source=pair.source_prompt, target=pair.target_prompt, model=prior, steps=2)
    with pytest.warns(
        Note, match=r"^the style 'noto', nearest to the picture, is added to prompts that name none: choose"
    ):
        open_ = edit(
            pair.source, source=bare(pair.source_prompt), target=bare(pair.target_prompt), model=prior, steps=2
        )
    assert torch.equal(open_.images, stated.images)
    assert open_.record["read_as"]["target"].startswith("noto ")
    assert open_.record["settings"]["target"] == bare(pair.target_prompt)


@pytest.mark.parametrize(
    ("style", "source", "target", "result"),
    [
        ("auto", "noto red apple", "blue apple", ("noto red apple", "noto blue apple")),
        ("none", "red apple", "blue apple", ("red apple", "blue apple")),
        ("noto", "red apple", "fluent red apple", ("noto red apple", "fluent red apple")),
        ("auto", "noto red apple", "fluent red apple", ("noto red apple", "fluent red apple")),
    ],
)
def test_what_a_prompt_names_stays(prior, style, source, target, result):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Note)
        assert with_style(style, prior, torch.zeros(1, 48, 16, 16), source, target) == result


def test_a_model_of_free_text_has_no_styles(priors):
    prior = priors("sd")
    assert with_style("auto", prior, torch.zeros(1, 4, 8, 8), "a cat", "a dog") == ("a cat", "a dog")
    with pytest.raises(InputError, match=r"^style = noto must be one of auto, none for this model$"):
        with_style("noto", prior, torch.zeros(1, 4, 8, 8), "a cat", "a dog")


def test_an_earlier_record_keeps_its_prompts():
    settings = Edit(source="red apple", target="blue apple").settings()
    assert Edit.from_record({"settings": settings, "resolved": {}}).style == "auto"
    del settings["style"]
    assert Edit.from_record({"settings": settings, "resolved": {}}).style == "none"
