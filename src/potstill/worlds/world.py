"""The exact 2-D worlds: two classes of points, and their exact score."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.diffusion.mixture import Mixture

SOURCE = 0
"""The label of class 1, the source of an edit."""
TARGET = 1
"""The label of class 2, its target."""


@dataclass(frozen=True, eq=False)
class World:
    """A Gaussian mixture of two classes, all components of one width.

    Diffusion runs in these coordinates; data = offset + scale · coordinates.
    """

    name: str
    source: Float[Tensor, "n 2"]
    target: Float[Tensor, "m 2"]
    width: float = 0.06
    offset: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    classes: tuple[str, str] | None = None
    """The labels of class 1 and class 2 in the file that the world comes from."""

    def named(self) -> dict[str, dict[str, str]]:
        """The labels of the classes for a record; nothing for a world that has none."""
        return {"classes": dict(zip(("1", "2"), self.classes, strict=True))} if self.classes else {}

    def to_data(self, points: Float[Tensor, "*b 2"]) -> Float[Tensor, "*b 2"]:
        """Points in the units of the data: offset + scale · points."""
        return points * self.scale + points.new_tensor(self.offset)

    def prior(self, dtype: torch.dtype = torch.float32) -> Mixture:
        """The exact score under DDPM's linear schedule; label 0 is class 1, label 1 is class 2."""
        centres = torch.cat([self.source, self.target]).to(dtype)
        labels = torch.tensor([SOURCE] * len(self.source) + [TARGET] * len(self.target))
        return Mixture(centres, labels, self.width)


def moons(count: int = 64) -> World:
    """Two interleaved half circles of radius 1."""
    angle = torch.linspace(0, math.pi, count, dtype=torch.float64)
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    return World("moons", upper, torch.tensor([1.0, 0.5]) - upper)


def blobs() -> World:
    """Three modes in a column on the left, three in a column on the right."""
    left = torch.tensor([[-1.0, -1.0], [-1.0, 0.0], [-1.0, 1.0]], dtype=torch.float64)
    return World("blobs", left, left * torch.tensor([-1.0, 1.0]))


def rings(count: int = 64) -> World:
    """Two concentric circles, from radius 1.5 to 0.75.

    Averaged over noise levels, a guided score vanishes at the centre of the inner ring as well, so SDS collapses
    onto it, far from class 2.
    """
    angle = torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    return World("rings", 1.5 * circle, 0.75 * circle)


def spirals(count: int = 64) -> World:
    """Two arms, each one and a half turns, half a turn apart."""
    turn = 3 * math.pi * torch.linspace(0.25, 1, count, dtype=torch.float64).sqrt()
    arm = torch.stack([turn.cos(), turn.sin()], 1) * (turn / (2 * math.pi))[:, None]
    return World("spirals", arm, -arm)


def grid() -> World:
    """Nine modes on a 3 x 3 lattice, against the same lattice shifted along its diagonal."""
    lattice = torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)] * 2)
    return World("grid", lattice - 0.25, lattice + 0.25)


WORLDS = {make.__name__: make for make in (moons, blobs, rings, spirals, grid)}
