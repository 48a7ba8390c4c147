"""Gaussians as the cameras see them: against sampling, scale, crops, and what lies at or behind the camera."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Generator

from potstill.scenes.cameras import Cameras
from potstill.scenes.projection import BLUR, project, rotations
from tests.scenes.test_compositing import gaussians, rendered

F64 = torch.float64


def test_rotations_are_those_of_the_quaternions():
    half = math.pi / 8
    about_z = torch.tensor([[math.cos(half), 0, 0, math.sin(half)]], dtype=F64)
    c = math.sqrt(0.5)
    wanted = torch.tensor([[c, -c, 0], [c, c, 0], [0, 0, 1]], dtype=F64)
    assert torch.allclose(rotations(3 * about_z)[0], wanted)


def test_centres_and_covariances_are_those_of_projected_samples():
    """Of 400,000 points of a small Gaussian, within six standard errors and the error of the linearisation."""
    cameras = Cameras.orbit(30.0, 20.0, 3.0, size=200).to(F64)
    mean, logs = torch.tensor([[0.3, -0.2, 0.1]], dtype=F64), torch.tensor([[-3.0, -4.0, -3.5]], dtype=F64)
    turn = torch.tensor([[0.9, 0.3, -0.5, 0.2]], dtype=F64)
    splats = project(mean, logs, turn, cameras)
    draw = torch.randn(400_000, 3, generator=Generator().manual_seed(0), dtype=F64)
    points = mean + (rotations(turn)[0] @ (logs.exp() * draw).T).T
    motion = cameras.world_to_camera[0]
    inside = (motion[:3, :3] @ points.T).T + motion[:3, 3]
    pixels = (cameras.intrinsics[0] @ inside.T).T
    pixels = pixels[:, :2] / pixels[:, 2:]
    assert torch.allclose(pixels.mean(0), splats.centre[0, 0], atol=0.05)
    xx, xy, yy = splats.covariance[0, 0].tolist()
    wanted = torch.tensor([[xx - BLUR, xy], [xy, yy - BLUR]], dtype=F64)
    assert torch.allclose(pixels.T.cov(), wanted, rtol=0.02, atol=0.05)
    a, b, c = splats.conic[0, 0].tolist()
    inverse = torch.tensor([[a, b], [b, c]], dtype=F64) @ torch.tensor([[xx, xy], [xy, yy]], dtype=F64)
    assert torch.allclose(inverse, torch.eye(2, dtype=F64))


def test_the_projection_passes_gradcheck():
    parts, cameras = gaussians(5)[:3], Cameras.orbit([0.0, 70.0], [10.0, -40.0], size=32).to(F64)
    assert torch.autograd.gradcheck(lambda *given: project(*given, cameras)[:4], parts)


def test_scene_and_cameras_scaled_together_give_the_same_picture():
    means, logs, *rest = gaussians(30)
    cameras = Cameras.orbit([0.0, 100.0], distance=1.0, size=24)
    small = Cameras.orbit([0.0, 100.0], distance=0.01, size=24)
    scaled = [0.01 * means, logs + math.log(0.01), *rest]
    one, other = rendered([means, logs, *rest], cameras)[0], rendered(scaled, small)[0]
    assert torch.allclose(one, other, atol=1e-4)
    assert one.max() > 0.3


def test_a_crop_off_the_centre_is_a_crop_of_the_view():
    parts = gaussians(30, scale=0.02)
    whole = Cameras.orbit(20.0, size=40).to(F64)
    moved = whole.intrinsics - torch.tensor([[[0, 0, 20.0], [0, 0, 10], [0, 0, 0]]], dtype=F64)
    part = replace(whole, intrinsics=moved, width=20, height=16)
    assert torch.allclose(rendered(parts, whole)[0][..., 10:26, 20:], rendered(parts, part)[0], atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("size", [1e-12, 1e-3, 1.0, 1e4, 1e12])
def test_whatever_lies_at_behind_or_around_a_camera_is_finite(size, dtype):
    means, _, turns, opacity, colour = gaussians(40, dtype=dtype)
    logs = torch.full((40, 3), math.log(size), dtype=dtype).requires_grad_()
    with torch.no_grad():
        means[0] = 0
    inside = Cameras.look_at(torch.tensor([[0.0, 0, 0]]), torch.tensor([[1.0, 0, 0]]), fov=120.0, size=12)
    for cameras in (inside, Cameras.orbit([0.0, 45.0], distance=0.3, fov=100.0, size=12)):
        parts = [means, logs, turns, opacity, colour]
        picture, seen = rendered(parts, cameras.to(dtype))
        gradients = torch.autograd.grad(picture.square().sum() + seen.sum(), parts)
        assert all(each.isfinite().all() for each in (picture, seen, *gradients))
