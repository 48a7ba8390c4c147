"""The loss and its noise levels.

With x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) eps, an error of the predicted x0 is an error of the predicted
v = sqrt(abar_t) eps - sqrt(1 - abar_t) x0 divided by sqrt(1 - abar_t) (Salimans and Ho 2022,
arXiv:2202.00512). So |x0_hat - x0|^2 / (1 - abar_t) is the v loss; the floor keeps it finite without
noise.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from training.model import Latents, Times

FLOOR = 0.04


def draw_times(count: int, rng: torch.Generator, steps: int = 1000) -> Times:
    """Noise levels: half uniform, half logit-normal, because the middle levels determine the image.

    They are on the device of the generator.
    """
    uniform = torch.rand(count, generator=rng, device=rng.device)
    middle = torch.randn(count, generator=rng, device=rng.device).sigmoid()
    share = torch.where(torch.arange(count, device=rng.device) % 2 == 0, uniform, middle)
    return (share * steps).long().clamp(max=steps - 1)


def perturb(x0: Latents, eps: Latents, abar_t: Float[Tensor, " b"]) -> Latents:
    """The noisy images x_t; `abar_t` has one value per image."""
    abar_t = abar_t[:, None, None, None]
    return abar_t.sqrt() * x0 + (1 - abar_t).sqrt() * eps


def v_loss(x0_hat: Latents, x0: Latents, abar_t: Float[Tensor, " b"]) -> Float[Tensor, ""]:
    """The mean v loss of predictions of x0."""
    error = (x0_hat.float() - x0).square().mean((1, 2, 3))
    return (error / (1 - abar_t).clamp(min=FLOOR)).mean()
