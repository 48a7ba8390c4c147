"""The smallest model of the emoji's kind, with random weights: for what must hold of any weights."""

import torch

from potstill.priors.unets import StableDiffusion
from training.captions import BACKGROUNDS, Thing
from training.data import Drawings
from training.icons import icons
from training.model import Architecture, Networks, as_prior, build_tokenizer


def tiny_emoji(seed: int = 0) -> StableDiffusion:
    """A fresh prior."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return as_prior(Networks(Architecture((32, 32, 32), 2, 24, 1), build_tokenizer()).requires_grad_(False))


def blank_drawings() -> Drawings:
    """Empty drawings, of every icon in every colour."""
    things = [Thing(icon) for icon in icons()]
    things += [Thing(icon, colour) for icon in icons() if not icon.tone for colour in BACKGROUNDS]
    empty = torch.zeros(1, 4, 64, 64, dtype=torch.uint8)
    return Drawings(empty, {thing: index for index, thing in enumerate(things)}, {})
