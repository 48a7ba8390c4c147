"""A tokenizer fits its text encoder, or is refused."""

import json
import shutil

import pytest
import torch

from potstill import load
from potstill.errors import InputError

CPU = {"device": "cpu", "dtype": torch.float32}


@pytest.fixture
def model(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder("sd"), tmp_path / "model")


def rewrite(model, act, file="tokenizer_config.json") -> None:
    path = model / "tokenizer" / file
    path.write_text(json.dumps(act(json.loads(path.read_text()))))


def test_a_length_that_is_missing_or_beyond_the_encoder_is_the_encoders(model):
    for act in (
        lambda config: {name: value for name, value in config.items() if name != "model_max_length"},
        lambda config: config | {"model_max_length": 10**30},
        lambda config: config | {"model_max_length": 10**9},
    ):
        rewrite(model, act)
        prior = load(model, **CPU)
        assert prior.token_limits == {"tokenizer": 77}
        assert prior.encode_prompt("a cat")["encoder_hidden_states"].shape[1] == 77


def test_a_length_of_t5_that_is_missing_is_its_usual_one(tiny_folder, tmp_path):
    model = shutil.copytree(tiny_folder("pixart-alpha"), tmp_path / "model")
    rewrite(model, lambda config: {name: value for name, value in config.items() if name != "model_max_length"})
    assert load(model, **CPU).pipe.tokenizer.model_max_length == 512


@pytest.mark.parametrize("length", [-5, 0, 2, "77", [77], True])
def test_a_length_that_is_none_is_refused(model, length):
    rewrite(model, lambda config: config | {"model_max_length": length})
    with pytest.raises(InputError, match=r"model_max_length = .* of tokenizer of .* must be a number"):
        load(model, **CPU)


VOCABULARY = {f"w{number}": number for number in range(54, 200)}
FOLDERS = {
    "no padding": ("tokenizer_config.json", lambda c: c | {"pad_token": None}, "does not work .*padding token"),
    "padding of a wrong type": (
        "tokenizer_config.json",
        lambda c: c | {"pad_token": ["x"]},
        "tokenizer of .* cannot be",
    ),
    "a list": ("tokenizer.json", lambda c: [], "does not hold a JSON object"),
    "nothing": ("tokenizer.json", lambda c: {}, "tokenizer of .* cannot be loaded: it lacks"),
    "a model that is a number": ("tokenizer.json", lambda c: c | {"model": 5}, "tokenizer of .* cannot be loaded"),
    "more tokens than embeddings": (
        "tokenizer.json",
        lambda c: c | {"model": c["model"] | {"vocab": c["model"]["vocab"] | VOCABULARY}},
        "has 200 tokens, and its text encoder 54 embeddings: they are of different models",
    ),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_is_no_tokenizer_of_the_model_is_one_line(model, name):
    file, act, message = FOLDERS[name]
    rewrite(model, act, file)
    with pytest.raises(InputError, match=message) as caught:
        load(model, **CPU)
    assert "\n" not in str(caught.value)


def test_a_tokenizer_without_its_vocabulary_or_its_encoder_is_refused(model):
    (model / "tokenizer/tokenizer.json").unlink()
    with pytest.raises(InputError, match="lacks its vocabulary"):
        load(model, **CPU)
    index = json.loads((model / "model_index.json").read_text())
    for part in ("tokenizer", "text_encoder", "scheduler", "unet"):
        (model / "model_index.json").write_text(json.dumps(index | {part: [None, None]}))
        with pytest.raises(InputError, match=r"lacks|has no"):
            load(model, **CPU)


def test_a_vocabulary_of_gigabytes_is_not_read(model):
    with (model / "tokenizer/merges.txt").open("wb") as file:
        file.truncate(3 * 10**9)
    with pytest.raises(InputError, match="has 3,000,000,000 bytes"):
        load(model, **CPU)
