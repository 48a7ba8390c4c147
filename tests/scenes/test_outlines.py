"""The level of a surface against outlines that are known."""

import pytest
import torch

from potstill.scenes import Volume
from potstill.scenes.outlines import _best, fitting_level


def test_the_level_is_the_best_of_all_and_lies_between_two_values():
    rng = torch.Generator().manual_seed(0)
    largest = torch.rand(60, generator=rng).mul(20).round() / 4  # with equal values
    shown = largest + 2 * torch.rand(60, generator=rng) > 3
    level, iou = _best(largest, shown)
    tried = [
        (((largest > at) & shown).sum() / ((largest > at) | shown).sum()).item() for at in torch.arange(-1, 6, 0.1)
    ]
    assert iou == pytest.approx(max(tried))
    assert not (largest == level).any()
    assert iou == pytest.approx((((largest > level) & shown).sum() / ((largest > level) | shown).sum()).item())
    assert _best(largest, shown & False) == (0.0, 0.0)
    assert _best(largest + 1, shown | True) == (pytest.approx(0.75 * (largest.min().item() + 1)), 1.0)


@pytest.mark.parametrize("density", [3.0, 30.0])
def test_the_surface_of_a_ball_has_the_outline_of_the_ball(density):
    # A ray at the distance d from the middle loses half of the light where density 2 sqrt(0.25 - d²) = log 2.
    axis = torch.linspace(-1, 1, 65)
    far = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
    raw = (density * (0.5 - far).mul(16).add(0.5).clamp(0, 1)).clamp(min=1e-6).expm1().log()
    level, iou = fitting_level(Volume(raw, torch.zeros(3, 65, 65, 65), samples=128))
    wide = 0.5 + (0.5 - level / density) / 16
    assert wide == pytest.approx((0.25 - (0.6931 / density / 2) ** 2) ** 0.5, abs=0.02)
    assert iou > 0.97


def test_what_hides_nothing_has_no_level():
    assert fitting_level(Volume.ball(9, density=0.01)) == (0.0, 0.0)
