"""Cameras."""

import torch
from jaxtyping import Float
from torch import Generator, Tensor


def random_cameras(count: int, rng: Generator, dtype: torch.dtype) -> Float[Tensor, "n 2 3"]:
    """The first two rows of uniformly random rotations, by QR of normal matrices."""
    q, r = torch.linalg.qr(torch.randn(count, 3, 2, generator=rng, dtype=dtype))
    return (q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]).mT.contiguous()
