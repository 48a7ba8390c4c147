"""Pictures of Gaussians: on the CPU by `compositing`, for CUDA tensors by gsplat."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError, Note
from potstill.scenes.cameras import Cameras
from potstill.scenes.compositing import composite
from potstill.scenes.projection import BLUR, NEAR, Splats, project


def splat(
    means: Float[Tensor, "n 3"],
    log_scales: Float[Tensor, "n 3"],
    quaternions: Float[Tensor, "n 4"],
    opacity: Float[Tensor, " n"],
    colour: Float[Tensor, "v n 3"],
    cameras: Cameras,
) -> tuple[Float[Tensor, "v 3 h w"], Float[Tensor, "v 1 h w"], Splats | None]:
    """The pictures on black, their opacity, and on the CPU the projected Gaussians.

    Says so, once, where no Gaussian is in front of any of the cameras.

    Raises:
        InputError: the tensors are on a CUDA device, and gsplat is not installed.
    """
    if means.is_cuda:
        picture, alpha = _on_cuda(means, log_scales, quaternions, opacity, colour, cameras)
        return picture, alpha, None
    splats = project(means, log_scales, quaternions, cameras)
    if not splats.visible.any():
        warnings.warn(
            "no Gaussian is in front of the cameras, so the pictures are empty: turn the scene, or move the cameras",
            Note,
            stacklevel=4,
        )
    return *composite(splats, opacity, colour, cameras.width, cameras.height), splats


def _on_cuda(
    means: Tensor, log_scales: Tensor, quaternions: Tensor, opacity: Tensor, colour: Tensor, cameras: Cameras
) -> tuple[Tensor, Tensor]:
    """By gsplat, whose kernels need the near plane as one number: that of the camera nearest to the origin."""
    try:
        from gsplat import rasterization  # type: ignore[import-not-found]
    except ImportError as error:
        raise InputError(f"Gaussians on a GPU are drawn by gsplat ({error}): pip install potstill[gpu]") from error
    picture, alpha, _ = rasterization(
        means=means,
        quats=quaternions,
        scales=log_scales.exp(),
        opacities=opacity,
        colors=colour,
        viewmats=cameras.world_to_camera.to(means),
        Ks=cameras.intrinsics.to(means),
        width=cameras.width,
        height=cameras.height,
        near_plane=max(NEAR * float(cameras.position.norm(dim=1).min()), torch.finfo(means.dtype).tiny),
        eps2d=BLUR,
        packed=True,
    )
    return picture.permute(0, 3, 1, 2), alpha.permute(0, 3, 1, 2)
