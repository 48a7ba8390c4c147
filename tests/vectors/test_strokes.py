"""Strokes: widths, joins and caps against areas in closed form, and derivatives against differences."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from potstill.vectors.strokes import Cap, Join, Pen, outlines


def line(*points: tuple[float, float]) -> Tensor:
    """Straight cubics through points."""
    ends = torch.tensor(points, dtype=torch.float64)
    shares = torch.tensor([0, 1 / 3, 2 / 3, 1], dtype=torch.float64)[:, None]
    return torch.stack([a + shares * (b - a) for a, b in itertools.pairwise(ends)])


def pen(count: int, half: Tensor | float, cap: int = Cap.BUTT, join: int = Join.MITER, closed: bool = False) -> Pen:
    def all_of(value: float, kind: torch.dtype = torch.int64) -> Tensor:
        return torch.full((count,), value, dtype=kind)

    following = torch.arange(1, count + 1)
    following[-1] = 0 if closed else -1
    starts = torch.arange(count) == (-1 if closed else 0)
    half = torch.as_tensor(half, dtype=torch.float64).expand(count)
    double = torch.float64
    return Pen(half, following, starts, all_of(join), all_of(cap), all_of(4.0, double), all_of(1000.0, double))


def area(curves: Tensor, tip: Pen, straight: bool = True) -> Tensor:
    """The area in the outline where nothing of it overlaps."""
    edges, _ = outlines(curves, torch.full((len(curves),), straight), tip)
    (xa, ya), (xb, yb) = edges[:, 0].T, edges[:, 1].T
    return ((xa * yb - xb * ya) / 2).sum().abs()


@pytest.mark.parametrize(("cap", "more"), [(Cap.BUTT, 0.0), (Cap.SQUARE, 4.0), (Cap.ROUND, math.pi)])
def test_caps_add_their_area(cap, more):
    assert float(area(line((0, 0), (3, 4)), pen(1, 1.0, cap))) == pytest.approx(5 * 2 + more, rel=1e-3)


@pytest.mark.parametrize(("join", "more"), [(Join.BEVEL, 0.5), (Join.ROUND, math.pi / 4), (Join.MITER, 1.0)])
@pytest.mark.parametrize("turn", [1, -1])
def test_joins_of_a_right_angle_add_their_area(join, more, turn):
    """Each leg loses the square inside of the corner that the other covers, which winds twice here."""
    curves = line((0, 0), (10, 0), (10, 10.0 * turn))
    assert float(area(curves, pen(2, 1.0, join=join))) == pytest.approx(40 + more, rel=1e-3)


def test_a_miter_beyond_its_limit_is_a_bevel():
    sharp = line((0, 0), (10, 0), (0, 1.0))
    assert torch.equal(area(sharp, pen(2, 0.5)), area(sharp, pen(2, 0.5, join=Join.BEVEL)))


def circle(radius: Tensor) -> Tensor:
    k = 4 / 3 * (math.sqrt(2) - 1)
    quarter = torch.tensor([[1, 0], [1, k], [k, 1], [0, 1]], dtype=torch.float64)
    turned = torch.stack([-quarter[:, 1], quarter[:, 0]], 1)
    return radius * torch.stack([quarter, turned, -quarter, -turned])


def test_a_stroked_circle_is_a_ring_and_its_derivatives_have_the_right_sign():
    """Area 2 pi r w: it grows by 2 pi w with the radius and by 2 pi r with the width, the inner rim included."""
    radius, half = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (5.0, 1.0))
    found = area(circle(radius), pen(4, half, closed=True), straight=False)
    assert found.item() == pytest.approx(20 * math.pi, rel=2e-3)
    slopes = torch.autograd.grad(found, [radius, half])
    assert [slope.item() for slope in slopes] == pytest.approx([4 * math.pi, 20 * math.pi], rel=2e-3)


@pytest.mark.parametrize("join", Join)
@pytest.mark.parametrize("cap", Cap)
def test_derivatives_are_those_of_differences(join, cap):
    curves = torch.tensor([[[0, 0], [1, 2], [3, 2.5], [4, 0]], [[4, 0], [5, -3], [7, 1], [8, 2]]], dtype=torch.float64)
    curve = curves.requires_grad_()
    half = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)

    def edges(c: Tensor, h: Tensor) -> Tensor:
        tip = pen(2, h, cap, join)
        coarse = Pen(**(vars(tip) | {"scale": torch.full((2,), 2.0, dtype=torch.float64)}))
        return outlines(c, torch.tensor([False, False]), coarse)[0]

    assert torch.autograd.gradcheck(edges, (curve, half), fast_mode=True)


def test_a_line_without_length_has_a_direction_all_the_same():
    dot = line((2, 3), (2, 3)).requires_grad_()
    found = area(dot, pen(1, 1.0, Cap.ROUND))
    assert found.item() == pytest.approx(math.pi, rel=1e-3)
    found.backward()
    assert torch.isfinite(dot.grad).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize(("cap", "whole"), [(Cap.BUTT, 0.0), (Cap.ROUND, math.pi), (Cap.SQUARE, 4.0)])
def test_a_line_of_nothing_but_points_is_a_dot_of_two_caps(dtype, closed, cap, whole):
    """Thirds of 50.3 do not add up to 50.3: what rounding leaves is no direction."""
    dot = line((50.3, 50.3), (50.3, 50.3), (50.3, 50.3)).to(dtype)
    assert float(area(dot, pen(2, 1.0, cap, closed=closed))) == pytest.approx(whole, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("join", Join)
@pytest.mark.parametrize("cap", Cap)
@pytest.mark.parametrize("closed", [False, True])
def test_points_on_the_way_change_nothing(join, cap, closed):
    a, b, c = (20.3, 20.1), (50.7, 50.3), (80.3, 20.7)
    ends = [a] if closed else []
    plain = line(a, b, c, *ends).float()
    halting = line(a, a, b, b, b, c, c, *ends, *ends).float()
    ours = outlines(halting, torch.full((len(halting),), True), pen(len(halting), 4.0, cap, join, closed))
    edges, owners = outlines(plain, torch.full((len(plain),), True), pen(len(plain), 4.0, cap, join, closed))
    assert torch.equal(ours[0], edges)
    assert torch.equal(ours[1], torch.tensor([1, 4, 6])[owners])
