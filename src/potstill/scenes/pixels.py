"""Pixels: images optimised through the codec."""

from typing import ClassVar

from potstill.diffusion.codec import Codec
from potstill.scenes.scene import Scene, View, parameter
from potstill.tensors import Grid, Images


class Pixels(Scene):
    """Images [b, 3, h, w] whose render is their encoding; the gradient passes through the encoder.

    Pixels outside [0, 1] are clamped with a straight-through gradient, so that they can return.
    """

    costly: ClassVar = True

    def __init__(self, images: Images, codec: Codec) -> None:
        """Start from these images."""
        super().__init__()
        self.pixels = parameter(images, "images")
        self.codec = codec

    @property
    def images(self) -> Images:
        """The pixels, clamped to [0, 1]."""
        return self.pixels + (self.pixels.clamp(0, 1) - self.pixels).detach()

    def forward(self, view: View) -> Grid:
        """The latents of the images."""
        return self.codec.encode(self.images)
