"""Cameras: what is where in a picture, the angles of a view, and random rotations without a preferred direction."""

import math

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.scenes.cameras import Cameras, random_cameras, ring

FRONT, LEFT, TOP = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)
"""Points on an object that faces -y: its nose, its left hand and its head."""


def seen(cameras: Cameras, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The pixel [v, 2] and the depth [v] of a point of the world."""
    motion = cameras.world_to_camera.double()
    inside = motion[:, :3, :3] @ point + motion[:, :3, 3]
    pixel = (cameras.intrinsics.double() @ inside[:, :, None])[:, :, 0]
    return pixel[:, :2] / pixel[:, 2:], inside[:, 2]


def test_an_object_shows_its_left_on_its_left():
    """In front its left hand is on the right of the picture and its head above; from azimuth 90 the hand is nearest."""
    front, left, back, right = (Cameras.orbit(angle)[0] for angle in (0.0, 90.0, 180.0, 270.0))
    assert seen(front, LEFT)[0][0, 0] > 40
    assert seen(front, TOP)[0][0, 1] < 24
    assert seen(front, FRONT)[1] == pytest.approx(2)
    assert seen(left, LEFT)[1] == pytest.approx(2)
    assert seen(back, LEFT)[0][0, 0] < 24
    assert seen(right, LEFT)[1] == pytest.approx(4)
    assert torch.allclose(seen(front, 0 * TOP)[0], torch.tensor([[32.0, 32.0]], dtype=torch.float64))


def test_angles_are_those_of_the_orbit():
    azimuth, elevation = [0.0, 30, 90, 179, -120], [0.0, 15, -20, 80, 45]
    cameras = Cameras.orbit(azimuth, elevation, distance=2.5)
    assert torch.allclose(cameras.azimuth, torch.tensor(azimuth), atol=1e-3)
    assert torch.allclose(cameras.elevation, torch.tensor(elevation), atol=1e-3)
    assert torch.allclose(cameras.position.norm(dim=1), torch.tensor(2.5))


def test_look_at_and_orbit_agree_also_from_straight_above():
    orbit = Cameras.orbit([0.0, 70, 200, 0], [0.0, 30, -40, 90], fov=50.0, size=(80, 60))
    looking = Cameras.look_at(orbit.position, fov=50.0, size=(80, 60))
    assert torch.allclose(orbit.world_to_camera, looking.world_to_camera, atol=1e-5)
    assert torch.equal(orbit.intrinsics, looking.intrinsics)


def test_the_field_of_view_is_vertical():
    cameras = Cameras.orbit(0.0, distance=2.0, fov=90.0, size=(40, 20))
    edge = torch.tensor([0.0, 0, 2], dtype=torch.float64)
    assert torch.allclose(seen(cameras, edge)[0], torch.tensor([[20.0, 0]], dtype=torch.float64), atol=1e-5)


def test_rays_pass_through_the_centres_of_pixels():
    cameras = Cameras.orbit([10.0, 100], [20.0, -30], size=(6, 4)).to(torch.float64)
    origins, directions = cameras.rays()
    assert directions.shape == (2, 4, 6, 3)
    for row, column in ((0, 0), (3, 5), (1, 2)):
        for view in range(2):
            pixel, depth = seen(cameras[view], origins[view] + 1.7 * directions[view, row, column])
            assert depth > 0
            assert torch.allclose(pixel, torch.tensor([[column + 0.5, row + 0.5]], dtype=torch.float64), atol=1e-4)


def test_a_picture_of_another_size_shows_the_same():
    cameras = Cameras.orbit(20.0, size=(40, 20))
    pixel, _ = seen(cameras, LEFT)
    assert torch.allclose(seen(cameras.resized(80, 60), LEFT)[0], pixel * torch.tensor([2, 3]))


def test_a_view_holds_its_cameras():
    cameras = ring(5, size=(12, 8)).numbered()[[3, 1]]
    view = cameras.view()
    assert all(len(value) == 2 for value in view.values())
    again = Cameras.of_view(view)
    assert (again.width, again.height) == (12, 8)
    assert again.index.tolist() == [3, 1]
    assert torch.equal(again.world_to_camera, cameras.world_to_camera)
    with pytest.raises(InputError, match="the view lacks intrinsics, size, world_to_camera"):
        Cameras.of_view({})


@pytest.mark.parametrize("fov", [0.0, -10.0, 180.0, math.nan])
def test_a_field_of_view_must_be_possible(fov):
    with pytest.raises(InputError, match=r"field of view = .* must be between 0 and 180"):
        Cameras.orbit(0.0, fov=fov)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"distance": 0.0}, "distance = .* must be from 1e-06"),
        ({"elevation": 91.0}, "elevation = .* must be from -90 to 90"),
        ({"azimuth": math.nan}, "azimuth = .* must be from"),
        ({"azimuth": [1.0, 2], "elevation": [1.0, 2, 3]}, "one for all, or one for each"),
        ({"size": 0}, "height = 0 must be a whole number"),
    ],
)
def test_what_is_no_orbit_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        Cameras.orbit(**{"azimuth": 0.0, **change})


def test_what_is_no_camera_is_refused():
    good = Cameras.orbit(0.0)
    for motion, intrinsics, words in (
        (good.world_to_camera * 2, good.intrinsics, "without scale or mirroring"),
        (good.world_to_camera * torch.tensor([-1.0, 1, 1, 1])[:, None], good.intrinsics, "without scale or mirroring"),
        (good.world_to_camera * math.nan, good.intrinsics, "NaN or infinity"),
        (good.world_to_camera, -good.intrinsics, "above 0 pixels"),
        (good.world_to_camera, good.intrinsics.mT, "skewed pixels"),
    ):
        with pytest.raises(InputError, match=words):
            Cameras(motion, intrinsics, 64, 64)
    with pytest.raises(InputError, match="the point it looks at"):
        Cameras.look_at(torch.zeros(1, 3))


def test_cameras_are_two_orthonormal_rows():
    cameras = random_cameras(50, Generator().manual_seed(0), torch.float64)
    assert torch.allclose(cameras @ cameras.mT, torch.eye(2, dtype=torch.float64).expand(50, 2, 2), atol=1e-12)


def test_cameras_are_uniform_over_all_rotations():
    """Entries have mean 0 and covariance I / 3 within six standard errors, also after a fixed rotation and flip."""
    count = 20_000
    rows = random_cameras(count, Generator().manual_seed(1), torch.float64)
    turned = rows @ torch.tensor([[0.0, 1.0, 0.0], [0.6, 0.0, 0.8], [-0.8, 0.0, 0.6]], dtype=torch.float64)
    for cameras in (rows, turned):
        for row in cameras.unbind(1):
            assert (row.mean(0).abs() < 6 / (3 * count) ** 0.5).all()
            assert ((row.T @ row / count - torch.eye(3) / 3).abs() < 6 * (4 / 45 / count) ** 0.5).all()
    # A row and its mirror image are equally likely given the other: signs are those of no fixed convention.
    assert (rows[:, 0, 0] * rows[:, 1, 1]).mean().abs() < 6 / 3 / count**0.5
