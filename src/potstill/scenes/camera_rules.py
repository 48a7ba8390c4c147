"""How the cameras of a step are drawn: around the object, or from a fixed set."""

import abc
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.errors import InputError
from potstill.fields import Checked, check_count, check_number, shown
from potstill.scenes.cameras import LARGEST_SIDE, Cameras

Range = tuple[int | float, int | float]
"""From the lowest to the highest."""
MOST_VIEWS = 1024
"""The most cameras of a step."""


@dataclass(frozen=True)
class CameraRule(Checked, abc.ABC):
    """Draws the cameras of a step."""

    @abc.abstractmethod
    def __call__(self, count: int, rng: Generator) -> Cameras:
        """Draw `count` cameras."""


@dataclass(frozen=True)
class Orbit(CameraRule):
    """Cameras around the origin, uniform in each of the ranges (DreamFusion, arXiv 2209.14988, section 3.2).

    Azimuths are drawn one in each of `count` equal parts of the range, so that the views of a step are spread around
    the object. `jitter` moves the camera by U(-jitter, jitter) along each axis, and what it looks at and its upward
    direction by normal draws with 2 and 0.2 times that standard deviation, as DreamFusion does for 0.1.

    Raises:
        InputError: a range is not in order, or out of bounds.
    """

    azimuth: Range = (-180.0, 180.0)
    """Degrees: 0 sees the front, 90 the object's left."""
    elevation: Range = (-10.0, 60.0)
    """Degrees above the horizon."""
    distance: Range = (3.0, 3.0)
    """From the origin."""
    fov: Range = (40.0, 40.0)
    """Vertical field of view, in degrees."""
    jitter: float = 0.0
    """How far the camera moves off its orbit, in units of the world."""
    width: int = 64
    """Pixels."""
    height: int = 64
    """Pixels."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        bounds = {"azimuth": (-720, 720), "elevation": (-90, 90), "distance": (1e-6, 1e6), "fov": (0.001, 179)}
        for name, (least, most) in bounds.items():
            low, high = getattr(self, name)
            if not least <= low <= high <= most:
                raise InputError(f"{name} from {low} to {high} must satisfy {least:g} <= low <= high <= {most:,g}")
        check_number("jitter", self.jitter, 0.0, 1e3, usual="0.1 with a distance of 1 to 1.5")
        check_count("width", self.width, LARGEST_SIDE, usual="64")
        check_count("height", self.height, LARGEST_SIDE, usual="64")

    def __call__(self, count: int, rng: Generator) -> Cameras:
        """Draw them."""
        check_count("views", count, MOST_VIEWS, usual="2")
        spread, *drawn = torch.rand(4, count, generator=rng, dtype=torch.float64)
        azimuth = _within(self.azimuth, (torch.arange(count) + spread) / count)
        elevation, distance, fov = map(_within, (self.elevation, self.distance, self.fov), drawn)
        size = (self.width, self.height)
        cameras = Cameras.orbit(azimuth, elevation, distance, fov, size)
        if not self.jitter:
            return cameras
        moved = torch.rand(count, 3, generator=rng, dtype=torch.float64) * 2 - 1
        at, up = torch.randn(2, count, 3, generator=rng, dtype=torch.float64)
        kind = cameras.position
        upright = -cameras.world_to_camera[:, 1, :3]
        return Cameras.look_at(
            kind + (self.jitter * moved).to(kind),
            (2 * self.jitter * at).to(kind),
            upright + (0.2 * self.jitter * up).to(kind),
            fov,
            size,
        )


@dataclass(frozen=True)
class Among(CameraRule):
    """Cameras of a fixed set, in a step each at most once. Their index is kept, or else their number in the set.

    Raises:
        InputError: what is given is no set of cameras.
    """

    cameras: Cameras

    def __post_init__(self) -> None:
        """Check the set."""
        if not isinstance(self.cameras, Cameras) or not len(self.cameras):
            raise InputError(f"cameras = {shown(self.cameras)} of Among must hold Cameras, such as ring(8)")

    def __call__(self, count: int, rng: Generator) -> Cameras:
        """Draw them without replacement.

        Raises:
            InputError: there are fewer.
        """
        check_count("views", count, len(self.cameras))
        cameras = self.cameras if self.cameras.index is not None else self.cameras.numbered()
        return cameras[torch.randperm(len(cameras), generator=rng)[:count].to(cameras.world_to_camera.device)]


def _within(bounds: Range, share: Float[Tensor, " v"]) -> Float[Tensor, " v"]:
    """low + share (high - low)."""
    low, high = bounds
    return low + share * (high - low)
