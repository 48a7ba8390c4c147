"""A single file states what its network predicts, and is whole."""

import json
import shutil

import pytest
import torch
from diffusers.loaders import single_file_model as model
from diffusers.loaders import single_file_utils as utils
from safetensors.torch import save_file

from potstill import load
from potstill.errors import InputError
from potstill.priors import single_file
from potstill.priors.hub import ModelWarning
from tests.single_file import original_names

CPU = {"device": "cpu", "dtype": torch.float32}


@pytest.fixture(scope="module")
def names(tiny_folder):
    return original_names(tiny_folder("sd"))


@pytest.fixture
def saved(names, tmp_path):
    """The file with changes of its tensors, and metadata."""

    def save(metadata=None, without=lambda name: False, **more):
        path = tmp_path / "all.safetensors"
        tensors = {name.replace("/", "."): value for name, value in (names | more).items()}
        save_file({name: value.clone() for name, value in tensors.items() if not without(name)}, path, metadata)
        return path

    return save


def predicted(prior) -> tuple[str, float]:
    """What the network predicts, and the last alpha_bar."""
    return prior.pipe.scheduler.config.prediction_type, float(prior.pipe.scheduler.alphas_cumprod[-1])


@pytest.mark.parametrize(
    ("metadata", "tensors", "expected"),
    [
        (None, (), ("epsilon", False)),
        (None, ("v_pred",), ("v_prediction", False)),
        (None, ("v_pred", "ztsnr"), ("v_prediction", True)),
        ({"modelspec.prediction_type": "v"}, (), ("v_prediction", False)),
        ({"modelspec.prediction_type": "epsilon"}, (), ("epsilon", False)),
        ({"ss_v_parameterization": "True", "ss_zero_terminal_snr": "True"}, (), ("v_prediction", True)),
    ],
)
def test_its_markers_decide_without_a_word(saved, tiny_folder, metadata, tensors, expected):
    file = saved(metadata, **{name: torch.zeros(0) for name in tensors})
    kind, last = predicted(load(file, config=tiny_folder("sd"), **CPU))
    assert (kind, last == 0) == expected


def test_a_config_of_v_prediction_is_kept(saved, tiny_folder):
    assert predicted(load(saved(), config=tiny_folder("sd-v"), **CPU))[0] == "v_prediction"


def test_a_scheduler_that_cannot_end_at_zero_is_replaced(saved, tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder("sd"), tmp_path / "pndm")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"scheduler": ["diffusers", "PNDMScheduler"]}))
    file = saved(v_pred=torch.zeros(0), ztsnr=torch.zeros(0))
    assert predicted(load(file, config=folder, **CPU)) == ("v_prediction", 0.0)


def test_what_is_assumed_is_said_and_what_is_stated_counts(saved, tiny_folder, monkeypatch):
    monkeypatch.setattr(single_file, "_kind", lambda file: str(tiny_folder("sd")))
    with pytest.warns(ModelWarning, match="does not state what its network predicts: 'epsilon' is assumed"):
        load(saved(), **CPU)
    prior = load(saved(), config="v_prediction", **CPU)
    assert predicted(prior)[0] == "v_prediction"
    assert prior.identity["config"] == "v_prediction"
    file = saved({"modelspec.prediction_type": "v"})
    with pytest.warns(ModelWarning, match="states that it predicts 'v_prediction': 'epsilon' is used, as config says"):
        assert predicted(load(file, config="epsilon", **CPU))[0] == "epsilon"
    with pytest.raises(InputError, match="predicts 'colour', which must be one of"):
        load(saved({"modelspec.prediction_type": "colour"}), **CPU)


@pytest.mark.parametrize("prefix", ["model.diffusion_model", "first_stage_model", "cond_stage_model"])
def test_a_part_that_is_not_whole_is_refused(saved, names, tiny_folder, prefix):
    lost = sorted(name for name in names if name.startswith(prefix) and "norm" in name)[-1]
    with pytest.raises(InputError, match=r"all.safetensors lacks .*norm.*: its weights do not fit"):
        load(saved(without=lambda name: name == lost), config=tiny_folder("sd"), **CPU)


def test_a_part_that_is_not_whole_is_refused_without_accelerate(saved, tiny_folder, monkeypatch):
    """Where the tensors that are missing would be random and not on the meta device."""
    for module, name in ((model, "_LOW_CPU_MEM_USAGE_DEFAULT"), (utils, "is_accelerate_available")):
        monkeypatch.setattr(module, name, False if name.startswith("_") else lambda: False)
    load(saved(), config=tiny_folder("sd"), **CPU)
    lost = "cond_stage_model.transformer.text_model.final_layer_norm.weight"
    with pytest.raises(InputError, match=r"lacks final_layer_norm.weight"):
        load(saved(without=lambda name: name == lost), config=tiny_folder("sd"), **CPU)


def test_a_part_that_is_not_there_is_named(saved, tiny_folder):
    with pytest.raises(InputError, match="holds no weights of AutoencoderKL"):
        load(saved(without=lambda name: name.startswith("first_stage")), config=tiny_folder("sd"), **CPU)
    with pytest.raises(InputError, match="holds 0 tensors, and a model has hundreds"):
        load(saved(without=lambda name: True), config=tiny_folder("sd"), **CPU)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "model.diffusion_model.label_emb.0.0.weight",
            "holds 65,296 numbers .* 500 of them have no place, such as .*label",
        ),
        ("model.diffusion_model.out.2.scale_weight", "for the network, and 500 of them have"),
        ("first_stage_model.encoder.extra", "for the VAE, and 500 of them have no place, such as .*encoder.extra"),
        ("cond_stage_model.transformer.text_model.extra", "for the text encoders, and 500 of them"),
        ("edm_vpred.sigma_max", r"was trained on the noise levels of EDM \(edm_vpred\)"),
    ],
)
def test_tensors_that_a_part_has_no_place_for_are_refused(saved, tiny_folder, name, message):
    with pytest.raises(InputError, match=message):
        load(saved(**{name: torch.zeros(500)}), config=tiny_folder("sd"), **CPU)


def test_tensors_of_no_part_are_said_and_those_of_every_file_are_not(saved, tiny_folder, recwarn):
    usual = {
        "betas": torch.zeros(1000),
        "sqrt_alphas_cumprod": torch.zeros(1000),
        "model_ema.num_updates": torch.tensor(3),
        "first_stage_model.loss.logvar": torch.zeros(1),
        "cond_stage_model.transformer.text_model.embeddings.position_ids": torch.arange(77)[None],
        "cond_stage_model.transformer.logit_scale": torch.zeros(()),
        "cond_stage_model.transformer.text_projection.weight": torch.zeros(8, 8),
    }
    load(saved(**usual), config=tiny_folder("sd"), **CPU)
    assert not [each for each in recwarn if issubclass(each.category, ModelWarning)]
    with pytest.warns(ModelWarning, match="holds model_ema.x, which belongs to no part of the model and is not used"):
        load(saved(**{"model_ema.x": torch.zeros(9)}), config=tiny_folder("sd"), **CPU)


def test_weights_that_are_whole_numbers_are_refused(saved, names, tiny_folder):
    name = "model.diffusion_model.out.2.weight"
    with pytest.raises(InputError, match=f"holds {name} as I8, and weights must be of a floating-point type"):
        load(saved(**{name: names[name].to(torch.int8)}), config=tiny_folder("sd"), **CPU)


def test_a_config_is_a_folder_or_a_name(saved, tiny_folder, tmp_path):
    with pytest.raises(InputError, match="config = 'nonsense' must be a folder, ORGANISATION/NAME on"):
        load(saved(), config="nonsense", **CPU)
    folder = shutil.copytree(tiny_folder("sd"), tmp_path / "hostile")
    config = json.loads((folder / "unet/config.json").read_text())
    (folder / "unet/config.json").write_text(json.dumps(config | {"layers_per_block": 10**9}))
    with pytest.raises(InputError, match="layers_per_block = 1000000000"):
        load(saved(), config=folder, **CPU)
