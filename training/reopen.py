"""Make a checkpoint from the weights of a model, to continue training when nothing else is left, or to start another.

    python -m training.reopen --step 9000 --folder build/emoji/run
    python -m training.reopen --step 0 --folder build/toys/run --model build/emoji/run/step-017770 data:toys

The weights are the averaged ones, and the optimiser is new: the loss rises for some hundred steps before it falls
again. Words that the model lacks begin with the embedding of a similar word, or as words that are like none. A camera
that it does not know begins without effect.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
import tyro
from safetensors.torch import load_file
from torch import Tensor

from potstill.priors.loading import EMOJI
from training import checkpoint
from training.examples import Emoji
from training.model import Architecture, Networks, build_tokenizer
from training.toys.examples import Toys

_LIKE = {"above": "top", "below": "bottom"}
"""The word that a new one begins as."""


@dataclass(frozen=True)
class Reopen:
    """Input and output."""

    step: int
    """The number of training steps, from the README.md of the weights; 0 for another model."""
    folder: Path = Path("build/emoji/run")
    """The folder of the run."""
    model: Path = EMOJI
    """The folder that `training.export` wrote, or that of a checkpoint."""
    architecture: Architecture = field(default_factory=Architecture)
    """Sizes of the networks."""
    data: Emoji | Toys = field(default_factory=Emoji)
    """What the model is going to be trained on."""


def _weights(place: Path) -> tuple[dict[str, Tensor], dict[str, int]]:
    """The weights of a checkpoint or of an exported folder, and the numbers of its words."""
    if (place / "state.json").exists():
        words = checkpoint.read(place)["vocabulary"]
        return load_file(place / "average.safetensors"), {word: number for number, word in enumerate(words)}
    parts = {"unet": "unet/diffusion_pytorch_model", "text_encoder": "text_encoder/model"}
    files = {part: load_file(place / f"{name}.safetensors") for part, name in parts.items()}
    weights = {f"{part}.{key}": value.float() for part, found in files.items() for key, value in found.items()}
    return weights, json.loads((place / "tokenizer" / "tokenizer.json").read_text())["model"]["vocab"]


def _of_words(rows: Tensor, before: dict[str, int], now: dict[str, int]) -> Tensor:
    """The embeddings in the order of today's vocabulary; a word that is like none gets a random one of usual size."""
    fresh = rows.mean(0) + rows.std(0) * torch.randn(
        len(now), rows.shape[1], generator=torch.Generator().manual_seed(0)
    )
    for word, number in now.items():
        known = word if word in before else _LIKE.get(word)
        if known is not None:
            fresh[number] = rows[before[known]]
    return fresh


def main(reopen: Reopen) -> None:
    """Write the checkpoint."""
    if checkpoint.found(reopen.folder):
        sys.exit(f"{reopen.folder} already contains a run: choose another --folder")
    tokenizer = build_tokenizer(reopen.data.words)
    torch.manual_seed(0)
    model = Networks(reopen.architecture, tokenizer, reopen.data.camera)
    weights, before = _weights(reopen.model)
    found = {
        key: _of_words(value, before, tokenizer.vocab) if "token_embedding" in key else value
        for key, value in weights.items()
    }
    camera = {key: value for key, value in model.state_dict().items() if "class_embedding" in key}
    last = {key: torch.zeros_like(value) for key, value in camera.items() if "linear_2" in key}
    model.load_state_dict(camera | last | found)
    fresh = checkpoint.Trained(model)
    fresh.step = reopen.step
    print(fresh.save(reopen.folder, keep=1))


if __name__ == "__main__":
    main(tyro.cli(Reopen, description=__doc__))
