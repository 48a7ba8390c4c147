"""What a file was made with: the model of a scene, which edits it where no other is stated."""

import warnings

import pytest
import torch

from potstill import edit_scene
from potstill.errors import InputError, Note
from potstill.scenes import Gaussians
from potstill.scenes.files import write_gaussians
from potstill.tasks.files.provenance import model_of_scene


@pytest.fixture
def scene():
    return Gaussians.ball(20, 0.6, torch.Generator().manual_seed(0))


def written(path, scene, model):
    record = {"command": "generate", "settings": {"scene": "gaussians"}, "model": model}
    write_gaussians(path, scene, None if model is None else record)
    return path


@pytest.mark.parametrize("model", [None, {}, {"name": None}, {"name": "world:toys"}, {"name": "world:of one's own"}])
def test_a_file_without_another_model_is_edited_by_the_usual_one_without_a_word(scene, tmp_path, model):
    path = written(tmp_path / "a.ply", scene, model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model_of_scene(path, "world:toys") == "world:toys"
        assert model_of_scene(tmp_path / "none.ply", "world:toys") == "world:toys"


@pytest.mark.parametrize("name", ["toys", "emoji", "world:toys-none"])
def test_a_bundled_model_edits_what_it_made(scene, tmp_path, name):
    path = written(tmp_path / "a.ply", scene, {"name": name})
    with pytest.warns(Note, match=f"the model is {name}, which .*a.ply' was made with"):
        assert model_of_scene(path, "world:toys") == name


def test_another_model_is_named_and_not_loaded(scene, tmp_path):
    path = written(tmp_path / "a.ply", scene, {"name": "some/model"})
    with pytest.warns(Note, match="the model is world:toys, but .*a.ply' was made with 'some/model': --model"):
        assert model_of_scene(path, "world:toys") == "world:toys"


def test_python_takes_the_model_of_the_file_as_well(scene, tmp_path):
    path = written(tmp_path / "a.ply", scene, {"name": "toys"})
    told = {"source": "red mug", "target": "pink mug", "steps": 1, "views": 1, "route": "Direct()"}
    with pytest.warns(Note, match="the model is toys"):
        assert edit_scene(path, **told).record["model"]["name"] == "toys"
    with pytest.raises(InputError, match="the exact world of toys has no 'red mug', but the bundled model toys draws"):
        edit_scene(scene, **told)
