"""Between images and what a network denoises; the only place that knows a model's range."""

import abc
from dataclasses import dataclass

import torch.nn.functional as F

from potstill.tensors import Grid, Images


class Codec(abc.ABC):
    """Images to latents and back."""

    factor: int
    """Pixels along each side of a latent cell."""

    @abc.abstractmethod
    def encode(self, images: Images) -> Grid:
        """The latents of images, differentiable; always the same ones for the same images."""

    @abc.abstractmethod
    def decode(self, latents: Grid) -> Images:
        """The images of latents, within [0, 1]."""


@dataclass(frozen=True)
class PixelUnshuffle(Codec):
    """No network: [0, 1] becomes [-1, 1], and every block of factor x factor pixels moves into channels.

    Exact both ways. Factor 1 is the codec of pixel-space models such as DDPM and DeepFloyd IF.
    """

    factor: int = 1

    def encode(self, images: Images) -> Grid:
        """Pixel unshuffle of 2 images - 1."""
        return F.pixel_unshuffle(2 * images - 1, self.factor)

    def decode(self, latents: Grid) -> Images:
        """The inverse of `encode`, clamped."""
        return ((F.pixel_shuffle(latents, self.factor) + 1) / 2).clamp(0, 1)
