"""The bundled models, loaded from their own parts: without the imports of diffusers and transformers, for seconds."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from potstill.errors import InputError, check_room
from potstill.priors.load_errors import loading
from potstill.priors.onnx_network import OnnxNetwork, Session
from potstill.priors.safety import read_json
from potstill.priors.weights import find_weights

GRAPH = "model.onnx"
"""The file of a part's graph, beside its weights, which `training.graphs` writes."""
_UNET, _TEXT = "unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"

_ROOM = 220_000_000
"""Bytes of address space that ONNX Runtime, tokenizers and the weights need."""


def has_graphs(folder: Path) -> bool:
    """Whether a folder has what this file loads."""
    return all((folder / weights).with_name(GRAPH).is_file() for weights in (_UNET, _TEXT))


class Tokenizer:
    """What is used of a tokenizer of transformers, around its `tokenizers.Tokenizer`."""

    def __init__(self, folder: Path) -> None:
        """Read tokenizer.json and tokenizer_config.json."""
        from tokenizers import Tokenizer as Backend

        config = read_json(folder / "tokenizer_config.json")
        self.backend_tokenizer = Backend.from_file(str(folder / "tokenizer.json"))
        self.model_max_length: int = config["model_max_length"]
        self.all_special_tokens = [config[name] for name in ("bos_token", "eos_token", "unk_token", "pad_token")]
        self.unk_token: str = config["unk_token"]
        self.pad_token_id: int = self.get_vocab()[config["pad_token"]]

    def get_vocab(self) -> dict[str, int]:
        """The id of every token."""
        return self.backend_tokenizer.get_vocab()

    def __call__(self, prompt: str, **_: Any) -> Any:
        """The `input_ids` of a prompt, not truncated."""
        return SimpleNamespace(input_ids=self.backend_tokenizer.encode(prompt).ids)

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The text of these ids."""
        return self.backend_tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens)

    def padded(self, prompt: str) -> list[int]:
        """As many ids as the text encoder reads, as a pipeline of diffusers pads and truncates them."""
        ids, length = self(prompt).input_ids, self.model_max_length
        if len(ids) > length:
            ids = [*ids[: length - 1], ids[-1]]
        return [*ids, *[self.pad_token_id] * (length - len(ids))]


class BundledPipeline:
    """What a prior reads of a `StableDiffusionPipeline`, on a CPU in float32, run by ONNX Runtime."""

    def __init__(self, folder: Path) -> None:
        """Read the parts in a folder, with the same files that `from_pretrained` loads."""
        check_room(_ROOM, "the bundled model")
        self.network_files = [folder / _UNET]
        self.files: dict[str, list[Path]] = {
            "text_encoder": [folder / _TEXT],
            "tokenizer": [],
            "scheduler": [],
            "unet": [],
        }
        config = _Config(read_json(folder / "unet" / "config.json"))
        self.unet = OnnxNetwork(_session(folder / _UNET), config, lambda: _network(folder / "unet"))
        self.text_encoder: Session | None = _session(folder / _TEXT)
        self.tokenizer = Tokenizer(folder / "tokenizer")
        self.scheduler = _scheduler(read_json(folder / "scheduler" / "scheduler_config.json"))
        self.vae = None
        self._execution_device = torch.device("cpu")

    @property
    def components(self) -> dict[str, Any]:
        """The parts, by their names in model_index.json."""
        return {name: getattr(self, name) for name in ("tokenizer", "text_encoder", "unet", "scheduler", "vae")}

    def encode_prompt(self, prompt: str, **_: Any) -> tuple[Tensor, None]:
        """The states of the text encoder, [1, n, d]; no negative ones."""
        assert self.text_encoder is not None
        return self.text_encoder(ids=torch.tensor([self.tokenizer.padded(prompt)])), None


class _Config(dict[str, Any]):
    """A config whose entries are attributes, as those of diffusers."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


@cache
def _network(folder: Path) -> torch.nn.Module:
    """The network in torch, in the fastest memory format, with weights in aligned memory."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    with loading(str(folder)):
        weights = find_weights(UNet2DConditionModel, folder)
        return weights.read(torch.float32).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _session(weights: Path) -> Session:
    return Session(weights.with_name(GRAPH).read_bytes(), lambda: _weights(weights))


def _weights(file: Path) -> Mapping[str, NDArray[np.float32]]:
    from safetensors.numpy import load_file

    return {name: value.astype(np.float32) for name, value in load_file(file).items()}


def _scheduler(config: Mapping[str, Any]) -> Any:
    """The table of a scheduler with linear betas, computed in float32 as diffusers does."""
    if config["beta_schedule"] != "linear":
        raise InputError(
            f"beta_schedule = {config['beta_schedule']!r} of the bundled model must be linear: reinstall potstill"
        )
    betas = torch.linspace(config["beta_start"], config["beta_end"], config["num_train_timesteps"], dtype=torch.float32)
    return SimpleNamespace(config=_Config(config), alphas_cumprod=torch.cumprod(1.0 - betas, dim=0))
