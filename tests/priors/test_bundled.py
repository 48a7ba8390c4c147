"""The bundled model from its own parts is the model that diffusers and transformers load."""

import subprocess
import sys

import pytest
import torch
from torch import Generator

import potstill
from potstill.errors import InputError
from potstill.priors.bundled import BundledPipeline
from potstill.priors.loading import EMOJI

PROMPTS = ("", "red heart", "a cat's face", "an apple on the blue background", "no such words", "red heart " * 20)


@pytest.fixture(scope="module")
def both():
    """The prior in ONNX Runtime and in torch."""
    return potstill.load("emoji"), potstill.load("emoji", backend="torch")


def test_tokens_are_those_of_transformers(both):
    fast, slow = (prior.pipe.tokenizer for prior in both)
    assert fast.get_vocab() == slow.get_vocab()
    assert fast.model_max_length == slow.model_max_length
    assert set(fast.all_special_tokens) == set(slow.all_special_tokens)
    for prompt in PROMPTS:
        length = {"padding": "max_length", "max_length": slow.model_max_length, "truncation": True}
        assert fast.padded(prompt) == slow(prompt, **length).input_ids
        ids = slow(prompt, truncation=False, verbose=False).input_ids
        assert fast(prompt, truncation=False, verbose=False).input_ids == ids
        assert fast.decode(ids, skip_special_tokens=True) == slow.decode(ids, skip_special_tokens=True)


def test_schedule_is_that_of_diffusers_to_the_bit(both):
    fast, slow = (prior.pipe.scheduler for prior in both)
    assert torch.equal(fast.alphas_cumprod, slow.alphas_cumprod)
    assert (
        dict(fast.config).items()
        <= {**slow.config, "_class_name": "DDIMScheduler", "_diffusers_version": "0.42.1"}.items()
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_script_is_read_as_by_the_tokenizer_of_transformers(both):
    for prompt in ("❤️", "💙 (blue:1.3)", "ｒｅｄ heart", "red 하트", "сердце heart", "👍🏽", "red heart, zzz"):
        states = [prior.encode_prompt(prompt)["encoder_hidden_states"] for prior in both]
        assert torch.allclose(*states, atol=1e-5)
    for prompt in ("красное", "сердце", "zzz"):
        for prior in both:
            with pytest.raises(InputError, match="understand"):
                prior.encode_prompt(prompt)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_states_and_predictions_are_those_of_torch(both):
    fast, slow = both
    rng = Generator().manual_seed(0)
    for prompt in PROMPTS:
        states = [prior.encode_prompt(prompt)["encoder_hidden_states"] for prior in both]
        assert torch.allclose(*states, atol=1e-5)
    for batch in (1, 2, 4):
        x_t, t = torch.randn(batch, 48, 16, 16, generator=rng), torch.randint(1000, (batch,), generator=rng).double()
        condition = {"encoder_hidden_states": states[1].expand(batch, -1, -1)}
        with torch.no_grad():
            found, expected = fast(x_t, t, condition), slow(x_t, t, condition)
        assert torch.allclose(found.x0, expected.x0, atol=2e-5)


def test_gradients_are_those_of_torch_to_the_bit(both):
    x_t, t = torch.randn(1, 48, 16, 16, generator=Generator().manual_seed(0)), torch.tensor([500.0])
    states = both[1].encode_prompt("red heart")["encoder_hidden_states"].detach()
    x_t.requires_grad_(True)
    found, expected = (
        torch.autograd.grad(prior.network(x_t, t, states, return_dict=False)[0].sum(), x_t)[0] for prior in both
    )
    assert torch.equal(found, expected)


def test_its_identity_says_what_runs_it(both):
    fast, slow = (prior.identity for prior in both)
    assert fast["backend"] == "onnx"
    assert "backend" not in slow  # as in records of earlier versions
    assert [fast[name] for name in ("sha256", "parts")] == [slow[name] for name in ("sha256", "parts")]


def test_an_edit_imports_none_of_the_large_libraries(tmp_path):
    """Their import takes most of a cold start."""
    code = (
        "import sys; from potstill.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "large = ('diffusers', 'transformers', 'huggingface_hub', 'torch._dynamo', 'sympy', 'matplotlib', 'peft')\n"
        "print([name for name in large if name in sys.modules])"
    )
    for words in (
        ("sample", "red heart", "--steps", "2"),
        (
            "edit",
            EMOJI.parents[3] / "docs/pictures/heart.png",
            "--source",
            "red heart",
            "--target",
            "blue heart",
            "--steps",
            "2",
        ),
    ):
        command = [sys.executable, "-c", code, *words, "--out", tmp_path / f"{words[0]}.png"]
        ended = subprocess.run(command, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.splitlines()[-1] == "[]"


def test_released_text_encoder_is_gone():
    prior = potstill.load("emoji")
    prior.release_text_encoders()
    assert isinstance(prior.pipe, BundledPipeline)
    assert prior.pipe.text_encoder is None
