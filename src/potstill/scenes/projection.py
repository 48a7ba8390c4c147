"""3-D Gaussians as the cameras see them: 2-D Gaussians in pixels (EWA splatting, as in 3DGS, arXiv 2308.04079)."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from potstill.scenes.cameras import Cameras

BLUR = 0.3
"""Pixels², added to both variances, so that no Gaussian is thinner than a pixel (3DGS)."""
NEAR = 0.01
"""Gaussians nearer to the camera than this share of its distance from the origin, or of their own size, are left out.

Relative, so that a scene and its cameras can be scaled together.
"""
MARGIN = 0.3
"""Beyond the frame by this share of its half side, a Gaussian has the shape it has there (3DGS); else spikes appear."""


class Splats(NamedTuple):
    """Gaussians in the pictures of v cameras; numbers of those that are not visible mean nothing."""

    centre: Float[Tensor, "v n 2"]
    """In pixels."""
    covariance: Float[Tensor, "v n 3"]
    """xx, xy and yy in pixels²."""
    conic: Float[Tensor, "v n 3"]
    """xx, xy and yy of its inverse."""
    depth: Float[Tensor, "v n"]
    """Along the axis of the camera."""
    visible: Bool[Tensor, "v n"]
    """Whether it lies in front of the camera."""


def rotations(quaternions: Float[Tensor, "n 4"]) -> Float[Tensor, "n 3 3"]:
    """The rotation matrices of quaternions (w, x, y, z) of any length above 0."""
    w, x, y, z = (quaternions / quaternions.norm(dim=1, keepdim=True)).unbind(1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([each for row in rows for each in row], 1).reshape(-1, 3, 3)


def project(
    means: Float[Tensor, "n 3"],
    log_scales: Float[Tensor, "n 3"],
    quaternions: Float[Tensor, "n 4"],
    cameras: Cameras,
) -> Splats:
    """The Gaussians N(mean, R S² R^T) in the pictures: their centres K p / z, and covariances

        T T^T + 0.3 I,   T = J W R S,   J = [[f_x / z, 0, -f_x x / z²], [0, f_y / z, -f_y y / z²]],

    with p = (x, y, z) the mean in the axes of the camera and W its rotation. Differentiable in everything.
    """
    motion, intrinsics = cameras.world_to_camera.to(means), cameras.intrinsics.to(means)
    turn, shift = motion[:, :3, :3], motion[:, :3, 3]
    x, y, z = (means @ turn.mT + shift[:, None]).unbind(2)
    scales = log_scales.exp()
    near = NEAR * torch.maximum(cameras.position.norm(dim=1)[:, None].to(means), scales.detach().amax(1))
    visible = (z > near) & (z < torch.inf)
    z = z.where(visible, 1.0)
    x, y = x.where(visible, 0.0) / z, y.where(visible, 0.0) / z
    focal, middle = intrinsics[:, [0, 1], [0, 1]], intrinsics[:, :2, 2]
    side = torch.tensor([cameras.width, cameras.height]).to(means)
    centre = torch.stack([focal[:, :1] * x + middle[:, :1], focal[:, 1:] * y + middle[:, 1:]], 2)
    low, high = (middle + MARGIN * side / 2) / -focal, (side - middle + MARGIN * side / 2) / focal
    x, y = x.clamp(low[:, :1], high[:, :1]), y.clamp(low[:, 1:], high[:, 1:])
    axes = torch.einsum("vij,njk->ivnk", turn, rotations(quaternions) * scales[:, None])
    axes = axes.where(visible[..., None], 0.0) / z[..., None]
    first = focal[:, :1, None] * (axes[0] - x[..., None] * axes[2])
    second = focal[:, 1:, None] * (axes[1] - y[..., None] * axes[2])
    xx, xy, yy = (first * first).sum(2), (first * second).sum(2), (second * second).sum(2)
    # xx yy - xy² as a square: in float32 the difference of the products of a long, thin Gaussian would be noise
    area = torch.linalg.cross(first, second).square().sum(2)
    determinant = area + BLUR * (xx + yy) + BLUR**2
    covariance = torch.stack([xx + BLUR, xy, yy + BLUR], 2)
    conic = torch.stack([yy + BLUR, -xy, xx + BLUR], 2) / determinant[..., None]
    return Splats(centre, covariance, conic, z, visible)
