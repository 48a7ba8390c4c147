"""From edited Gaussians back to the surface they were sampled from: how the colours of its points changed."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from potstill.scenes.cameras import Cameras
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.splatting import splat

DISTANCE, FOV, SIZE = 3.0, 40.0, 160
"""Of the cameras that look at a scene in a ball of radius 0.8 or less."""
BEHIND = 0.08
"""How far a point may lie behind what a camera sees there, to be what it sees."""
GRAZING = 0.2
"""The least cosine between the normal of a point and the direction to a camera that sees it."""
CLOSED = 1.7
"""Gaussians that are wider by this factor, and opaque, leave no gap in the surface: its depth is that of the front."""
_POINTS = 100_000


class ColourChange(NamedTuple):
    """How the colours of points changed, in sRGB, and which of them were seen by a camera."""

    change: Float[Tensor, "m 3"]
    """0 where a point was not seen."""
    seen: Bool[Tensor, " m"]


def cameras_around(size: int = SIZE, radius: float = 1.0) -> Cameras:
    """26 cameras: four rings of six, and one above and one below; for a cube of side 2 radius."""
    azimuth = [60.0 * k + 30 * (ring % 2) for ring in range(4) for k in range(6)]
    elevation = [each for each in (-60.0, -20.0, 20.0, 60.0) for _ in range(6)]
    return Cameras.orbit([*azimuth, 0.0, 0.0], [*elevation, -90.0, 90.0], radius * DISTANCE, FOV, size)


@torch.no_grad()
def colour_change(
    before: Gaussians, after: Gaussians, points: Float[Tensor, "m 3"], normals: Float[Tensor, "m 3"]
) -> ColourChange:
    """The change of colour that cameras all around see at points of the surface, before and after an edit.

        change(p) = sum_c w_c (after_c(p) - before_c(p)) / sum_c w_c,   w_c = max(0, n · v)² opacity,

    over the cameras c from which p is not hidden; v is the direction to the camera. An edit that changed nothing
    changes no colour, to the bit.

    Args:
        before: Gaussians on the surface.
        after: the same, edited.
        points: of the surface.
        normals: of length 1.
    """
    cameras = cameras_around().to(before.means.dtype).to(before.means.device)
    pictures, opacity, depth = [], [], []
    for one in range(len(cameras)):
        camera = cameras[[one]]
        (old, old_alpha), (new, new_alpha) = (scene.shade(camera.view()) for scene in (before, after))
        far = (before.means - camera.position).mul(camera.world_to_camera[:, 2, :3]).sum(1)
        wide = (before.means, before.log_scales + math.log(CLOSED), before.quaternions, torch.full_like(far, 0.99))
        there, alpha, _ = splat(*wide, far[None, :, None].expand(1, -1, 3), camera)
        depth.append(there[:, :1] / alpha.clamp(min=1e-6))
        pictures.append(new / new_alpha.clamp(min=1e-6) - old / old_alpha.clamp(min=1e-6))
        opacity.append(torch.minimum(old_alpha, new_alpha))
    maps = torch.cat([torch.cat(each) for each in (pictures, opacity, depth)], 1)
    parts = [_seen(cameras, maps, p, n) for p, n in zip(points.split(_POINTS), normals.split(_POINTS), strict=True)]
    change, weight = (torch.cat(each) for each in zip(*parts, strict=True))
    return ColourChange(change / weight.clamp(min=1e-9)[:, None], weight > 0)


def _seen(
    cameras: Cameras, maps: Float[Tensor, "v 5 h w"], points: Float[Tensor, "m 3"], normals: Float[Tensor, "m 3"]
) -> tuple[Float[Tensor, "m 3"], Float[Tensor, " m"]]:
    """The weighted sum of the changes that cameras see at points, and the sum of the weights."""
    total, weights = torch.zeros_like(points), torch.zeros_like(points[:, 0])
    for one in range(len(cameras)):
        motion, intrinsics = cameras.world_to_camera[one], cameras.intrinsics[one]
        place = points @ motion[:3, :3].mT + motion[:3, 3]
        pixel = (place @ intrinsics.mT)[:, :2] / place[:, 2:]
        size = torch.tensor([cameras.width, cameras.height]).to(pixel)
        grid = (2 * pixel / size - 1)[None, None]
        found = F.grid_sample(maps[one][None], grid, align_corners=False, padding_mode="border")[0, :, 0].T
        towards = F.normalize(cameras.position[one] - points, dim=1)
        facing = (normals * towards).sum(1)
        seen = (facing > GRAZING) & (place[:, 2] - found[:, 4] < BEHIND) & (found[:, 3] > 0.5)
        weight = facing.square() * found[:, 3] * seen
        total += weight[:, None] * found[:, :3]
        weights += weight
    return total, weights
