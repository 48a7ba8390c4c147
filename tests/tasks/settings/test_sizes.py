"""Sizes as they are stated, and what is said of them."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from potstill import edit_steps, generate_steps
from potstill.errors import InputError, Note
from potstill.io.resize import Fit, read_size
from potstill.methods import DDS
from potstill.tasks.images.editing import Edit
from tests.tiny_emoji import tiny_emoji

PROMPTS = {"source": "fluent red heart", "target": "fluent blue heart"}


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ("640x480", (480, 640)),
        (" 640 X 480 ", (480, 640)),
        ("640×480", (480, 640)),
        ("64", (64, 64)),
        (64, (64, 64)),
        ((480, 640), (480, 640)),
        ("source", None),
        ("Source", None),
    ],
)
def test_a_size_is_width_by_height(size, shape):
    assert read_size(size) == shape


@pytest.mark.parametrize("size", ["", "x", "64x", "64,32", "64x32x3", "1e3", "-8", "8.5x8", "big", "6 4", "None"])
def test_another_form_is_refused(size):
    with pytest.raises(InputError, match="must be WIDTHxHEIGHT"):
        read_size(size)


@pytest.mark.parametrize(
    ("fit", "nearest"),
    [
        ({"size": (1201, 801), "multiple": 8}, "size = 801x1201 .* multiples of 8.*: the nearest is 800x1200"),
        ({"size": (3, 65), "multiple": 4}, "the nearest is 64x8"),
        ({"size": 30, "multiple": 64}, "the nearest is 64x64"),
    ],
)
def test_the_nearest_allowed_size_is_named_and_allowed(fit, nearest):
    with pytest.raises(InputError, match=nearest) as error:
        Fit(**fit)
    Fit(read_size(str(error.value).rsplit(" ", 1)[1]), multiple=fit["multiple"])


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (Fit(64), "cropped to its middle 800x800 and resized to 64x64"),
        (Fit(64, "pad"), "resized to 64x43 and padded to 64x64"),
        (Fit(64, "resize"), "resized to 64x64, which changes its proportions"),
        (Fit((800, 1000)), "cropped to its middle 1000x800"),
        (Fit((400, 600)), "resized to 600x400"),
        (Fit((400, 600), "pad"), "resized to 600x400"),
        (Fit((1000, 1000)), "cropped to its middle 800x800 and resized to 1000x1000"),
        (Fit(multiple=64), "cropped to its middle 1152x768"),
        (Fit(multiple=8), ""),
        (Fit((800, 1200)), ""),
    ],
)
def test_what_is_done_to_a_picture_is_said_in_words(fit, said):
    assert fit.describe(800, 1200) == said


def said_of(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [(each.category, str(each.message)) for each in caught]


def test_a_line_says_what_a_picture_became(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (120, 80)).save("photo.jpg")
    Image.new("RGBA", (64, 64)).save("clear.png")
    Image.new("RGB", (64, 64)).save("fits.png")
    prior = tiny_emoji()
    prior = replace(prior, identity={"name": "emoji"})
    options = {"model": prior, "steps": 1, **PROMPTS}
    ((kind, text),) = said_of(lambda: edit_steps("photo.jpg", **options))
    assert kind is Note
    assert text.startswith("'photo.jpg': 120x80, cropped to its middle 80x80 and resized to 64x64; emoji draws 64x64")
    ((_, text),) = said_of(lambda: edit_steps("clear.png", **options))
    assert text == "'clear.png': 64x64, transparent pixels made white"
    assert said_of(lambda: edit_steps("fits.png", **options)) == []
    assert said_of(lambda: edit_steps(np.zeros((80, 120, 3), np.uint8), **options)) == []


def test_a_size_far_from_training_is_a_warning():
    prior = tiny_emoji()

    def said(size):
        return said_of(lambda: generate_steps("red heart", model=prior, steps=1, size=size))

    far = [said(size) for size in ("96", "32", "80")]
    assert "about 2.25 times the work" in far[0][0][1]
    assert "images this small come out worse" in far[1][0][1]
    assert far[2] == []


def test_the_size_of_the_source():
    image = torch.rand(1, 3, 42, 70)
    run = edit_steps(image, model=tiny_emoji(), method=DDS(), steps=1, size="source", **PROMPTS)
    assert run.images().shape == (1, 3, 40, 68)
    assert torch.allclose(run.images(), image[..., 1:41, 1:69], atol=1e-6)
    with pytest.raises(InputError, match="size = source is the size of a picture, and there is none"):
        generate_steps("red heart", model=tiny_emoji(), size="source")


def test_records_write_sizes_one_way_and_read_the_earlier_one():
    task = Edit(size=(48, 64), **PROMPTS)
    assert json.loads(json.dumps(task.settings()))["size"] == "64x48"
    earlier = Edit.of({**PROMPTS, "size": [48, 64]})
    assert earlier.resize(tiny_emoji()).size == Edit.of(task.settings()).resize(tiny_emoji()).size == (48, 64)
