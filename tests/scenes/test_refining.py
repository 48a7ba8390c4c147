"""Refinement: the volume keeps its function, the optimiser its moments, and a run resumes with another grid."""

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.optimizers import SGD, Adam
from potstill.scenes import Refiner, Volume, ring
from potstill.state import LoopState


def stepped(volume, optimizer, seed=0):
    cameras = ring(2, size=8)
    goal = torch.rand(2, 3, 8, 8, generator=Generator().manual_seed(seed))
    volume.zero_grad()
    background = torch.ones(2, 3)
    (volume.render({**cameras.view(), "background": background}) - goal).square().mean().backward()
    optimizer.step()


def ball(points=5):
    volume = Volume.ball(points, samples=16)
    return volume, Adam(volume.parameter_groups())


def test_the_grids_come_at_even_steps_and_the_last_is_the_finest():
    volume, optimizer = ball()
    assert Refiner(volume, optimizer, 30, 60).grids == {20: 9, 40: 17, 60: 30}
    assert Refiner(volume, optimizer, 9, 7).grids == {7: 9}
    assert Refiner(volume, optimizer, 5, 7).grids == {}
    with pytest.raises(InputError, match="finest grid = 4"):
        Refiner(volume, optimizer, 4, 7)


def test_a_finer_grid_is_the_same_picture_and_the_moments_follow():
    volume, optimizer = ball()
    stepped(volume, optimizer)
    cameras, before = ring(2, size=8), {key: each.clone() for key, each in optimizer.state[volume.colours].items()}
    picture, number = volume.pictures(cameras), volume.colours.detach().clone()
    refiner = Refiner(volume, optimizer, 9, 2)
    refiner.after(0)
    assert len(volume.densities) == 5
    refiner.after(1)
    assert volume.densities.shape == (9, 9, 9)
    assert torch.equal(volume.colours[:, ::2, ::2, ::2], number)
    assert torch.allclose(volume.pictures(cameras), picture, atol=1e-6)
    after, share = optimizer.state[volume.colours], (5 / 9) ** 3
    assert torch.allclose(after["exp_avg"][:, ::2, ::2, ::2], share * before["exp_avg"])
    assert torch.allclose(after["exp_avg_sq"][:, ::2, ::2, ::2], share**2 * before["exp_avg_sq"])
    assert after["step"] == before["step"]
    assert [group["params"][0] is getattr(volume, group["name"]) for group in optimizer.param_groups] == [True] * 2
    stepped(volume, optimizer)
    assert not torch.equal(volume.colours[:, ::2, ::2, ::2], number)


def test_the_gradient_of_a_point_falls_by_that_share():
    """In the mean: the points of a finer grid share what one of the coarse grid had."""
    slopes = []
    for points in (9, 17):
        volume, optimizer = ball(9)
        Refiner(volume, optimizer, points, 1).after(0)
        stepped(volume, optimizer)
        slopes.append(volume.densities.grad.sum() / points**3)
    assert slopes[1] / slopes[0] == pytest.approx((9 / 17) ** 3, rel=0.05)


def test_momentum_of_plain_descent_follows():
    volume, _ = ball()
    optimizer = SGD(volume.parameters(), lr=0.1, momentum=0.9)
    stepped(volume, optimizer)
    before = optimizer.state[volume.densities]["momentum_buffer"].clone()
    Refiner(volume, optimizer, 9, 1).after(0)
    after = optimizer.state[volume.densities]["momentum_buffer"]
    assert torch.allclose(after[::2, ::2, ::2], (5 / 9) ** 3 * before)


def test_a_run_resumes_with_another_grid():
    volume, optimizer = ball()
    refiner = Refiner(volume, optimizer, 9, 1)
    stepped(volume, optimizer)
    refiner.after(0)
    loop = LoopState(volume, optimizer, Generator(), growth=refiner)
    state = loop.state()
    again, other = ball()
    LoopState(again, other, Generator(), growth=Refiner(again, other, 9, 1)).restore(state)
    stepped(volume, optimizer, 3)
    stepped(again, other, 3)
    assert torch.equal(volume.densities, again.densities)
    assert torch.equal(volume.colours, again.colours)
