"""Type names for shapes of tensors, and functions that most formulas use."""

import torch
from jaxtyping import Float, Shaped, UInt8
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
    return coefficient.to(x.device, x.dtype).reshape(-1, *[1] * (x.ndim - 1))


def normal(like: Float[Tensor, "..."], rng: Generator) -> Float[Tensor, "..."]:
    """A standard normal draw with the shape, dtype and device of `like`, drawn on the generator's device."""
    return torch.randn(like.shape, generator=rng, dtype=like.dtype, device=rng.device).to(like.device)


def owned(tensor: Shaped[Tensor, "*s"]) -> Shaped[Tensor, "*s"]:
    """The tensor in memory of its own, which torch has aligned.

    A safetensors file is mapped into memory, so its tensors have the alignment of the file, and kernels round
    differently by alignment: the same numbers in two files would give two results.
    """
    return tensor.detach().clone(memory_format=torch.preserve_format)
