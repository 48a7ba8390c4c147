"""Random cameras: rows of rotations, with no direction preferred."""

import torch
from torch import Generator

from potstill.scenes.cameras import random_cameras


def test_cameras_are_two_orthonormal_rows():
    cameras = random_cameras(50, Generator().manual_seed(0), torch.float64)
    assert torch.allclose(cameras @ cameras.mT, torch.eye(2, dtype=torch.float64).expand(50, 2, 2), atol=1e-12)


def test_cameras_are_uniform_over_all_rotations():
    """Entries have mean 0 and covariance I / 3 within six standard errors, also after a fixed rotation and flip."""
    count = 20_000
    rows = random_cameras(count, Generator().manual_seed(1), torch.float64)
    turned = rows @ torch.tensor([[0.0, 1.0, 0.0], [0.6, 0.0, 0.8], [-0.8, 0.0, 0.6]], dtype=torch.float64)
    for cameras in (rows, turned):
        for row in cameras.unbind(1):
            assert (row.mean(0).abs() < 6 / (3 * count) ** 0.5).all()
            assert ((row.T @ row / count - torch.eye(3) / 3).abs() < 6 * (4 / 45 / count) ** 0.5).all()
    # A row and its mirror image are equally likely given the other: signs are those of no fixed convention.
    assert (rows[:, 0, 0] * rows[:, 1, 1]).mean().abs() < 6 / 3 / count**0.5
