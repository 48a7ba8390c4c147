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

    Says so, once, where the cameras see no Gaussian.

    Raises:
        InputError: the tensors are on a CUDA device, and gsplat is not installed.
    """
    if means.is_cuda:
        picture, alpha, seen = _on_cuda(means, log_scales, quaternions, opacity, colour, cameras)
        _note_unseen(seen)
        return picture, alpha, None
    splats = project(means, log_scales, quaternions, cameras)
    _note_unseen(bool(splats.visible.any()))
    return *composite(splats, opacity, colour, cameras.width, cameras.height), splats


def _note_unseen(seen: bool) -> None:
    if not seen:
        warnings.warn(
            "the cameras see no Gaussian, so the pictures are empty: turn the scene, or move the cameras",
            Note,
            stacklevel=5,
        )


def _on_cuda(
    means: Tensor, log_scales: Tensor, quaternions: Tensor, opacity: Tensor, colour: Tensor, cameras: Cameras
) -> tuple[Tensor, Tensor, bool]:
    """By gsplat, and whether any Gaussian is in a picture. Its kernels compute in float32, and need the near plane as
    one number: that of the camera nearest to the origin.
    """
    try:
        from gsplat import rasterization  # type: ignore[import-not-found]
    except ImportError as error:
        raise InputError(f"Gaussians on a GPU are drawn by gsplat ({error}): pip install potstill[gpu]") from error
    picture, alpha, about = rasterization(
        means=means.float(),
        quats=quaternions.float(),
        scales=log_scales.exp().float(),
        opacities=opacity.float(),
        colors=colour.float(),
        viewmats=cameras.world_to_camera.to(means.device, torch.float32),
        Ks=cameras.intrinsics.to(means.device, torch.float32),
        width=cameras.width,
        height=cameras.height,
        near_plane=max(NEAR * float(cameras.position.norm(dim=1).min()), torch.finfo(torch.float32).tiny),
        eps2d=BLUR,
        packed=True,
    )
    picture, alpha = (each.permute(0, 3, 1, 2).to(means.dtype) for each in (picture, alpha))
    return picture, alpha, len(about["gaussian_ids"]) > 0
