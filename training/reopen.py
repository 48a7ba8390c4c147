"""A checkpoint from weights that were exported, so that training can go on where nothing else of it is left.

    python -m training.reopen --step 9000 --folder build/emoji/run

The weights are the averaged ones in half precision, and the optimiser begins afresh: the loss rises for some hundred
steps before it falls again.
"""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import tyro
from safetensors.torch import load_file

from potstill.priors.loading import EMOJI
from training import checkpoint
from training.model import Architecture, Emoji, build_tokenizer, described
from training.muon import Muon


@dataclass(frozen=True)
class Reopen:
    """Which weights, and where the checkpoint goes."""

    step: int
    """How many steps they were trained; their README.md says it."""
    folder: Path = Path("build/emoji/run")
    """The run that the checkpoint becomes part of."""
    model: Path = EMOJI
    """The folder that `training.export` wrote."""
    architecture: Architecture = field(default_factory=Architecture)
    """Sizes of the networks."""


def main(reopen: Reopen) -> None:
    """Write the checkpoint."""
    if checkpoint.found(reopen.folder):
        sys.exit(f"{reopen.folder} holds a run already: name another --folder")
    tokenizer = build_tokenizer()
    model = Emoji(reopen.architecture, len(tokenizer))
    for part, name in ((model.unet, "unet/diffusion_pytorch_model"), (model.text_encoder, "text_encoder/model")):
        weights = load_file(reopen.model / f"{name}.safetensors")
        part.load_state_dict({key: value.float() for key, value in weights.items()})
    fresh, state = Muon(model, rate=0.0), described(reopen.architecture, tokenizer)
    print(checkpoint.save(reopen.folder, reopen.step, model, model.state_dict(), fresh, state, keep=1))


if __name__ == "__main__":
    main(tyro.cli(Reopen, description=__doc__))
