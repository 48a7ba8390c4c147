"""U-Nets in ONNX Runtime: the same answers as torch, gradients by torch."""

import builtins

import pytest
import torch
from torch import Generator

from potstill.diffusion.prior import Query, predict
from potstill.errors import InputError, Note
from potstill.priors import loading, onnx_network
from potstill.priors.loading import load
from potstill.priors.onnx_network import OnnxNetwork, converted, in_torch
from tests import tiny

NETWORKS = ["sd", "sdxl", "pixels", "views", "deepfloyd", "ddpm"]


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
    if config.get("class_embed_type"):
        numbers = config.projection_class_embeddings_input_dim
        options["class_labels"] = torch.randn(batch, numbers, generator=rng)
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


def test_a_folder_is_loaded_for_it_and_what_does_not_fit_is_refused(tiny_folder, monkeypatch):
    monkeypatch.setattr(loading, "best_dtype", lambda _: torch.bfloat16)
    fast = load(tiny_folder("sd"), backend="onnx")  # neither dtype nor device must be stated
    assert isinstance(fast.network, OnnxNetwork)
    assert {name: fast.identity[name] for name in ("backend", "dtype", "device")} == {
        "backend": "onnx", "dtype": "float32", "device": "cpu",
    }  # fmt: skip
    slow = load(tiny_folder("sd"), dtype=torch.float32, device="cpu")
    x_t, condition = torch.randn(2, 4, 8, 8, generator=Generator().manual_seed(0)), fast.encode_prompt("a cat")
    query = Query(x_t, torch.tensor([500.0, 20.0]), condition)
    with torch.no_grad():
        assert torch.allclose(predict(fast, query)[0].eps, predict(slow, query)[0].eps, atol=1e-4)
    with pytest.raises(InputError, match="without dtype: leave one of the two out"):
        load(tiny_folder("sd"), backend="onnx", dtype=torch.bfloat16)
    with pytest.raises(InputError, match="evaluates U-Nets only, not SD3Transformer2DModel"):
        load(tiny_folder("sd3"), backend="onnx")


def test_a_network_that_cannot_be_exported_stays_in_torch_with_a_note(tiny_folder, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no operator")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.warns(Note, match="torch evaluates the network, which cannot be exported to ONNX: no operator"):
        prior = load(tiny_folder("sd"), backend="onnx")
    assert "backend" not in prior.identity
    assert not isinstance(prior.network, OnnxNetwork)
