"""Regularisers: 0 for what is well formed, and the direction of their slopes."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from potstill.vectors.regularizers import KeepArea, NoCrossing, Smooth, Traced

K = 4 / 3 * (math.sqrt(2) - 1)


def circle(radius: float = 1.0) -> Tensor:
    quarter = torch.tensor([[1, 0], [1, K], [K, 1], [0, 1]], dtype=torch.float64)
    turned = torch.stack([-quarter[:, 1], quarter[:, 0]], 1)
    return radius * torch.stack([quarter, turned, -quarter, -turned])


def traced(curves: Tensor) -> Traced:
    count = len(curves)
    following = (torch.arange(count) + 1) % count
    return Traced(curves, torch.zeros(count, dtype=torch.bool), following, torch.zeros(count, dtype=torch.int64))


@pytest.mark.parametrize("law", [NoCrossing(), Smooth(), KeepArea()])
def test_a_circle_is_well_formed(law):
    assert law(traced(circle()), traced(circle())).item() == pytest.approx(0, abs=1e-15)


def test_handles_that_cross_are_pulled_apart():
    crossed = torch.tensor([[[0, 0], [3, 1], [-2, 1], [1, 0]]], dtype=torch.float64, requires_grad=True)
    mirrored = crossed.detach() * torch.tensor([1.0, -1.0])
    loss = NoCrossing()(traced(crossed), traced(crossed))
    assert loss.item() > 0
    assert loss.item() == pytest.approx(NoCrossing()(traced(mirrored), traced(mirrored)).item())
    loss.backward()
    moved = (crossed - 0.1 * crossed.grad).detach()
    assert NoCrossing()(traced(moved), traced(moved)).item() < loss.item()


def test_a_smooth_joint_that_bends_counts_and_a_corner_does_not():
    bent = circle()
    bent[0, 2] += torch.tensor([0.0, 0.3])
    assert Smooth()(traced(bent), traced(circle())).item() > 0.01
    square = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=torch.float64)
    shares = torch.tensor([0, 1 / 3, 2 / 3, 1], dtype=torch.float64)[:, None]
    lines = torch.stack([a + shares * (b - a) for a, b in itertools.pairwise(square)])
    assert Smooth()(traced(lines), traced(lines)).item() == 0


def test_areas_are_those_of_circles():
    assert traced(circle(2.0)).areas().item() == pytest.approx(4 * math.pi, rel=1e-3)
    assert traced(circle(2.0).flip(1)).areas().item() == pytest.approx(-4 * math.pi, rel=1e-3)
    change = KeepArea()(traced(circle(2.0)), traced(circle())).item()
    assert change == pytest.approx((3 * math.pi) ** 2, rel=2e-3)
