"""A part of a scene held fixed: edit only here."""

from jaxtyping import Float
from torch import Generator, Tensor

from potstill.scenes.scene import Scene, View
from potstill.tensors import Latent


class Masked(Scene):
    """render = outside + mask (scene - outside): where the mask is 0 nothing moves, for no gradient arrives."""

    mask: Tensor
    outside: Tensor

    def __init__(self, scene: Scene, mask: Float[Tensor, "..."], outside: Latent) -> None:
        """A mask in [0, 1] that broadcasts over the render, and what is seen where it is 0."""
        super().__init__()
        self.scene = scene
        self.register_buffer("mask", mask)
        self.register_buffer("outside", outside.detach().clone())

    def view(self, rng: Generator) -> View:
        """The scene's."""
        return self.scene.view(rng)

    def forward(self, view: View) -> Latent:
        """The blend."""
        return self.outside + self.mask * (self.scene(view) - self.outside)
