"""A photometric fit finds the scene that the pictures were taken of."""

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.scenes import Gaussians, Viewing, Volume, fit, ring
from tests.optional import on_gpu


@pytest.mark.parametrize("kind", ["gaussians", "volume"])
def test_a_scene_becomes_what_its_pictures_show(kind):
    cameras = ring(6, size=16)
    truth = Gaussians.ball(15, 0.5, Generator().manual_seed(5), grey=0.2, opacity=0.9)
    with torch.no_grad():
        truth.colours += torch.randn(15, 3, generator=Generator().manual_seed(6))
    pictures, viewing = truth.pictures(cameras), Viewing(views=3)
    rng = Generator().manual_seed(0)
    scene = Gaussians.ball(40, 0.6, rng, viewing) if kind == "gaussians" else Volume.ball(13, 0.5, viewing=viewing)
    before = (scene.pictures(cameras) - pictures).square().mean()
    steps = list(fit(scene, pictures, cameras, steps=60, rng=rng))
    assert [step.index for step in steps] == list(range(60))
    assert (scene.pictures(cameras) - pictures).square().mean() < before / 8


def test_pictures_must_fit_the_cameras():
    scene = Gaussians.ball(3, 0.5, Generator())
    with pytest.raises(InputError, match=r"must be those of 4 cameras of 8 x 8 pixels"):
        fit(scene, torch.zeros(3, 3, 8, 8), ring(4, size=8), steps=1, rng=Generator())


@on_gpu
def test_pictures_may_be_on_another_device():
    cameras = ring(3, size=16)
    scene = Volume.ball(5).to("cuda")
    (step,) = fit(scene, torch.zeros(3, 3, 16, 16), cameras, steps=1, rng=Generator().manual_seed(0))
    (own,) = fit(Volume.ball(5), torch.zeros(3, 3, 16, 16), cameras, steps=1, rng=Generator().manual_seed(0))
    assert step.loss == pytest.approx(own.loss, rel=1e-5)
