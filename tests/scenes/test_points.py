"""Points: what is given is rendered, and gradients arrive where they must."""

import torch
from torch import Generator

from potstill.scenes import Points, Projected


def test_points_are_their_own_render_and_keep_no_hold_of_what_was_given():
    given = torch.randn(4, 2, generator=Generator().manual_seed(0))
    scene = Points(given)
    assert torch.equal(scene(scene.view(Generator())), given)
    with torch.no_grad():
        scene.points += 1
    assert not torch.equal(scene.points, given)


def test_a_projection_keeps_what_lies_across_the_view():
    """|camera · p|² + (p · (row x row))² = |p|²: the third axis alone is lost."""
    points = torch.randn(6, 3, generator=Generator().manual_seed(0), dtype=torch.float64)
    scene = Projected(points)
    view = scene.view(Generator().manual_seed(1))
    lost = (torch.linalg.cross(*view["camera"].unbind(1)) * points).sum(1)
    seen = scene(view).square().sum(1)
    assert torch.allclose(seen + lost**2, points.square().sum(1), atol=1e-12)


def test_the_gradient_of_a_projection_is_lifted_by_the_camera():
    scene = Projected(torch.randn(3, 3, generator=Generator().manual_seed(0), dtype=torch.float64))
    view = scene.view(Generator().manual_seed(1))
    gradient = torch.randn(3, 2, generator=Generator().manual_seed(2), dtype=torch.float64)
    scene(view).backward(gradient)
    assert torch.allclose(scene.points.grad, (view["camera"].mT @ gradient[:, :, None])[:, :, 0], atol=1e-12)
