"""The smallest model of the emoji's kind, with random weights: for what must hold of any weights."""

import torch

from potstill.priors.unets import StableDiffusion
from training.model import Architecture, Emoji, as_prior, build_tokenizer


def tiny_emoji(seed: int = 0) -> StableDiffusion:
    """A fresh prior."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return as_prior(Emoji(Architecture((32, 32, 32), 2, 24, 1), len(build_tokenizer())).requires_grad_(False))
