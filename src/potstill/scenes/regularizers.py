"""Regularisers: small losses beside the distilled one, on the scene that a step renders."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.errors import InputError
from potstill.fields import Weighted, check_number, no_type_check, shown
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.scene import Scene, View
from potstill.scenes.viewing import Solid
from potstill.scenes.volume import Volume
from potstill.tensors import Latent


@dataclass(frozen=True)
class Regularizer(Weighted, abc.ABC):
    """A loss on a scene, weight · loss, added to the distilled one of each step."""

    @abc.abstractmethod
    def __call__(self, scene: Solid, opacity: Float[Tensor, "v 1 h w"]) -> Float[Tensor, ""]:
        """The loss, without the weight, of a scene whose views have this opacity.

        Raises:
            InputError: the scene is of another kind than this is for.
        """


@dataclass(frozen=True)
class Sparsity(Regularizer):
    """mean sqrt(opacity² + 0.01): against haze before the background (threestudio's settings of DreamFusion)."""

    def __call__(self, scene: Solid, opacity: Float[Tensor, "v 1 h w"]) -> Float[Tensor, ""]:
        """The mean over pixels."""
        return (opacity.square() + 0.01).sqrt().mean()


@dataclass(frozen=True)
class Opaqueness(Regularizer):
    """mean of -o log o - (1 - o) log(1 - o): opacities o of pixels become 0 or 1 (threestudio)."""

    def __call__(self, scene: Solid, opacity: Float[Tensor, "v 1 h w"]) -> Float[Tensor, ""]:
        """The mean over pixels, with o at least 0.001 from 0 and 1."""
        o = opacity.clamp(1e-3, 1 - 1e-3)
        return -(o * o.log() + (1 - o) * (1 - o).log()).mean()


@dataclass(frozen=True)
class Orientation(Regularizer):
    """sum_i weight_i max(0, n_i · d)², averaged over rays: normals n_i of a volume do not face away from the camera.

    Of Ref-NeRF (arXiv 2112.03907, eq. 11) and DreamFusion; n is the direction in which the density falls, d that of the
    ray. The weights of the samples have no gradient, as in DreamFusion.
    """

    def __call__(self, scene: Solid, opacity: Float[Tensor, "v 1 h w"]) -> Float[Tensor, ""]:
        """The mean over rays."""
        if not isinstance(scene, Volume) or scene.samples is None:
            raise InputError(f"Orientation() is for a Volume, and {type(scene).__name__} has no normals: leave it out")
        points, directions, weights = scene.samples
        slopes = torch.stack(torch.gradient(F.softplus(scene.densities))[::-1])  # along x, y, z
        away = F.normalize(-scene.look_up(slopes, points), dim=0)
        facing = torch.einsum("cvhws,vhwc->vhws", away, directions).clamp(min=0)
        return (weights.detach() * facing.square()).sum(-1).mean()


@dataclass(frozen=True)
class Held(Regularizer):
    """|m|² + (r - size)²: the object's centre m stays at the origin, and its mean distance r from it at `size`.

    Both are weighted by opacity, or by density. Without it a scene may drift out of the views.

    Raises:
        InputError: the size is not above 0.
    """

    size: float = 0.5

    def __post_init__(self) -> None:
        """Check the size."""
        super().__post_init__()
        check_number("size", self.size, 1e-6, 1e6, usual="0.5")

    def __call__(self, scene: Solid, opacity: Float[Tensor, "v 1 h w"]) -> Float[Tensor, ""]:
        """From the scene alone."""
        places, shares = scene.mass()
        shares = shares / shares.sum().clamp(min=1e-12)
        centre = shares @ places
        radius = (shares * (places.square().sum(1) + 1e-12).sqrt()).sum()
        return centre.square().sum() + (radius - self.size) ** 2


@dataclass(frozen=True)
class ScaleLimit(Regularizer):
    """mean of max(0, log(scale / largest))² over the axes of all Gaussians: no needles, and none as large as the scene.

    Raises:
        InputError: the largest scale is not above 0.
    """

    largest: float = 0.1

    def __post_init__(self) -> None:
        """Check the scale."""
        super().__post_init__()
        check_number("largest", self.largest, 1e-9, 1e9, usual="0.1")

    def __call__(self, scene: Solid, opacity: Float[Tensor, "v 1 h w"]) -> Float[Tensor, ""]:
        """From the scales."""
        if not isinstance(scene, Gaussians):
            raise InputError(f"ScaleLimit() is for Gaussians, and {type(scene).__name__} has no scales: leave it out")
        largest = scene.log_scales.new_tensor(self.largest).log()
        return (scene.log_scales - largest).clamp(min=0).square().mean()


class Regularized(Scene):
    """A 3-D scene with regularisers: the render is the scene's, and its backward pass adds the slopes of the losses."""

    costly = True

    @no_type_check
    def __init__(self, scene: Solid, regularizers: Sequence[Regularizer]) -> None:
        """With the sum of these losses.

        Raises:
            InputError: the scene is not in 3-D, or one of these is not a regulariser.
        """
        super().__init__()
        if not isinstance(scene, Solid):
            raise InputError(f"scene = {shown(scene)} must be Gaussians or a Volume")
        for each in regularizers:
            if not isinstance(each, Regularizer):
                raise InputError(f"regularizer = {shown(each)} must be one such as Sparsity(0.1)")
        self.scene, self.regularizers = scene, tuple(regularizers)

    def view(self, rng: Generator) -> View:
        """A view of the inner scene."""
        return self.scene.view(rng)

    def forward(self, view: View) -> Latent:
        """The render of the inner scene."""
        colour, opacity = self.scene.shade(view)
        x0 = self.scene.encoded(colour, opacity, view)
        if not (self.regularizers and torch.is_grad_enabled()):
            return x0
        loss = torch.stack([each.weight * each(self.scene, opacity) for each in self.regularizers]).sum()
        return _Beside.apply(x0, loss)  # type: ignore[return-value]


class _Beside(torch.autograd.Function):
    """x0 itself; its backward pass is that of a loss beside it as well."""

    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        """x0."""
        x0, loss = inputs
        ctx.one = torch.ones_like(loss)
        return x0.view_as(x0)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """The slope of x0, and 1 for the loss."""
        return slope, ctx.one
