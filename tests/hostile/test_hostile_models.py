"""Models damaged or forged, beyond what tests/test_loading.py has: each is one line, and nothing of them runs."""

import json
import os
import shutil
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from potstill import generate, load, sample
from potstill.errors import InputError, NotFiniteError
from potstill.priors.vocabulary import read_vocabulary
from tests.hostile.harness import bounded, one_line, refused

UNET = "unet/diffusion_pytorch_model.safetensors"


def change(path: Path, **entries) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def weights(path: Path, act) -> None:
    save_file({name: act(name, value) for name, value in load_file(path).items()}, path)


def replaced(name: str, by) -> object:
    """Put something else in the place of a file."""

    def act(model: Path) -> None:
        (model / name).unlink()
        by(model / name)

    return act


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200_000_000)


DAMAGES = {
    "an index that is deep": (lambda m: (m / "model_index.json").write_text("[" * 200_000), "is not valid JSON"),
    "an index of 200 MB": (replaced("model_index.json", sparse), "has 200,000,000 bytes"),
    "an index that is no UTF-8": (lambda m: (m / "model_index.json").write_bytes(b'{"\xff": 1}'), "is not valid JSON"),
    "a config that never ends": (
        replaced("unet/config.json", lambda p: p.symlink_to("/dev/zero")),
        "a device or a pipe",
    ),
    "a config that never begins": (replaced("vae/config.json", os.mkfifo), "a device or a pipe"),
    "weights that never begin": (replaced(UNET, os.mkfifo), "a device or a pipe"),
    "weights that are a link to nothing": (replaced(UNET, lambda p: p.symlink_to("gone")), "there is no such file"),
    "weights that are a pickle": (
        lambda m: (m / UNET).write_bytes(b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR."),
        "not a valid safetensors",
    ),
    "weights that say they are huge": (
        lambda m: (m / UNET).write_bytes(struct.pack("<Q", 2**62) + b"{}"),
        "not a valid safetensors",
    ),
    "weights that lie outside": (
        lambda m: (m / UNET).write_bytes(header(offsets=[0, 2**40])),
        "not a valid safetensors",
    ),
    "weights that overlap": (lambda m: (m / UNET).write_bytes(header(offsets=[-4, 4])), "not a valid safetensors"),
    "no weights in the file": (lambda m: save_file({}, m / UNET), "(lacks|layers_per_block = 1)"),
    "weights of another shape": (
        lambda m: weights(m / UNET, lambda n, v: v[:1] if n == "conv_in.weight" else v),
        r"holds conv_in.weight of shape \[1, 4, 3, 3\], not \[8, 4, 3, 3\]",
    ),
    "a config of another shape": (
        lambda m: change(m / "unet/config.json", block_out_channels=[16, 32]),
        r"conv_in.bias of shape \[8\], not \[16\].* and 205 more",
    ),
    "a config of words": (lambda m: change(m / "unet/config.json", block_out_channels="many"), "cannot be loaded"),
    "a network beyond memory": (
        lambda m: change(m / "unet/config.json", block_out_channels=[2**20, 2**20]),
        "states a network of 371,635,312,918,532 numbers, and its weights hold 64,796",
    ),
    "a schedule beyond memory": (
        lambda m: change(m / "scheduler/scheduler_config.json", num_train_timesteps=10**11),
        "num_train_timesteps = 100000000000 .* to 100,000",
    ),
    "a schedule of no times": (
        lambda m: change(m / "scheduler/scheduler_config.json", num_train_timesteps=0),
        "num_train_timesteps = 0",
    ),
    "a schedule that is NaN": (
        lambda m: change(m / "scheduler/scheduler_config.json", trained_betas=[float("nan")] * 10),
        "fall strictly|cannot be loaded",
    ),
    "a schedule that rises": (
        lambda m: change(m / "scheduler/scheduler_config.json", trained_betas=[-0.1] * 10),
        "fall strictly",
    ),
    "a part outside of the model": (
        lambda m: change(m / "model_index.json", **{"../evil": ["diffusers", "UNet2DConditionModel"]}),
        "is not a part of a pipeline",
    ),
    "a part of three words": (
        lambda m: change(m / "model_index.json", unet=["my_code", "Net", "x"]),
        "is not a part of a pipeline",
    ),
    "a part that is a number": (
        lambda m: change(m / "model_index.json", unet=["diffusers", 5]),
        "is not a part of a pipeline",
    ),
    "a part of the operating system": (
        lambda m: change(m / "model_index.json", unet=["os", "system"]),
        "needs the code of 'os'",
    ),
    "a part of this package": (
        lambda m: change(m / "model_index.json", unet=["potstill.cli", "main"]),
        "needs the code of",
    ),
    "a class that is a module": (
        lambda m: change(m / "model_index.json", unet=["diffusers", "utils"]),
        "cannot be loaded|holds no|has no",
    ),
    "a pipeline that is no pipeline": (
        lambda m: change(m / "model_index.json", _class_name="DDIMScheduler"),
        "cannot be loaded",
    ),
    "attention from the hub": (
        lambda m: change(m / "text_encoder/config.json", _attn_implementation="nobody/kernel"),
        "takes code from the hub",
    ),
    "code in the tokenizer": (
        lambda m: change(m / "tokenizer/tokenizer_config.json", auto_map={"AutoTokenizer": ["x.Y", None]}),
        "maps to custom code",
    ),
    "no tokenizer": (lambda m: shutil.rmtree(m / "tokenizer"), "lacks tokenizer, which its model_index.json lists"),
    "no VAE": (lambda m: shutil.rmtree(m / "vae"), "lacks vae, which its model_index.json lists"),
}


def header(offsets: list[int]) -> bytes:
    """A safetensors file of one tensor that lies there."""
    text = json.dumps({"conv_in.bias": {"dtype": "F32", "shape": [2], "data_offsets": offsets}}).encode()
    return struct.pack("<Q", len(text)) + text + bytes(8)


@pytest.fixture
def spoilt(model, folder):
    return Path(shutil.copytree(model, folder / "model"))


@pytest.mark.parametrize("name", DAMAGES)
def test_a_model_that_is_none_is_one_line(capsys, folder, spoilt, name):
    act, message = DAMAGES[name]
    act(spoilt)
    with bounded(), pytest.raises(InputError, match=message) as caught:
        load(str(spoilt), dtype=torch.float32, device="cpu")
    assert "\n" not in str(caught.value)
    assert not (folder / "pwned").exists()
    if name in ("an index that is deep", "a part of the operating system", "weights that are a pickle"):
        for words in (["generate", "a"], ["sample", "a"], ["invert", "photo.png", "--prompt", "a"]):
            refused(capsys, folder, [*words, "--model", "model"], message)


def test_weights_that_are_nan_are_named_with_their_step(capsys, folder, spoilt):
    weights(spoilt / UNET, lambda name, value: value * float("nan"))
    prior = load(str(spoilt), dtype=torch.float32, device="cpu")
    with pytest.raises(NotFiniteError, match="is not finite at step 0, t = ") as caught:
        generate("a", model=prior, steps=2)
    one_line(str(caught.value), "lower the learning rate")
    with pytest.raises(NotFiniteError, match="is not finite at step 0, t = "):
        sample("a", prior, steps=2)
    refused(capsys, folder, ["sample", "a", "--model", "model", "--steps", "2"], "is not finite")


WORDS = {
    "no JSON": (b"{", "is not valid JSON"),
    "a list": (b"[]", "does not hold a JSON object"),
    "deep": (b"[" * 200_000, "is not valid JSON"),
    "no subjects": (b'{"styles": ["a"]}', "is not a list of words"),
    "subjects that are a list": (b'{"subjects": ["a"]}', "is not a list of words"),
    "phrases that are a text": (b'{"subjects": {"food": "pizza"}}', "is not a list of words"),
    "phrases that are numbers": (b'{"subjects": {"food": [1]}}', "is not a list of words"),
    "no UTF-8": (b'{"subjects": {"\xff": []}}', "is not valid JSON"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_vocabulary_that_is_none_is_one_line(capsys, folder, name):
    data, message = WORDS[name]
    (folder / "vocabulary.json").write_bytes(data)
    refused(capsys, folder, ["vocabulary", "a", "--model", "."], message)
    with pytest.raises(InputError, match=message):
        read_vocabulary(folder)
