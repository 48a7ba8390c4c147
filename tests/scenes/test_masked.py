"""A mask: nothing moves where it is 0, and everything as without it where it is 1."""

import torch
from torch import Generator
from torch.optim import Adam

from potstill.scenes import Masked, Points, Projected


def test_only_what_the_mask_covers_is_the_scene_s():
    points, outside = torch.randn(2, 3, 4, generator=Generator().manual_seed(0), dtype=torch.float64)
    mask = torch.tensor([0.0, 0.25, 1.0, 0.0], dtype=torch.float64)
    scene = Masked(Points(points), mask, outside)
    render = scene(scene.view(Generator()))
    assert torch.equal(render[:, mask == 0], outside[:, mask == 0])
    assert torch.equal(render[:, 2], points[:, 2])
    assert torch.allclose(render[:, 1], 0.75 * outside[:, 1] + 0.25 * points[:, 1])


def test_the_optimiser_moves_nothing_outside():
    points = torch.randn(3, 4, generator=Generator().manual_seed(0))
    mask = torch.tensor([0.0, 1.0, 1.0, 0.0])
    scene = Masked(Points(points), mask, points)
    optimizer = Adam(scene.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        scene({}).square().sum().backward()
        optimizer.step()
    assert torch.equal(scene.scene.points[:, mask == 0], points[:, mask == 0])
    assert not (scene.scene.points[:, mask == 1] == points[:, mask == 1]).any()


def test_the_view_and_the_parameters_are_the_inner_scene_s():
    inner = Projected(torch.randn(2, 3, generator=Generator().manual_seed(0)))
    scene = Masked(inner, torch.ones(2), torch.zeros(2, 2))
    view = scene.view(Generator().manual_seed(1))
    assert torch.equal(view["camera"], inner.view(Generator().manual_seed(1))["camera"])
    assert torch.equal(scene(view), inner(view))
    assert [parameter is inner.points for parameter in scene.parameters()] == [True]
