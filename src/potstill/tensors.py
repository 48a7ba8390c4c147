"""Type names for shapes of tensors, and three functions that most formulas use."""

import torch
from jaxtyping import Float, UInt8
from torch import Generator, Tensor

Latent = Float[Tensor, " b *d"]
"""Points, pixels or latents, batch first."""
Grid = Float[Tensor, "b c rows columns"]
"""Latents of images."""
Images = Float[Tensor, "b 3 h w"]
"""RGB in [0, 1]."""
Levels = UInt8[Tensor, "b 3 h w"]
"""RGB in 8 bits."""
Factor = Float[Tensor, "..."]
"""A coefficient shaped for the data axes of a latent (`per_sample`), [b, 1, ...], or a single number."""
Times = Float[Tensor, " #b"]
"""Times or coefficients: one for each sample, or one for all."""


def per_sample(coefficient: Times, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Shape a coefficient [b] so that it broadcasts over the data axes of x [b, ...], in x's dtype and device."""
    return coefficient.to(x).reshape(-1, *[1] * (x.ndim - 1))


def norm_of_each(x: Latent) -> Times:
    """|x| for each sample, [b]."""
    return torch.linalg.vector_norm(x.flatten(1), dim=1)


def normal(like: Float[Tensor, "..."], rng: Generator) -> Float[Tensor, "..."]:
    """A standard normal draw with the shape, dtype and device of `like`, drawn on the generator's device."""
    return torch.randn(like.shape, generator=rng, dtype=like.dtype, device=rng.device).to(like.device)
