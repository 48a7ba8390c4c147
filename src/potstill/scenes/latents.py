"""Latents: images optimised in the latent space."""

from potstill.diffusion.codec import Codec
from potstill.scenes.scene import Scene, View, parameter
from potstill.tensors import Grid, Images


class Latents(Scene):
    """Latents [b, c, h, w] that are their own render: images are encoded once before the run and decoded for
    display."""

    def __init__(self, latents: Grid, codec: Codec) -> None:
        """Start from these latents."""
        super().__init__()
        self.latents = parameter(latents, "latents")
        self.codec = codec

    @property
    def images(self) -> Images:
        """The decoded latents."""
        return self.codec.decode(self.latents)

    def forward(self, view: View) -> Grid:
        """The latents."""
        return self.latents
