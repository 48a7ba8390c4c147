import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.optional import needs
from training.card import NOTHING, filled, reached
from training.model import Architecture, Networks, as_prior, build_tokenizer
from training.toys import measure as module
from training.toys import pictures
from training.toys.card import TARGETS, table
from training.toys.examples import Toys
from training.toys.measure import (
    Measure,
    Truth,
    answers,
    azimuth_found,
    background_found,
    colour_found,
    kind_found,
    measure,
    open_truth,
    others,
    wanted,
)

pytestmark = needs("embreex")
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    file = tmp_path_factory.mktemp("truth") / "truth.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        few = {kind: pictures.KINDS[kind] for kind in ("duck", "umbrella", "gift")}
        patch.setattr(pictures, "KINDS", few)
        patch.setattr(module, "KINDS", few)
        patch.setattr(module, "TOYS", 2)
        found = open_truth(file)
        found.file = file
        yield found


def test_true_pictures_are_found(truth):
    for held_out in (False, True):
        wants = wanted(truth, 12, 1, held_out)
        assert all(want.look.held_out == held_out for want in wants)
        for image, want in zip(truth.pictures(wants).split(1), wants, strict=True):
            assert kind_found(image, want, truth)[0] == want.look.kind
            assert colour_found(image, want, truth) == want.look.colour
            assert background_found(image) == want.background
            assert truth.turned(want.view, azimuth_found(image, want, truth)) <= module.NEAR
    found = answers(others(wants, truth, 0), wants, truth)
    assert found["top_1"] > 0.8
    assert found["background"] == 1


def test_what_is_wrong_is_told(truth):
    want = replace(wanted(truth, 3, 2, False)[0], background="white")
    (other,) = [kind for kind in ("duck", "gift") if kind != want.look.kind][:1]
    wrong = replace(want, look=replace(want.look, kind=other, colours={}), toy=truth.of(other)[0], background="black")
    image = truth.pictures([wrong])
    found = answers(image, [want], truth)
    assert (found["top_1"], found["background"]) == (0, 0)


def test_an_umbrella_has_no_sides_and_a_duck_has(truth):
    assert "duck" in truth.asymmetric
    assert "umbrella" not in truth.asymmetric
    assert truth.turned(0, 1) == 22.5
    assert truth.turned(1, 15) == 45.0
    assert {truth.elevation[view] for view in truth.beside(20)} == {40.0}


def test_the_truth_is_kept_in_a_file(truth):
    before = truth.file.read_bytes()
    again = open_truth(truth.file)
    assert truth.file.read_bytes() == before
    assert torch.equal(again.rendered.pixels, truth.rendered.pixels)
    assert isinstance(again, Truth)


def test_a_model_is_measured_and_its_card_says_what_was_found(truth):
    torch.manual_seed(0)
    tiny = Networks(Architecture((32, 32, 32), 2, 24, 1), build_tokenizer(Toys().words), Toys.camera)
    settings = Measure(model=str(truth.file.parent), seen=3, unseen=3, steps=1)
    numbers = json.loads(json.dumps(measure(settings, as_prior(tiny), truth)))
    text = table(numbers)
    assert "| right object, captions of training | " in text
    assert f"| captions of training: true pictures | {100 * numbers['seen']['ceiling']['top_1']:.3g} |" in text
    assert reached(numbers, TARGETS)["megabytes"] == (numbers["megabytes"] <= 25)
    assert np.isfinite(numbers["seconds"])


def test_the_card_shows_the_numbers_that_were_measured():
    path = DOCS / "results" / "toys-model.json"
    text = table(json.loads(path.read_text())) if path.exists() else NOTHING
    page = (DOCS / "results" / "toys-model.md").read_text()
    assert filled(page, text) == page, "run `python -m training.toys.card`"
