"""U-Nets in ONNX Runtime: the same answers as torch, gradients by torch."""

import builtins

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.priors import onnx_network
from potstill.priors.onnx_network import OnnxNetwork, converted, in_torch
from tests import tiny

NETWORKS = ["sd", "sdxl", "pixels", "deepfloyd", "ddpm"]


def inputs(network, batch: int, height: int = 8, width: int = 8, tokens: int = 5):
    """Random latents, times and conditions."""
    rng, config = Generator().manual_seed(batch), network.config
    values = [
        torch.randn(batch, config.in_channels, height, width, generator=rng),
        999 * torch.rand(batch, generator=rng),
    ]
    states = config.get("encoder_hid_dim") or config.get("cross_attention_dim")
    options = {}
    if states is not None:
        values.append(torch.randn(batch, tokens, states, generator=rng))
    if config.get("addition_embed_type") == "text_time":
        pooled = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
        sizes = torch.tensor([[64.0, 64, 0, 0, 64, 64]]).expand(batch, -1)
        options["added_cond_kwargs"] = {"text_embeds": torch.randn(batch, pooled, generator=rng), "time_ids": sizes}
    return values, options


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    """A tiny U-Net of diffusers."""
    return tiny.build(request.param).unet.requires_grad_(False).eval()


def test_every_unet_gives_the_answers_of_torch_at_any_batch_and_size(network):
    fast = converted(network)
    for batch, height, width in ((1, 8, 8), (3, 8, 8), (2, 16, 8)):
        values, options = inputs(network, batch, height, width)
        with torch.no_grad():
            expected = network(*values, **options, return_dict=False)[0]
            found = fast(*values, **options)[0]
        assert torch.allclose(found, expected, atol=1e-5 * float(expected.abs().max()))
        assert torch.equal(found, fast(*values, **options)[0])  # the same bytes each time


def test_torch_evaluates_what_records_gradients_uneven_sizes_and_large_images(monkeypatch):
    network = tiny.build("sd").unet.requires_grad_(False).eval()
    fast = converted(network)
    (x_t, t, states), _ = inputs(network, 2)
    for asked in (x_t, states):
        asked.requires_grad_(True)
        gradients = [
            torch.autograd.grad(each(x_t, t, states, return_dict=False)[0].sum(), asked) for each in (network, fast)
        ]
        assert torch.equal(*(each for (each,) in gradients))
        asked.requires_grad_(False)
    (x_t, t, states), _ = inputs(network, 2, 9, 8)
    assert torch.equal(fast(x_t, t, states)[0], network(x_t, t, states, return_dict=False)[0])
    monkeypatch.setattr(onnx_network, "_ATTENTION", 2 * 2 * 8**4 - 1)  # 2 samples, 2 heads, 8 x 8 cells
    (x_t, t, states), _ = inputs(network, 2)
    assert torch.equal(fast(x_t, t, states)[0], network(x_t, t, states, return_dict=False)[0])
    assert in_torch(fast) is in_torch(network) is network
    assert not list(OnnxNetwork.parameters(fast))


def test_a_change_of_threads_opens_the_session_again():
    network = tiny.build("sd").unet.requires_grad_(False).eval()
    fast, (values, _) = converted(network), inputs(network, 1)
    before = fast(*values)[0]
    try:
        torch.set_num_threads(2)
        assert torch.allclose(fast(*values)[0], before, atol=1e-5)
    finally:
        torch.set_num_threads(1)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    ordinary = builtins.__import__

    def without(name, *more, **options):
        if name == "onnx":
            raise ModuleNotFoundError("No module named 'onnx'", name="onnx")
        return ordinary(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"backend 'onnx' needs onnx: run `pip install potstill\[onnx\]`"):
        converted(None)
