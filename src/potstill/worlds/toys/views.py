"""What a prior of toys knows of the camera: the camera itself, a sector, or nothing."""

import abc
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.fields import Checked, check_number
from potstill.scenes.cameras import Cameras


@dataclass(frozen=True)
class ViewKnowledge(Checked, abc.ABC):
    """What a prior knows of the view, as the cameras it takes to be possible: p(x | y, c) = sum_k w_ck p(x | y, k)."""

    @abc.abstractmethod
    def weights(self, cameras: Cameras) -> Float[Tensor, "c c"]:
        """w_ck: for each camera c that took the picture, the weight of each camera k. Rows sum to 1."""


@dataclass(frozen=True)
class ByCamera(ViewKnowledge):
    """The camera is known."""

    def weights(self, cameras: Cameras) -> Float[Tensor, "c c"]:
        """The identity."""
        return torch.eye(len(cameras), dtype=torch.float64)


@dataclass(frozen=True)
class BySector(ViewKnowledge):
    """Whether it is the front, a side or the back is known, as from the words of a view-dependent prompt.

    All cameras of the sector are equally likely, on both sides and at all elevations.

    Raises:
        InputError: the angles are not in order within 0 to 180 degrees.
    """

    front: float = 45.0
    """The front is up to this azimuth, in degrees on either side."""
    back: float = 135.0
    """The back is from this azimuth on."""

    def __post_init__(self) -> None:
        """Check the angles."""
        super().__post_init__()
        if not 0 <= self.front <= self.back <= 180:
            raise InputError(f"front = {self.front} and back = {self.back} must satisfy 0 <= front <= back <= 180")

    def weights(self, cameras: Cameras) -> Float[Tensor, "c c"]:
        """Equal within a sector."""
        turn = cameras.azimuth.double().abs().round(decimals=3)
        sector = (turn > self.front).int() + (turn >= self.back).int()
        same = (sector[:, None] == sector).double()
        return same / same.sum(1, keepdim=True)


@dataclass(frozen=True)
class Untold(ViewKnowledge):
    """Nothing is known, and pictures were taken from the front, as most of those that models are trained on.

    The modes of this world are so narrow that a rare view counts like a frequent one as soon as a picture resembles it,
    so only views that never occur are missing.

    Raises:
        InputError: the share is not from 0 to 1.
    """

    rest: float = 0.0
    """How likely any other camera is, in units of one within 45 degrees of the front; 0 for pictures of fronts only."""

    def __post_init__(self) -> None:
        """Check the share."""
        super().__post_init__()
        check_number("rest", self.rest, 0.0, 1.0, usual="0")

    def weights(self, cameras: Cameras) -> Float[Tensor, "c c"]:
        """The same for every camera."""
        near = cameras.azimuth.double().abs().round(decimals=3) <= 45
        row = torch.where(near, 1.0, self.rest).to(torch.float64)
        return (row / row.sum()).expand(len(cameras), -1).clone()


WORLDS: dict[str, ViewKnowledge] = {"toys": ByCamera(), "toys-sectors": BySector(), "toys-none": Untold()}
"""What the score knows of the view in each world of `potstill.load`, by the name after "world:"."""
