"""Pixels: an image that is optimised through the codec."""

from torch import nn

from potstill.diffusion.codec import Codec
from potstill.scenes.scene import Scene, View
from potstill.tensors import Grid, Images


class Pixels(Scene):
    """Images [b, 3, h, w] whose render is their encoding, so the gradient passes through the encoder.

    A pixel that a step moved out of [0, 1] counts as the nearest in it, and its gradient as if it did not,
    so that it can come back.
    """

    def __init__(self, images: Images, codec: Codec) -> None:
        """Start at the images given."""
        super().__init__()
        self.pixels = nn.Parameter(images.detach().clone())
        self.codec = codec

    @property
    def images(self) -> Images:
        """The pixels, within [0, 1]."""
        return self.pixels + (self.pixels.clamp(0, 1) - self.pixels).detach()

    def forward(self, view: View) -> Grid:
        """Their latents."""
        return self.codec.encode(self.images)
