"""LoRAs are merged into the weights, or refused."""

import importlib.util
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from potstill import load
from potstill.errors import InputError
from tests.optional import needs

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CPU = {"device": "cpu", "dtype": torch.float32}


def lora_file(folder: Path, prefix: str = "unet") -> tuple[Path, str, torch.Tensor]:
    """A LoRA of rank 2 for one projection, the name of that projection, and its change of the weight."""
    layer = "mid_block.attentions.0.transformer_blocks.0.attn2.to_q"
    rng = torch.Generator().manual_seed(0)
    down, up = torch.randn(2, 16, generator=rng), torch.randn(16, 2, generator=rng)
    file = folder / "style.safetensors"
    save_file({f"{prefix}.{layer}.lora_A.weight": down, f"{prefix}.{layer}.lora_B.weight": up}, file)
    return file, layer, up @ down


@needs("peft")
def test_a_lora_adds_scale_b_a_to_the_weights(tiny_folder, tmp_path):
    file, layer, product = lora_file(tmp_path)
    plain = load(tiny_folder("sd"), **CPU).network.get_submodule(layer).weight
    for lora, scale in ((file, 1.0), ([file], 1.0), ({str(file): 0.5}, 0.5)):
        prior = load(tiny_folder("sd"), lora=lora, **CPU)
        assert torch.allclose(prior.network.get_submodule(layer).weight, plain + scale * product, atol=1e-5)
        assert prior.identity[f"lora {file}"].endswith(f"scale {scale:g}")


@needs("peft")
def test_a_lora_that_does_not_fit_is_refused(tiny_folder, tmp_path):
    folder = tiny_folder("sd")
    with pytest.raises(InputError, match=r"there is no LoRA file .*no.safetensors"):
        load(folder, lora=tmp_path / "no.safetensors", **CPU)
    (tmp_path / "style.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"style.bin is not a .safetensors file"):
        load(folder, lora=tmp_path / "style.bin", **CPU)
    with pytest.raises(InputError, match="DDIMPipeline takes no LoRA"):
        load(tiny_folder("ddpm"), lora="someone/style", **CPU)
    file, *_ = lora_file(tmp_path, prefix="transformer")
    with pytest.raises(
        InputError, match=r"style.safetensors holds transformer.mid.*, for which StableDiffusionPipeline has no"
    ):
        load(folder, lora=file, **CPU)


LAYER = "mid_block.attentions.0.transformer_blocks.0.attn2.to_q"
KOHYA = "lora_unet_" + LAYER.replace(".", "_")
A, B = torch.ones(2, 16), torch.ones(16, 2)
OTHERS = {
    "a block that is not there": (
        {f"unet.down_blocks.7.{LAYER}.lora_A.weight": A, f"unet.down_blocks.7.{LAYER}.lora_B.weight": B},
        r"changes unet.down_blocks.7.*, which StableDiffusionPipeline lacks",
    ),
    "one block of two": (
        {f"unet.{LAYER}{more}.lora_{side}.weight": A if side == "A" else B for more in ("", "x") for side in "AB"},
        "to_qx, which StableDiffusionPipeline lacks",
    ),
    "another base": (
        {f"unet.{LAYER}.lora_A.weight": torch.ones(2, 24), f"unet.{LAYER}.lora_B.weight": torch.ones(24, 2)},
        f"has 24 channels for unet.{LAYER}, which has 16",
    ),
    "ranks that differ": (
        {f"unet.{LAYER}.lora_A.weight": A, f"unet.{LAYER}.lora_B.weight": torch.ones(16, 3)},
        r"cannot be loaded into StableDiffusionPipeline: Error\(s\) in loading .*size mismatch",
    ),
    "one matrix of two": ({f"unet.{LAYER}.lora_A.weight": A}, f"only one of the two matrices of unet.{LAYER}"),
    "a stray tensor": ({f"unet.{LAYER}.lora_A.weight": A, "unet.foo": B}, "holds unet.foo, for which"),
    "LoHa": ({f"{KOHYA}.hada_w1_a": A, f"{KOHYA}.hada_w1_b": B}, "is a LoHa, which cannot be merged here"),
    "LoKr": ({f"{KOHYA}.lokr_w1": A, f"{KOHYA}.lokr_w2": B}, "is a LoKr, which cannot be merged here"),
    "DoRA": ({f"{KOHYA}.lora_down.weight": A, f"{KOHYA}.dora_scale": B}, "is a DoRA"),
    "an embedding": ({"emb_params": A}, "holds emb_params, for which"),
    "whole numbers": ({f"unet.{LAYER}.lora_A.weight": A.to(torch.int8)}, "as I8, and weights must be of a floating"),
    "nothing": ({}, "holds nothing for StableDiffusionPipeline"),
}


@needs("peft")
@pytest.mark.parametrize("name", OTHERS)
def test_a_lora_of_another_kind_or_model_is_one_line(tiny_folder, tmp_path, name):
    tensors, message = OTHERS[name]
    save_file({key: value.clone() for key, value in tensors.items()}, tmp_path / "style.safetensors")
    with pytest.raises(InputError, match=message) as caught:
        load(tiny_folder("sd"), lora=tmp_path / "style.safetensors", **CPU)
    assert "\n" not in str(caught.value)
    assert not str(caught.value).endswith(":")


@needs("peft")
@pytest.mark.parametrize(
    ("down", "up"),
    [
        (f"{KOHYA}.lora_down.weight", f"{KOHYA}.lora_up.weight"),
        (f"unet.{LAYER}.lora.down.weight", f"unet.{LAYER}.lora.up.weight"),
        tuple(f"unet.{LAYER.replace('to_q', 'processor.to_q_lora')}.{side}.weight" for side in ("down", "up")),
    ],
)
def test_the_names_of_other_trainers_are_read(tiny_folder, tmp_path, down, up):
    save_file(
        {down: A, up: B} | ({f"{KOHYA}.alpha": torch.tensor(2.0)} if "lora_unet" in down else {}),
        tmp_path / "l.safetensors",
    )
    plain, changed = (load(tiny_folder("sd"), lora=lora, **CPU) for lora in (None, tmp_path))
    weights = [prior.network.get_submodule(LAYER).weight for prior in (plain, changed)]
    assert torch.allclose(weights[1], weights[0] + B @ A, atol=1e-5)


def test_scales_are_finite(tiny_folder):
    with pytest.raises(InputError, match="the scale nan of the LoRA someone/style must be a finite number"):
        load(tiny_folder("sd"), lora={"someone/style": float("nan")}, **CPU)


def test_a_lora_needs_peft(tiny_folder, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "peft" else find(name, *rest))
    with pytest.raises(InputError, match=r"run `pip install potstill\[lora\]`"):
        load(tiny_folder("sd"), lora="someone/style", **CPU)
