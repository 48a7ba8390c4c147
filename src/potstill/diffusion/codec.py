"""Codecs convert between images and latents; only they know a model's range of values."""

import abc
from dataclasses import dataclass

import torch.nn.functional as F

from potstill.tensors import Grid, Images


class Codec(abc.ABC):
    """Converts images to latents and back."""

    factor: int
    """The side of a latent cell, in pixels."""

    @abc.abstractmethod
    def encode(self, images: Images) -> Grid:
        """The latents [b, c, h / factor, w / factor] of images in [0, 1]; differentiable and deterministic."""

    @abc.abstractmethod
    def decode(self, latents: Grid) -> Images:
        """The images of latents, in [0, 1]."""


@dataclass(frozen=True)
class PixelUnshuffle(Codec):
    """Pixels without a network: [0, 1] becomes [-1, 1], and every block of factor x factor pixels becomes channels.

    Exact in both directions. Factor 1 is the codec of pixel-space models such as DDPM and DeepFloyd IF.
    """

    factor: int = 1

    def encode(self, images: Images) -> Grid:
        """Pixel unshuffle of 2 images - 1."""
        return F.pixel_unshuffle(2 * images - 1, self.factor)

    def decode(self, latents: Grid) -> Images:
        """The inverse of `encode`, clamped."""
        return ((F.pixel_shuffle(latents, self.factor) + 1) / 2).clamp(0, 1)
