"""What cameras see of an edit at points of the surface: nothing without one, the colour of one, and no hidden side."""

import math

import pytest
import torch
from torch import Generator

from potstill.scenes import Gaussians
from potstill.scenes.gaussians import quaternions_of
from potstill.scenes.harmonics import CONSTANT
from potstill.scenes.surface_colours import colour_change


def sphere(count: int = 1500, radius: float = 0.7) -> tuple[Gaussians, torch.Tensor]:
    """Flat Gaussians on a sphere, and their normals."""
    normals = torch.nn.functional.normalize(torch.randn(count, 3, generator=Generator().manual_seed(0)), dim=1)
    side = torch.nn.functional.normalize(torch.linalg.cross(normals, normals[:, [1, 2, 0]] + 0.1), dim=1)
    turn = torch.stack([side, torch.linalg.cross(normals, side), normals], 2)
    apart = radius * math.sqrt(4 * math.pi / count)
    scales = torch.tensor([0.6, 0.6, 0.1]).mul(apart).log().repeat(count, 1)
    logits = torch.full((count,), math.log(9.0))
    return Gaussians(radius * normals, scales, quaternions_of(turn), logits, torch.zeros(count, 3)), normals


@pytest.fixture(scope="module")
def pair():
    """A grey sphere, and the same with its left side red."""
    before, normals = sphere()
    after, _ = sphere()
    with torch.no_grad():
        after.colours[normals[:, 0] > 0, 0] = 0.4 / CONSTANT
    return before, after, normals


def test_no_edit_changes_no_colour_to_the_bit(pair):
    before, _, normals = pair
    found = colour_change(before, before, before.means, normals)
    assert found.seen.all()
    assert found.change.abs().max() == 0


def test_points_take_the_change_of_their_side(pair):
    before, after, normals = pair
    found = colour_change(before, after, 0.7 * normals, normals)
    assert found.seen.all()
    left, right = normals[:, 0] > 0.15, normals[:, 0] < -0.15
    assert (found.change[left] - torch.tensor([0.4, 0, 0])).abs().max() < 0.03
    assert found.change[right].abs().max() < 0.03


def test_what_lies_inside_is_not_seen_and_stays(pair):
    before, after, normals = pair
    found = colour_change(before, after, 0.4 * normals, normals)
    assert found.seen.float().mean() < 0.02  # through what gaps a random surface has
    assert (found.change[~found.seen] == 0).all()
    assert not colour_change(before, after, 0.7 * normals, -normals).seen.any()
