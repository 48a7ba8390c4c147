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
    with pytest.raises(InputError, match=r"style.safetensors (cannot be loaded|holds nothing for)"):
        load(folder, lora=file, **CPU)


def test_a_lora_needs_peft(tiny_folder, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "peft" else find(name, *rest))
    with pytest.raises(InputError, match=r"run `pip install potstill\[lora\]`"):
        load(tiny_folder("sd"), lora="someone/style", **CPU)
