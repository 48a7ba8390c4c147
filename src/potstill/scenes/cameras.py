"""Cameras: poses and intrinsics of several views, and what each pixel of them sees.

World: right-handed, z up. An object looks along -y, as in Blender, so its left is at +x. Azimuth 0 sees its front, from
-y; azimuth 90 sees its left side, from +x. Camera: the axes of OpenCV, x right, y down, z forward. Pixels: (0, 0) is
the corner of the picture at the upper left, and the first pixel's centre is (0.5, 0.5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int, Shaped
from torch import Generator, Tensor

from potstill.errors import InputError
from potstill.fields import check_count, check_number

LARGEST_SIDE = 16_384
"""The most pixels of a side of a picture."""
Angles = int | float | Sequence[int | float] | Float[Tensor, " _"]
"""Degrees, for each camera or for all."""
Size = int | tuple[int, int]
"""Pixels: the side of a square, or width and height."""


@dataclass(frozen=True, eq=False)
class Cameras:
    """Cameras [v] that take pictures of one size.

    A point p of the world has the pixel (K R p + K t) divided by its last entry, with (R, t) the first rows of
    `world_to_camera` and K the `intrinsics`.

    Args:
        world_to_camera: rigid motions [v, 4, 4]; OpenCV axes.
        intrinsics: [v, 3, 3], in pixels.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        index: the number of each camera in a fixed set, such as that of a bank of pictures.

    Raises:
        InputError: a number is not finite, a motion is not rigid, or a focal length or side is not positive.
    """

    world_to_camera: Float[Tensor, "v 4 4"]
    intrinsics: Float[Tensor, "v 3 3"]
    width: int
    height: int
    index: Int[Tensor, " v"] | None = None

    def __post_init__(self) -> None:
        """Check the cameras."""
        for name, side in (("width", self.width), ("height", self.height)):
            check_count(name, side, LARGEST_SIDE)
        motion, intrinsics = self.world_to_camera.detach(), self.intrinsics.detach()
        if motion.ndim != 3 or motion.shape[1:] != (4, 4) or intrinsics.shape != (len(motion), 3, 3):
            shapes = f"{tuple(motion.shape)} and intrinsics of shape {tuple(intrinsics.shape)}"
            raise InputError(f"cameras of shape {shapes} must be [v, 4, 4] and [v, 3, 3]")
        if not (motion.isfinite().all() and intrinsics.isfinite().all()):
            raise InputError("cameras hold NaN or infinity: poses and intrinsics must be finite")
        turn = motion[:, :3, :3]
        unit = torch.eye(3).to(turn)
        if ((turn @ turn.mT - unit).abs() > 1e-3).any() or (torch.linalg.det(turn) < 0).any():
            raise InputError(
                "world_to_camera must hold rotations without scale or mirroring: transpose or normalise its 3x3 part"
            )
        if (intrinsics[:, [0, 1], [0, 1]] <= 0).any():
            raise InputError("the focal lengths of cameras must be above 0 pixels: use OpenCV axes, with y down")
        if (intrinsics[:, [0, 1, 2, 2], [1, 0, 0, 1]] != 0).any() or (intrinsics[:, 2, 2] != 1).any():
            raise InputError(
                "intrinsics must be [[f_x, 0, c_x], [0, f_y, c_y], [0, 0, 1]]: skewed pixels are not known"
            )

    @classmethod
    def look_at(
        cls,
        position: Float[Tensor, "v 3"],
        at: Float[Tensor, "#v 3"] | None = None,
        up: Float[Tensor, "#v 3"] | None = None,
        fov: Angles = 40.0,
        size: Size = 64,
    ) -> "Cameras":
        """Cameras at positions [v, 3] that look at points, by default at the origin, with `up` (+z) upwards.

        Args:
            position: of each camera.
            at: what they look at.
            up: upwards in the picture. One that looks along it has +x of the world on its right.
            fov: the vertical field of view, in degrees.
            size: of the pictures.

        Raises:
            InputError: a camera lies at the point it looks at, or the field of view is not between 0 and 180 degrees.
        """
        at = torch.zeros(1, 3).to(position) if at is None else at
        up = torch.tensor([[0.0, 0.0, 1.0]]).to(position) if up is None else up
        forward = at - position
        if (forward.norm(dim=1) <= 0).any():
            raise InputError("a camera lies at the point it looks at: move it away")
        forward = forward / forward.norm(dim=1, keepdim=True)
        right = torch.linalg.cross(forward, up.expand_as(forward))
        blind = right.norm(dim=1, keepdim=True) < 1e-6
        right = torch.where(blind, torch.tensor([1.0, 0.0, 0.0]).to(right), right)
        right = right - (right * forward).sum(1, keepdim=True) * forward
        right = right / right.norm(dim=1, keepdim=True)
        return cls._posed(torch.stack([right, torch.linalg.cross(forward, right), forward], 1), position, fov, size)

    @classmethod
    def orbit(
        cls,
        azimuth: Angles,
        elevation: Angles = 0.0,
        distance: Angles = 3.0,
        fov: Angles = 40.0,
        size: Size = 64,
    ) -> "Cameras":
        """Cameras around the origin that look at it, upright.

        Args:
            azimuth: degrees: 0 sees the front, 90 the object's left, 180 the back.
            elevation: degrees above the horizon, from -90 to 90.
            distance: from the origin, above 0.
            fov: the vertical field of view, in degrees.
            size: of the pictures.

        Raises:
            InputError: an elevation, distance or field of view is out of range, or the lengths differ.
        """
        azimuth, elevation, distance = _rows(azimuth, elevation, distance)
        _check("elevation", elevation, -90.0, 90.0, "15")
        _check("distance", distance, 1e-6, 1e6, "3")
        _check("azimuth", azimuth, -1e6, 1e6, "0")
        (sin, height), (cos, flat) = ((f(azimuth.deg2rad()), f(elevation.deg2rad())) for f in (torch.sin, torch.cos))
        right = torch.stack([cos, sin, 0 * sin], 1)
        forward = -torch.stack([sin * flat, -cos * flat, height], 1)
        turn = torch.stack([right, torch.linalg.cross(forward, right), forward], 1)
        return cls._posed(turn, -distance[:, None] * forward, fov, size).to(torch.get_default_dtype())

    @classmethod
    def _posed(cls, turn: Float[Tensor, "v 3 3"], position: Float[Tensor, "v 3"], fov: Angles, size: Size) -> "Cameras":
        """From rotations, positions and a field of view."""
        width, height = (size, size) if isinstance(size, int) else size
        _, fov = _rows(position[:, 0], fov)
        check_count("height", height, LARGEST_SIDE)
        if not ((fov > 1e-3) & (fov < 179.9)).all():
            raise InputError(f"field of view = {fov.tolist()[:5]} must be between 0 and 180 degrees; 40 is usual")
        motion = torch.eye(4).to(turn).repeat(len(turn), 1, 1)
        motion[:, :3, :3], motion[:, :3, 3] = turn, -(turn @ position[:, :, None])[:, :, 0]
        focal = height / 2 / (fov.deg2rad() / 2).tan()
        intrinsics = torch.zeros_like(turn)
        intrinsics[:, 0, 0] = intrinsics[:, 1, 1] = focal.to(turn)
        intrinsics[:, 0, 2], intrinsics[:, 1, 2], intrinsics[:, 2, 2] = width / 2, height / 2, 1
        return cls(motion, intrinsics, width, height)

    @classmethod
    def of_view(cls, view: Mapping[str, Tensor]) -> "Cameras":
        """The cameras of a view (see `view`).

        Raises:
            InputError: the view holds none.
        """
        if missing := sorted({"world_to_camera", "intrinsics", "size"} - view.keys()):
            raise InputError(f"the view lacks {', '.join(missing)}: take it from scene.view(rng) or cameras.view()")
        width, height = view["size"][0].tolist()
        return cls(view["world_to_camera"], view["intrinsics"], width, height, view.get("index"))

    def view(self) -> dict[str, Tensor]:
        """These cameras as a scene's view: entries with a row for each camera, angles in degrees."""
        size = torch.tensor([[self.width, self.height]], device=self.world_to_camera.device).repeat(len(self), 1)
        entries = {"world_to_camera": self.world_to_camera, "intrinsics": self.intrinsics, "size": size}
        angles = {"azimuth": self.azimuth, "elevation": self.elevation}
        return {**entries, **angles, **({} if self.index is None else {"index": self.index})}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.world_to_camera)

    def __getitem__(self, which: "int | slice | Sequence[int] | Shaped[Tensor, ' n']") -> "Cameras":
        """Some of them."""
        which = [which] if isinstance(which, int) else which
        index = None if self.index is None else self.index[which]
        return replace(
            self, world_to_camera=self.world_to_camera[which], intrinsics=self.intrinsics[which], index=index
        )

    def numbered(self) -> "Cameras":
        """With the numbers from 0 up as the index."""
        return replace(self, index=torch.arange(len(self), device=self.world_to_camera.device))

    def to(self, kind: torch.dtype | torch.device) -> "Cameras":
        """In another dtype or on another device."""
        motion, intrinsics = self.world_to_camera.to(kind), self.intrinsics.to(kind)  # type: ignore[call-overload]
        index = None if self.index is None else self.index.to(motion.device)
        return replace(self, world_to_camera=motion, intrinsics=intrinsics, index=index)

    def resized(self, width: int, height: int) -> "Cameras":
        """The same views in pictures of another size."""
        scale = torch.tensor([width / self.width, height / self.height, 1.0]).to(self.intrinsics)
        return replace(self, intrinsics=scale[:, None] * self.intrinsics, width=width, height=height)

    @property
    def position(self) -> Float[Tensor, "v 3"]:
        """Where they are in the world: -R^T t."""
        turn, shift = self.world_to_camera[:, :3, :3], self.world_to_camera[:, :3, 3]
        return -(turn.mT @ shift[:, :, None])[:, :, 0]

    @property
    def azimuth(self) -> Float[Tensor, " v"]:
        """Degrees from -180 to 180, seen from the origin: 0 in front, positive to the object's left."""
        x, y, _ = self.position.unbind(1)
        return torch.atan2(x, -y).rad2deg()

    @property
    def elevation(self) -> Float[Tensor, " v"]:
        """Degrees from -90 to 90, seen from the origin."""
        x, y, z = self.position.unbind(1)
        return torch.atan2(z, torch.hypot(x, y)).rad2deg()

    def rays(self) -> tuple[Float[Tensor, "v 3"], Float[Tensor, "v h w 3"]]:
        """The origin of each camera's rays, and their directions of length 1 through the centres of the pixels."""
        like = self.intrinsics
        rows, columns = (torch.arange(side).to(like) + 0.5 for side in (self.height, self.width))
        ones = torch.ones(self.height, self.width).to(like)
        pixels = torch.stack([columns * ones, rows[:, None] * ones, ones], -1)
        inverse = torch.linalg.inv(self.intrinsics)
        directions = torch.einsum("vij,vjk,hwk->vhwi", self.world_to_camera[:, :3, :3].mT, inverse, pixels)
        return self.position, directions / directions.norm(dim=-1, keepdim=True)


def ring(count: int = 8, elevation: float = 15.0, distance: float = 3.0, fov: float = 40.0, size: Size = 64) -> Cameras:
    """Cameras evenly around the object, from the front to its left and on, to look at results.

    Raises:
        InputError: the count is not from 1 to 10,000, or another number is out of range.
    """
    check_count("count", count, 10_000, usual="8")
    check_number("elevation", elevation, -90.0, 90.0, usual="15")
    return Cameras.orbit([360 * k / count for k in range(count)], elevation, distance, fov, size)


def random_cameras(count: int, rng: Generator, dtype: torch.dtype) -> Float[Tensor, "n 2 3"]:
    """The first two rows of uniformly random rotations, by QR of normal matrices: orthographic cameras of points."""
    q, r = torch.linalg.qr(torch.randn(count, 3, 2, generator=rng, dtype=dtype))
    return (q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]).mT.contiguous()


def _rows(*values: Angles) -> list[Tensor]:
    """Each value in float64, with as many rows as the longest."""
    tensors = [torch.as_tensor(value, dtype=torch.float64).reshape(-1) for value in values]
    count = max(map(len, tensors))
    if any(len(each) not in (1, count) for each in tensors):
        raise InputError(
            f"{[len(each) for each in tensors]} numbers for the cameras: give one for all, or one for each"
        )
    return [each.expand(count) for each in tensors]


def _check(name: str, values: Float[Tensor, " v"], low: float, high: float, usual: str) -> None:
    """Raise unless all are in the range; NaN is not."""
    if not ((values >= low) & (values <= high)).all():
        raise InputError(f"{name} = {values.tolist()[:5]} must be from {low:,g} to {high:,g}; {usual} is usual")
