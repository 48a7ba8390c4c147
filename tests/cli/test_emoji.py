"""Sampling and the vocabulary on the command line, with a random model in a folder."""

import json

import numpy as np
import pytest
from PIL import Image

from potstill import load, sample
from potstill.cli import main
from potstill.cli.sample import sheet
from potstill.io.images import png_bytes
from potstill.priors.loading import BUNDLED
from potstill.priors.vocabulary import read_vocabulary
from tests.tiny_emoji import blank_drawings, tiny_emoji
from training.compose import Pictures, generator, say
from training.examples import Emoji
from training.export import save


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emoji")
    save(tiny_emoji().pipe, folder, 0, Emoji())
    return str(folder)


def run(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    captured = capsys.readouterr()
    return stop.value.code or 0, captured.out, captured.err


def test_sample_writes_a_sheet_with_its_settings(capsys, tmp_path, model):
    out = tmp_path / "deep" / "pizza.png"
    words = ("sample", "pizza", "--model", model, "--count", "5", "--steps", "2", "--seed", "3", "--out", str(out))
    code, printed, _ = run(capsys, *words, "--json")
    assert code == 0
    document = json.loads(out.with_suffix(".json").read_text())
    assert json.loads(printed) == document
    assert document["prompts"] == ["pizza"]
    assert (document["count"], document["steps"], document["seed"], document["size"]) == (5, 2, 3, "64x64")
    with Image.open(out) as picture:
        sheet = np.asarray(picture)
    images = sample("pizza", tiny_emoji(), count=5, steps=2, seed=3)
    expected = (images[4].permute(1, 2, 0) * 255).numpy()
    found = sheet[4 + 196 + 1 : 4 + 196 + 192 : 3, 5 : 4 + 192 : 3].astype(float)  # second row, every third pixel
    assert np.abs(found - expected).mean() < 2  # the folder holds float16
    again = out.with_name("pizza-2.png")
    assert run(capsys, *words)[1] == f"wrote {again} and pizza-2.json\n"
    assert again.read_bytes() == out.read_bytes()


def test_an_empty_prompt_is_said(capsys, tmp_path, model):
    code, _, err = run(capsys, "sample", "", "--model", model, "--steps", "1", "--out", str(tmp_path / "any.png"))
    assert code == 0
    assert "a prompt is empty: the model draws without one" in err


def test_several_prompts_have_a_row_each(capsys, tmp_path, model):
    out = tmp_path / "two.png"
    words = ("pizza", "red heart", "--model", model, "--count", "2", "--steps", "1", "--out", str(out))
    assert run(capsys, "sample", *words)[0] == 0
    with Image.open(out) as sheet:
        width, height = sheet.size
    assert width == 2 * 196 + 4
    assert 2 * 196 < height < 2 * 230


def test_the_model_that_knows_views_draws_from_the_sides_that_are_stated(
    capsys, tmp_path, model, tiny_folder, monkeypatch
):
    monkeypatch.setitem(BUNDLED, "toys", tiny_folder("views"))
    out = tmp_path / "sides.png"
    words = ("sample", "a pear", "--steps", "1", "--out", str(out), "--json", "--azimuth", "0", "-90", "180")
    document = json.loads(run(capsys, *words)[1])
    told = {name: document[name] for name in ("count", "azimuth", "elevation")}
    assert told == {"count": 1, "azimuth": [0.0, -90.0, 180.0], "elevation": 20.0}
    assert document["model"]["name"] == "toys"
    with Image.open(out) as found:
        assert found.size[0] == 3 * 196 + 4
        assert 196 + 4 < found.size[1] < 196 + 25  # a line below each
    assert "azimuth" not in json.loads(run(capsys, *words[:-4], "--model", "toys", "--count", "2")[1])
    code, _, err = run(capsys, *words, "--model", model)
    assert code == 2
    assert "does not know views: leave azimuth and elevation out" in err


def test_the_sheet_has_rows_of_four_or_one_for_each_prompt_or_picture():
    assert sheet(["a"], 8, [30.0]) == (4, [])
    assert sheet(["a", "b"], 2, []) == (2, ["a", "", "b", ""])
    assert sheet(["a"], 1, [0.0, 90.0]) == (2, ["azimuth 0", "azimuth 90"])
    assert sheet(["a", "b"], 1, [0.0, 90.0])[1] == ["a, azimuth 0", "azimuth 90", "b, azimuth 0", "azimuth 90"]


def test_a_warning_is_one_line_that_names_the_word_and_its_neighbours(capsys, tmp_path, model):
    words = ("sample", "red appel on a zzyzx", "--model", model, "--count", "1", "--steps", "1")
    code, _, err = run(capsys, *words, "--out", str(tmp_path / "x.png"))
    assert code == 0
    lines = [line for line in err.splitlines() if line.startswith("potstill: warning:")]
    known = "'appel' (did you mean 'apple'?), 'zzyzx'"
    assert lines == [f"potstill: warning: the model does not know the words {known}"]


def test_an_edit_that_adds_a_style_says_once_what_it_does_not_know(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (64, 64), "red").save("red.png")
    _, _, err = run(capsys, "edit", "red.png", "--source", "red heart", "--target", "blue zxzx heart", "--steps", "1")
    assert "is added to prompts that name none" in err
    assert err.count("zxzx") == 1


def test_the_vocabulary_is_what_the_tokenizer_knows(model):
    prior, vocabulary = tiny_emoji(), read_vocabulary(model)
    tokenizer = prior.pipe.tokenizer
    never_said = {"middle", *tokenizer.all_special_tokens}
    assert set(vocabulary.words) == set(tokenizer.get_vocab()) - never_said
    rng, drawings = generator(0), blank_drawings()
    captions = [say(picture, drawings, rng) for picture in Pictures(drawings).draw(500, rng)]
    assert {word for text in captions for word in vocabulary.unknown(text)} == {"unheard"}


def test_vocabulary_lists_finds_and_suggests(capsys, model):
    code, out, _ = run(capsys, "vocabulary", "--model", model)
    assert code == 0
    for text in ("subjects: food", "red apple", "on an orange background", "at the left", "fluent", "dark skin"):
        assert text in " ".join(out.split())
    document = json.loads(run(capsys, "vocabulary", "Apple", "--model", model, "--json")[1])
    assert document["phrases"] == {"subjects: food": ["red apple", "green apple"]}
    assert document["unknown"] == {}
    assert "'appel' is not known; nearest: apple" in run(capsys, "vocabulary", "appel", "--model", model)[1]
    assert (
        "'자동차' is read as 'car'\nother names of 'car': motorcar"
        in run(capsys, "vocabulary", "자동차", "--model", model)[1]
    )
    assert "'puppy' is read as 'dog'" in run(capsys, "vocabulary", "puppy", "--model", model)[1]
    assert "no phrase has them all" in run(capsys, "vocabulary", "pizza left", "--model", model)[1]


def test_a_single_picture_is_written_as_it_is(capsys, tmp_path, model):
    words = ("sample", "pizza", "--model", model, "--count", "1", "--steps", "2", "--out", str(tmp_path / "one.png"))
    assert run(capsys, *words)[0] == 0
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.size == (64, 64)
    expected = sample("pizza", load(model), count=1, steps=2)
    assert (tmp_path / "one.png").read_bytes() == png_bytes(expected)
