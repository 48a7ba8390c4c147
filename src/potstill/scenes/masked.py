"""A scene that is fixed outside a mask."""

from jaxtyping import Float
from torch import Generator, Tensor

from potstill.scenes.scene import Scene, View
from potstill.tensors import Latent


class Masked(Scene):
    """render = outside + mask (scene - outside); where the mask is 0 the gradient is 0, so nothing changes."""

    mask: Float[Tensor, "..."]
    outside: Latent

    def __init__(self, scene: Scene, mask: Float[Tensor, "..."], outside: Latent) -> None:
        """Blend a scene with `outside` by a mask in [0, 1] that broadcasts over the render."""
        super().__init__()
        self.scene = scene
        self.register_buffer("mask", mask)
        self.register_buffer("outside", outside.detach().clone())

    def view(self, rng: Generator) -> View:
        """A view of the inner scene."""
        return self.scene.view(rng)

    def forward(self, view: View) -> Latent:
        """The blended render."""
        return self.outside + self.mask * (self.scene(view) - self.outside)
