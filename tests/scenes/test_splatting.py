"""Which rasteriser draws, and the same picture from both."""

import sys

import pytest
import torch
from torch import Generator

from potstill.errors import Note
from potstill.scenes import Cameras, Gaussians
from tests.optional import on_gpu, require


def test_the_cpu_needs_no_gsplat():
    Gaussians.ball(10, 0.5, Generator().manual_seed(0)).pictures(Cameras.orbit(0.0, size=8))
    assert "gsplat" not in sys.modules


@on_gpu
def test_gsplat_draws_the_same_picture_and_the_same_gradient():
    require("gsplat")
    answers = []
    for device in ("cpu", "cuda"):
        scene = Gaussians.ball(500, 0.8, Generator().manual_seed(0)).to(device)
        with torch.no_grad():
            rng = Generator().manual_seed(1)
            for value in scene.parameters():
                value += 0.3 * torch.randn(value.shape, generator=rng).to(device)
        view = Cameras.orbit([20.0, 200.0], [10.0, -30.0], size=64).to(torch.device(device)).view()
        colour, opacity = scene.shade(view)
        (colour.square().sum() + opacity.sum()).backward()
        gradients = [value.grad.cpu() for value in scene.parameters() if value.numel()]
        answers.append([colour.detach().cpu(), opacity.detach().cpu(), *gradients])
    (colour, opacity, *slopes), (colour_gpu, opacity_gpu, *slopes_gpu) = answers
    assert (colour - colour_gpu).abs().mean() < 1e-3  # a Gaussian at the edge of 1/255 may fall to either side
    assert (opacity - opacity_gpu).abs().max() < 0.02
    for cpu, gpu in zip(slopes, slopes_gpu, strict=True):
        assert (cpu - gpu).norm() < 0.02 * cpu.norm()


@on_gpu
def test_gsplat_draws_a_scene_in_float64():
    require("gsplat")
    scene = Gaussians.ball(500, 0.8, Generator().manual_seed(0)).double()
    cameras = Cameras.orbit([20.0, 200.0], size=32)
    picture = scene.to("cuda").pictures(cameras)
    assert picture.dtype == torch.float64
    assert (picture.cpu() - scene.cpu().pictures(cameras)).abs().mean() < 1e-3


@on_gpu
def test_gsplat_says_so_when_it_sees_nothing():
    require("gsplat")
    scene = Gaussians.ball(10, 0.5, Generator().manual_seed(0)).to("cuda")
    with torch.no_grad():
        scene.means[:, 1] -= 50
    with pytest.warns(Note, match="the cameras see no Gaussian"):
        assert not scene.shade(Cameras.orbit(0.0, size=8).to(torch.device("cuda")).view())[1].any()
