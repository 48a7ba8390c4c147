"""Every part of a model is whole, of a size that its weights have, in memory of its own, and loaded one at a time."""

import json
import shutil
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from potstill import load
from potstill.errors import InputError, Note, shortage
from potstill.priors.hub import ModelWarning
from potstill.priors.load_errors import loading

CPU = {"device": "cpu", "dtype": torch.float32}
UNET = "unet/diffusion_pytorch_model.safetensors"
WEIGHTS = {
    "sd": (UNET, "vae/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"),
    "sdxl": ("text_encoder_2/model.safetensors",),
    "pixart-alpha": ("text_encoder/model.safetensors", "transformer/diffusion_pytorch_model.safetensors"),
}
PARTS = [(name, part) for name, parts in WEIGHTS.items() for part in parts]


@pytest.fixture
def copy(tiny_folder, tmp_path):
    """A copy of a sound model, to be changed."""
    return lambda name="sd": Path(shutil.copytree(tiny_folder(name), tmp_path / name))


def rewrite(path: Path, act) -> None:
    save_file({name: value.clone() for name, value in act(load_file(path)).items()}, path, {"format": "pt"})


def change(path: Path, **entries) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_a_part_with_missing_extra_or_misshapen_tensors_is_refused(copy, name, part):
    model = copy(name)
    sound = load_file(model / part)
    first, second, *_ = sorted(sound)
    for act, message in (
        (lambda w: dict(sorted(w.items())[::2]), r"lacks .* and \d+ more: its weights do not fit its config"),
        (lambda w: w | {"extra.weight": torch.zeros(2)}, "has no place for extra.weight"),
        (lambda w: w | {first: torch.zeros(3, 3)}, rf"holds {first} of shape \[3, 3\], not"),
        (lambda w: {key: value for key, value in w.items() if key != second}, f"lacks {second}"),
    ):
        save_file(act({key: value.clone() for key, value in sound.items()}), model / part, {"format": "pt"})
        with pytest.raises(InputError, match=message) as caught:
            load(model, **CPU)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.bool, torch.int64, torch.complex64])
@pytest.mark.parametrize("part", WEIGHTS["sd"])
def test_weights_that_are_no_real_numbers_are_refused(copy, part, dtype):
    """Quantized ones are whole numbers, of which the scales are elsewhere."""
    model = copy()
    first = min(load_file(model / part))
    rewrite(model / part, lambda w: w | {first: w[first].to(dtype)})
    with pytest.raises(InputError, match=rf"holds {first} as \w+, and weights must be of a floating-point type"):
        load(model, **CPU)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2])
def test_float8_is_converted_and_that_is_said(copy, dtype):
    model = copy()
    rewrite(model / UNET, lambda w: {name: value.to(dtype) for name, value in w.items()})
    with pytest.warns(Note, match="unet.* holds weights in float8, which is coarse: they are converted") as caught:
        prior = load(model, **CPU)
    assert len(caught) == 1
    assert torch.equal(prior.network.conv_in.weight, load_file(model / UNET)["conv_in.weight"].float())


def test_constants_tied_weights_and_other_halves_are_no_fault(copy):
    ids = {"text_model.embeddings.position_ids": torch.arange(77)[None], "logit_scale": torch.zeros(())}
    vision = {"vision_model.x": torch.zeros(2)}
    model = copy("sd")
    rewrite(model / WEIGHTS["sd"][2], lambda w: {f"text_model.{name}": each for name, each in w.items()} | ids | vision)
    load(model, **CPU)
    model = copy("pixart-alpha")
    tied = {"encoder.embed_tokens.weight": "shared.weight"}
    rewrite(
        model / WEIGHTS["pixart-alpha"][0],
        lambda w: w | {name: w[same] for name, same in tied.items()} | {"decoder.x": torch.zeros(2)},
    )
    load(model, **CPU)


SIZES = {
    "layers": ("text_encoder", {"num_hidden_layers": 10**9}, r"must be from 0 to 36 \(its weights have 36 tensors\)"),
    "layers in a list": ("unet", {"layers_per_block": [1, 10**9]}, "layers_per_block = 1000000000"),
    "layers of transformers": ("unet", {"transformer_layers_per_block": 10**8}, "must be from 0 to 208"),
    "heads below 0": ("text_encoder", {"num_attention_heads": -2}, "must be from 1 to 1,024"),
    "heads of a U-Net": ("unet", {"attention_head_dim": [2, -8]}, "attention_head_dim = -8"),
    "huge heads": ("unet", {"attention_head_dim": 10**6}, "must be from 1 to 1,024"),
    "positions": ("text_encoder", {"max_position_embeddings": 10**9}, "max_position_embeddings = 1000000000"),
    "words": ("text_encoder", {"vocab_size": 10**7}, "states a network of 160,005,"),
    "groups": ("unet", {"norm_num_groups": 0}, "norm_num_groups = 0 .*must be from 1"),
    "width": ("text_encoder", {"intermediate_size": -5}, "intermediate_size = -5"),
    "blocks": ("unet", {"block_out_channels": [8] * 100_000}, "has 100,000 entries: no network has more than 1,000"),
    "no size": ("unet", {"sample_size": None}, "sample_size = None of the network's config is no size"),
    "scale of the VAE": ("vae", {"scaling_factor": 0}, "scaling_factor = 0 of the VAE must be"),
    "statistics of the VAE": ("vae", {"latents_mean": [0.0], "latents_std": [1.0]}, "must each have 4 numbers"),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_that_no_network_has_are_refused_before_it_is_built(copy, name):
    part, entries, message = SIZES[name]
    model = copy()
    change(model / part / "config.json", **entries)
    with pytest.raises(InputError, match=message):
        _ = load(model, **CPU).size


@pytest.mark.parametrize(
    ("name", "entry"), [("sd3", {"pos_embed_max_size": 10**5}), ("pixart-alpha", {"sample_size": 10**6})]
)
def test_tables_that_are_not_stored_count_as_well(copy, name, entry):
    model = copy(name)
    change(model / "transformer/config.json", **entry)
    with pytest.raises(InputError, match=r"states a network of .* numbers, and its weights hold"):
        load(model, **CPU)


def shard(model: Path, **names: str) -> dict[str, str]:
    """Divide the U-Net's weights into two files; returns the map of its index."""
    sound, form = load_file(model / UNET), "diffusion_pytorch_model-0000{}-of-00002.safetensors"
    listed = {name: form.format(1 + (number > 99)) for number, name in enumerate(sorted(sound))}
    for file in set(listed.values()):
        save_file({name: sound[name].clone() for name in listed if listed[name] == file}, model / "unet" / file)
    (model / UNET).unlink()
    (model / f"{UNET}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": listed | names}))
    return listed


def test_an_index_names_files_beside_it_that_hold_what_it_says(copy, tiny_folder):
    model = copy()
    listed = shard(model)
    prior, whole = load(model, **CPU), load(tiny_folder("sd"), **CPU)
    assert all(
        torch.equal(ours, theirs)
        for ours, theirs in zip(prior.network.parameters(), whole.network.parameters(), strict=True)
    )
    for wrong, message in (
        ({"conv_in.bias": "../../secret.safetensors"}, "names '../../secret.safetensors', which is not a"),
        ({f"x{number}": f"{number}.safetensors" for number in range(2_000)}, "names 2,002 files, more than 1,000"),
        ({"more": next(iter(listed.values()))}, "lacks more"),
        ({"conv_in.bias": 3}, "lists no weights"),
    ):
        (model / f"{UNET}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": listed | wrong}))
        with pytest.raises(InputError, match=message):
            load(model, **CPU)


def test_the_only_variant_is_taken_and_said(copy, tiny_folder):
    model = copy()
    (model / UNET).rename(model / "unet/diffusion_pytorch_model.fp16.safetensors")
    with pytest.warns(ModelWarning, match="unet holds only 'fp16' weights: using them") as caught:
        guessed = load(model, **CPU)
    assert len(caught) == 1
    stated = load(model, variant="fp16", **CPU)
    assert guessed.identity == stated.identity
    assert stated.identity["variant"] == "fp16"
    shutil.copy(
        model / "unet/diffusion_pytorch_model.fp16.safetensors", model / "unet/diffusion_pytorch_model.ema.safetensors"
    )
    with pytest.raises(InputError, match="holds only the variants ema, fp16: state one"):
        load(model, **CPU)


def test_weights_have_aligned_memory_of_their_own(copy):
    model = copy()
    prior = load(model, **CPU)
    parts = [part for part in prior.pipe.components.values() if isinstance(part, torch.nn.Module)]
    weights = [weight for part in parts for weight in (*part.parameters(), *part.buffers()) if weight.numel()]
    assert len(parts) == 3
    assert all(weight.data_ptr() % 64 == 0 for weight in weights)
    assert all(weight.untyped_storage().nbytes() == weight.nbytes for weight in weights)


def test_several_threads_load_at_once_and_leave_nothing_behind(tiny_folder):
    """No module on the meta device afterwards, and the logs as they were."""
    from diffusers.utils import logging

    level, found = logging.get_verbosity(), []
    threads = [threading.Thread(target=lambda: found.append(load(tiny_folder("sd"), **CPU))) for _ in range(4)]
    for act in (threading.Thread.start, threading.Thread.join):
        for thread in threads:
            act(thread)
    assert {prior.network.conv_in.weight.device.type for prior in found} == {"cpu"}
    assert len(found) == 4
    assert torch.nn.Linear(2, 2).weight.device.type == "cpu"
    assert logging.get_verbosity() == level


def test_a_lack_of_memory_or_files_is_named_and_not_the_model():
    for error, message in (
        (MemoryError(), "not enough memory"),
        (OSError(24, "Too many open files"), "too many files or threads are open"),
        (RuntimeError("could not create a primitive"), "not enough memory"),
        (RuntimeError("can't start new thread"), "too many files or threads"),
    ):
        with pytest.raises(type(error)) as caught, loading("m"):
            raise RuntimeError("Failed to import: look up") from error
        assert message in str(shortage(caught.value))
    with pytest.raises(MemoryError), loading("m"):
        raise type("PanicException", (BaseException,), {})("PyObject pointer is null")  # of tokenizers, in Rust
    with pytest.raises(InputError, match=r"^m cannot be loaded: it lacks 'a.weight'$"), loading("m"):
        raise KeyError("a.weight")
    with pytest.raises(InputError, match=r"^m cannot be loaded: first: second$"), loading("m"):
        raise ValueError("first:\n\n  second")
