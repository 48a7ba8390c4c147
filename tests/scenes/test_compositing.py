"""The rasteriser against its dense twin, finite differences and closed forms."""

import math

import pytest
import torch
from torch import Generator

from potstill.scenes import compositing
from potstill.scenes.cameras import Cameras, ring
from potstill.scenes.compositing import composite
from potstill.scenes.projection import Splats, project
from tests.scenes.dense import dense


def gaussians(count: int, scale: float = 0.15, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    """Means, log scales, quaternions, opacities and colours."""
    rng = Generator().manual_seed(count)
    draw = [torch.randn(count, k, generator=rng, dtype=torch.float64) for k in (3, 3, 4)]
    means, logs, turns = 0.4 * draw[0], math.log(scale) + 0.5 * draw[1], 2 * draw[2]
    opacity = torch.rand(count, generator=rng, dtype=torch.float64)
    colour = torch.rand(count, 3, generator=rng, dtype=torch.float64)
    return [each.to(dtype).requires_grad_() for each in (means, logs, turns, opacity, colour)]


def rendered(parts: list[torch.Tensor], cameras: Cameras, how=composite):
    means, logs, turns, opacity, colour = parts
    splats = project(means, logs, turns, cameras)
    return how(splats, opacity, colour.expand(len(cameras), -1, -1), cameras.width, cameras.height)


CAMERAS = {
    "a ring": ring(3, size=(20, 14)),
    "inside": Cameras.look_at(torch.tensor([[0.0, 0.1, 0.0]]), torch.tensor([[1.0, 0, 0]]), fov=90.0, size=16),
    "far away": Cameras.orbit(30.0, distance=40.0, size=16),
}


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_picture_and_gradient_are_those_of_the_dense_twin(name, dtype):
    cameras, parts = CAMERAS[name].to(dtype), gaussians(60, dtype=dtype)
    rng = Generator().manual_seed(0)
    answers = []
    for how in (composite, dense):
        picture, opacity = rendered(parts, cameras, how)
        rng.manual_seed(0)
        slopes = [torch.randn(each.shape, generator=rng, dtype=dtype) for each in (picture, opacity)]
        gradients = torch.autograd.grad([picture, opacity], parts, slopes)
        answers.append([picture, opacity, *gradients])
    for fast, slow in zip(*answers, strict=True):
        assert torch.allclose(fast, slow, atol=1e-5, rtol=1e-4 if dtype == torch.float32 else 1e-9)
    assert answers[0][1].max() > 0.5


def test_gradients_are_those_of_finite_differences():
    """Of means, scales, quaternions whose norm is not 1, opacities and colours, through the projection."""
    parts, cameras = gaussians(6, scale=0.3), ring(2, size=6).to(torch.float64)
    for how in (composite, dense):
        assert torch.autograd.gradcheck(lambda *given, how=how: rendered(list(given), cameras, how), parts)


def test_one_gaussian_is_blended_once():
    """A flat one of alpha 1/2 before a background: half of its colour, half of the background."""
    parts = [
        torch.zeros(1, 3),
        torch.full((1, 3), 5.0),
        torch.tensor([[1.0, 0, 0, 0]]),
        torch.tensor([0.5]),
        torch.tensor([[0.2, 0.4, 0.9]]),
    ]
    cameras = Cameras.orbit(0.0, distance=1e5, fov=0.01, size=3)
    picture, opacity = rendered(parts, cameras)
    assert torch.allclose(opacity, torch.tensor(0.5), atol=1e-3)
    assert torch.allclose(picture[0, :, 1, 1], torch.tensor([0.1, 0.2, 0.45]), atol=1e-3)


def splats(depths: list[float], sigma: float = 1.0) -> Splats:
    """Round Gaussians over the middle of a picture of 5 x 5 pixels."""
    depth = torch.tensor([depths], dtype=torch.float64)
    shape = torch.tensor([1.0, 0, 1], dtype=torch.float64).expand(1, len(depths), 3)
    middle = torch.full((1, len(depths), 2), 2.5, dtype=torch.float64)
    return Splats(middle, sigma**2 * shape, shape / sigma**2, depth, torch.ones_like(depth, dtype=torch.bool))


def test_the_nearer_one_covers_and_of_one_depth_the_first():
    opacity = torch.tensor([0.9, 0.5], dtype=torch.float64)
    colour = torch.eye(3, dtype=torch.float64)[None, :2]
    for depths, shares in (([1.0, 2], [0.9, 0.05]), ([2.0, 1], [0.45, 0.5]), ([1.0, 1], [0.9, 0.05])):
        picture, _ = composite(splats(depths), opacity, colour, 5, 5)
        assert torch.allclose(picture[0, :2, 2, 2], torch.tensor(shares, dtype=torch.float64))


def test_a_pixel_ends_before_the_gaussian_that_would_make_it_too_dark():
    """After two of alpha 0.99, T = 1e-4; the third is left out, as in 3DGS, and has no gradient."""
    colour = torch.tensor([[[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]], dtype=torch.float64).requires_grad_()
    opacity = torch.tensor([0.98, 0.98, 0.98], dtype=torch.float64)
    picture, _ = composite(splats([1.0, 2, 3]), opacity, colour, 5, 5)
    assert picture[0, 2, 2, 2] == 0
    assert picture[0, 1, 2, 2].item() == pytest.approx(0.98 * 0.02)
    picture[0, :, 2, 2].sum().backward()
    assert colour.grad[0, 2].norm() == 0


def test_bands_of_rows_give_the_same(monkeypatch):
    parts, cameras = gaussians(60), ring(3, size=(20, 14)).to(torch.float64)
    answers = []
    for most in (compositing.MOST_PAIRS, 500, 1):
        monkeypatch.setattr(compositing, "MOST_PAIRS", most)
        picture, opacity = rendered(parts, cameras)
        answers.append([picture, *torch.autograd.grad((picture.square() + opacity).sum(), parts)])
    for again in answers[1:]:
        for one, other in zip(answers[0], again, strict=True):
            assert torch.allclose(one, other, atol=1e-12)


def test_large_pictures_are_composited_in_bands():
    """More pixels than 16 bits can number."""
    parts, cameras = gaussians(5), Cameras.orbit(0.0, size=300).to(torch.float64)
    assert torch.allclose(rendered(parts, cameras)[0], rendered(parts, cameras, dense)[0], atol=1e-9)


def test_nothing_in_view_is_an_empty_picture():
    parts = gaussians(4)
    away = Cameras.look_at(torch.tensor([[9.0, 0, 0]]), torch.tensor([[20.0, 0, 0]]), size=8).to(torch.float64)
    picture, opacity = rendered(parts, away)
    assert picture.abs().max() == opacity.max() == 0
    (picture.sum() + opacity.sum()).backward()
    assert all(part.grad.abs().max() == 0 for part in parts)
