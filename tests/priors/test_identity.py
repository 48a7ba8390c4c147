"""Everything that a result rests on is in the identity of its model, and a replay names what changed."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from potstill import edit, load
from potstill.batch.manifest import BatchRow
from potstill.batch.work import file_name
from potstill.cli.output import Model
from potstill.errors import InputError
from potstill.io.images import png_bytes
from potstill.priors import family, identity, loading
from potstill.priors.spec import ModelSpec
from potstill.tasks.files.provenance import KEY, read_record
from potstill.tasks.images.generating import Generate
from potstill.tasks.runs.replaying import replay

CPU = {"device": "cpu", "dtype": torch.float32}


def weaken(path: Path) -> None:
    save_file({name: value * 0.5 for name, value in load_file(path).items()}, path, {"format": "pt"})


def change(path: Path, **entries) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


CHANGES = {
    "vae": lambda model: weaken(model / "vae/diffusion_pytorch_model.safetensors"),
    "text_encoder": lambda model: weaken(model / "text_encoder/model.safetensors"),
    "weights of the network": lambda model: weaken(model / "unet/diffusion_pytorch_model.safetensors"),
    "unet": lambda model: change(model / "unet/config.json", norm_eps=0.1),
    "scheduler": lambda model: change(model / "scheduler/scheduler_config.json", beta_end=0.02),
    "tokenizer": lambda model: change(model / "tokenizer/tokenizer_config.json", model_max_length=8),
}


@pytest.fixture
def model(tiny_folder, tmp_path):
    return Path(shutil.copytree(tiny_folder("sd"), tmp_path / "model"))


@pytest.fixture
def edited(model, tmp_path):
    (tmp_path / "photo.png").write_bytes(png_bytes(torch.rand(1, 3, 16, 16)))
    prior = load(model, **CPU)
    return edit(tmp_path / "photo.png", source="a cat", target="a dog", model=prior, steps=2).save(tmp_path / "e.png")[
        0
    ]


@pytest.mark.filterwarnings("ignore:the prompt is too long")
@pytest.mark.parametrize("name", CHANGES)
def test_another_part_is_another_model_and_is_named(model, edited, name):
    row = BatchRow.of(Generate(prompt="a cat"))
    before = file_name(row, load(model, **CPU))
    CHANGES[name](model)
    assert file_name(row, load(model, **CPU)) != before
    found = replay(edited)
    assert found.changes[0].startswith(f"{name} ")
    assert len(found.changes) == 1
    assert not found.agree


def test_a_record_without_parts_is_compared_with_what_it_states(model, edited):
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    record = read_record(edited)
    with Image.open(edited) as picture:
        text = json.loads(picture.info[KEY])
        del text["model"]["parts"]
        info = PngInfo()
        info.add_text(KEY, json.dumps(text))
        picture.save(edited, pnginfo=info)
    assert "parts" in record["model"]
    found = replay(edited)
    assert found.largest == 0
    assert found.changes == ["the record is of an earlier version, and states only the network of the model"]


def test_what_changes_bytes_is_in_the_record_and_loads_again(model):
    prior = load(model, attention_slicing=True, vae_tiling=True, **CPU)
    assert prior.identity["attention_slicing"] is prior.identity["vae_tiling"] is True
    spec = ModelSpec.of(prior.identity)
    assert (spec.attention_slicing, spec.vae_tiling) == (True, True)
    assert ModelSpec.of(prior.identity, vae_tiling=False).vae_tiling is False


def test_a_record_without_a_model_loads_none(tiny_folder):
    pipe = load(tiny_folder("sd"), device="cpu").pipe
    with pytest.raises(InputError, match="states no model: it was a pipeline in memory, so load that in Python"):
        ModelSpec.of(family(pipe)(pipe).identity)


def test_a_pipeline_in_memory_is_told_how_to_become_a_prior(tiny_folder):
    pipe = load(tiny_folder("sd"), device="cpu").pipe
    with pytest.raises(
        InputError, match=r"Pipeline is a pipeline in memory.+family\(pipe\)\(pipe\) makes a prior of it"
    ):
        getattr(loading.load, "__wrapped__", loading.load)(pipe)
    assert family(pipe)(pipe).size == load(tiny_folder("sd"), device="cpu").size
    stated = {"name": "a.safetensors", "config": "v_prediction", "variant": "fp16"}
    assert Model.from_record(stated) == Model(
        "a.safetensors", variant="fp16", model_config="v_prediction", backend="torch"
    )


def test_a_file_is_hashed_once_unless_it_changes(model, monkeypatch):
    load(model, **CPU)
    calls = []
    monkeypatch.setattr(identity, "file_hash", lambda *paths: calls.append(paths) or "0" * 64)
    load(model, **CPU)
    assert not calls
    CHANGES["vae"](model)
    load(model, **CPU)
    assert [path.parent.name for (path,) in calls] == ["vae"]
