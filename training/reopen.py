"""Make a checkpoint from exported weights, to continue training when nothing else is left.

    python -m training.reopen --step 9000 --folder build/emoji/run

The weights are the averaged ones in half precision, and the optimiser is new: the loss rises for some hundred steps
before it falls again. Words that the exported model lacks begin with the embedding of a similar word.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro
from safetensors.torch import load_file
from torch import Tensor

from potstill.priors.loading import EMOJI
from training import checkpoint
from training.model import Architecture, Emoji, build_tokenizer, described
from training.muon import Muon

_LIKE = {"above": "top", "below": "bottom"}
"""The word that a new one begins as."""


@dataclass(frozen=True)
class Reopen:
    """Input and output."""

    step: int
    """The number of training steps, from the README.md of the weights."""
    folder: Path = Path("build/emoji/run")
    """The folder of the run."""
    model: Path = EMOJI
    """The folder that `training.export` wrote."""
    architecture: Architecture = field(default_factory=Architecture)
    """Sizes of the networks."""


def _of_words(key: str, value: Tensor, model: Path) -> Tensor:
    """The weights, with embeddings in the order of today's vocabulary."""
    if "token_embedding" not in key:
        return value
    before = json.loads((model / "tokenizer" / "tokenizer.json").read_text())["model"]["vocab"]
    now = build_tokenizer().vocab
    return value[[before[word if word in before else _LIKE[word]] for word in sorted(now, key=lambda word: now[word])]]


def main(reopen: Reopen) -> None:
    """Write the checkpoint."""
    if checkpoint.found(reopen.folder):
        sys.exit(f"{reopen.folder} already contains a run: choose another --folder")
    tokenizer = build_tokenizer()
    model = Emoji(reopen.architecture, len(tokenizer))
    for part, name in ((model.unet, "unet/diffusion_pytorch_model"), (model.text_encoder, "text_encoder/model")):
        weights = load_file(reopen.model / f"{name}.safetensors")
        part.load_state_dict({key: _of_words(key, value.float(), reopen.model) for key, value in weights.items()})
    fresh, state = Muon(model, rate=0.0), described(reopen.architecture, tokenizer)
    print(checkpoint.save(reopen.folder, reopen.step, model, model.state_dict(), fresh, state, keep=1))


if __name__ == "__main__":
    main(tyro.cli(Reopen, description=__doc__))
