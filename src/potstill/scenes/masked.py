"""A scene that is fixed outside a mask."""

from jaxtyping import Float
from torch import Generator, Tensor

from potstill.errors import InputError
from potstill.scenes.scene import Scene, View
from potstill.tensors import Latent


class Masked(Scene):
    """render = outside + mask (scene - outside); where the mask is 0 the gradient is 0, so nothing changes."""

    mask: Float[Tensor, "..."]
    outside: Latent

    def __init__(self, scene: Scene, mask: Float[Tensor, "..."], outside: Latent) -> None:
        """Blend a scene with `outside` by a mask in [0, 1] that broadcasts over the render.

        Raises:
            InputError: the mask does not broadcast.
        """
        super().__init__()
        if mask.ndim > outside.ndim or any(
            one not in (1, other) for one, other in zip(mask.shape[::-1], outside.shape[::-1], strict=False)
        ):
            raise InputError(f"a mask of shape {tuple(mask.shape)} does not fit a render of {tuple(outside.shape)}")
        self.scene = scene
        self.register_buffer("mask", mask)
        self.register_buffer("outside", outside.detach().clone())

    def view(self, rng: Generator) -> View:
        """A view of the inner scene."""
        return self.scene.view(rng)

    def forward(self, view: View) -> Latent:
        """The blended render.

        Raises:
            InputError: the scene's render has another shape than `outside`.
        """
        render = self.scene(view)
        if render.shape != self.outside.shape:
            shapes = f"{tuple(render.shape)}, and outside of it {tuple(self.outside.shape)}"
            raise InputError(f"the masked scene's render has shape {shapes}: they must be the same")
        return self.outside + self.mask * (render - self.outside)
