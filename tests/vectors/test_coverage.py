"""Exact coverage: areas against counting samples, exact sums, and the derivative against differences."""

import pytest
import torch
from torch import Generator, Tensor

from potstill.vectors.coverage import Boxes, even_odd, non_zero, winding_areas

W, H = 7, 6


def boxes(count: int = 1, left: int = 0, top: int = 0) -> Boxes:
    def whole(value: int) -> Tensor:
        return torch.full((count,), value)

    size = H * (W + 1)
    return Boxes(whole(left), whole(top), whole(W), whole(H), torch.arange(count) * size, count * size)


def edges_of(points: Tensor) -> Tensor:
    return torch.stack([points, points.roll(-1, 0)], 1)


def areas(points: Tensor) -> Tensor:
    return winding_areas(edges_of(points), torch.zeros(len(points), dtype=torch.int64), boxes()).view(H, W + 1)


def polygon(seed: int, corners: int = 7) -> Tensor:
    """Corners on the canvas and beyond all its sides."""
    return torch.rand(corners, 2, generator=Generator().manual_seed(seed), dtype=torch.float64) * 12 - 3


def counted(points: Tensor, samples: int = 100) -> Tensor:
    """The slow twin: the mean winding number of samples in each pixel, by rays to the left."""
    x, y = ((torch.arange(side * samples) + 0.5) / samples for side in (W, H))
    winding = torch.zeros(H * samples, W * samples, dtype=torch.float64)
    for (xa, ya), (xb, yb) in edges_of(points):
        hit = (y >= min(ya, yb)) & (y < max(ya, yb))
        at = xa + (y - ya) / (yb - ya) * (xb - xa)
        winding += torch.sign(yb - ya) * (hit[:, None] & (x > at[:, None]))
    return winding.view(H, samples, W, samples).mean((1, 3))


@pytest.mark.parametrize("seed", range(8))
def test_areas_are_those_of_counted_samples_and_rows_end_at_exactly_zero(seed):
    found = areas(polygon(seed))
    assert (found[:, :-1] - counted(polygon(seed))).abs().max() < 4e-3
    assert (found[:, -1] == 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_derivative_is_that_of_differences(seed):
    points = polygon(seed).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: areas(p)[:, :-1], (points,), atol=1e-5)


def test_a_rectangle_between_pixels_covers_its_shares():
    corners = torch.tensor([[1.25, 1.5], [3.5, 1.5], [3.5, 2.75], [1.25, 2.75]], dtype=torch.float64)
    expected = torch.outer(torch.tensor([0, 0.5, 0.75, 0, 0, 0]), torch.tensor([0, 0.75, 1, 0.5, 0, 0, 0])).double()
    assert torch.equal(areas(corners)[:, :-1], -expected)
    assert torch.equal(areas(corners.flip(0))[:, :-1], expected)


def test_an_edge_that_is_almost_upright_loses_nothing():
    """Between two neighbouring floats no share of the edge can be told: all of it counts all the same."""
    x = 3.0 + 4e-16
    corners = torch.tensor([[x, 0.5], [5.0, 0.5], [5.0, 5.5], [3.0, 5.5]], dtype=torch.float64)
    assert (areas(corners)[:, -1] == 0).all()
    assert areas(corners).sum() == pytest.approx(-10, abs=1e-12)


def test_no_path_and_no_order_of_edges_changes_another_path_by_a_bit():
    a, b = edges_of(polygon(1).float()), edges_of(polygon(2).float())
    path = torch.tensor([0] * 7 + [1] * 7)
    both = winding_areas(torch.cat([a, b]), path, boxes(2))
    mixed = torch.randperm(14, generator=Generator().manual_seed(0))
    assert torch.equal(both, winding_areas(torch.cat([a, b])[mixed], path[mixed], boxes(2)))
    assert torch.equal(both[H * (W + 1) :].view(H, W + 1), areas(polygon(2).float()))


def test_far_and_huge_edges_cover_what_they_must():
    corners = torch.tensor([[-1e30, -1e30], [1e30, -1e30], [1e30, 1e30], [-1e30, 1e30]])
    assert (areas(corners)[:, :-1] == -1).all()
    assert (areas(corners.abs() + 100) == 0).all()


def test_fill_rules_of_winding_numbers():
    numbers = torch.tensor([-2.0, -1.0, -0.25, 0.0, 0.25, 1.0, 1.5, 2.0, 3.0])
    assert non_zero(numbers).tolist() == [1, 1, 0.25, 0, 0.25, 1, 1, 1, 1]
    assert even_odd(numbers).tolist() == [0, 1, 0.25, 0, 0.25, 1, 0.5, 0, 1]
