"""Spherical harmonics: orthonormal, in the order of 3DGS, and turned with the world."""

import math

import pytest
import torch
from torch import Generator

from potstill.scenes.harmonics import basis, colours, turned
from potstill.scenes.projection import rotations

F64 = torch.float64


def test_the_basis_is_orthonormal():
    """Integrated over the sphere by Gauss-Legendre in z and equal steps around it, exact to degree 7."""
    z, weight = (torch.from_numpy(each) for each in __import__("numpy").polynomial.legendre.leggauss(8))
    angle = torch.arange(16, dtype=F64) * math.tau / 16
    flat = (1 - z**2).sqrt()[:, None]
    direction = torch.stack([flat * angle.cos(), flat * angle.sin(), z[:, None].expand(-1, 16)], -1)
    values = basis(direction, 3)
    gram = torch.einsum("zaj,zak,z->jk", values, values, weight) * math.tau / 16
    assert torch.allclose(gram, torch.eye(16, dtype=F64), atol=1e-12)


def test_the_order_and_signs_are_those_of_3dgs():
    """Constants of the released code at one direction."""
    x, y, z = 0.48, -0.6, 0.64
    values = basis(torch.tensor([x, y, z], dtype=F64), 3)
    wanted = {
        0: 0.28209479177387814,
        1: -0.4886025119029199 * y,
        3: -0.4886025119029199 * x,
        4: 1.0925484305920792 * x * y,
        6: 0.31539156525252005 * (2 * z * z - x * x - y * y),
        8: 0.5462742152960396 * (x * x - y * y),
        9: -0.5900435899266435 * y * (3 * x * x - y * y),
        10: 2.890611442640554 * x * y * z,
        12: 0.3731763325901154 * z * (2 * z * z - 3 * x * x - 3 * y * y),
        13: -0.4570457994644658 * x * (4 * z * z - x * x - y * y),
        15: -0.5900435899266435 * x * (x * x - 3 * y * y),
    }
    for index, value in wanted.items():
        assert values[index] == pytest.approx(value)


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_turned_colours_are_those_seen_from_the_direction_turned_back(degree):
    rng = Generator().manual_seed(degree)
    constant, rest = (torch.randn(4, k, 3, generator=rng, dtype=F64) for k in (1, (degree + 1) ** 2 - 1))
    direction = torch.randn(5, 4, 3, generator=rng, dtype=F64)
    rotation = rotations(torch.randn(1, 4, generator=rng, dtype=F64))[0]
    now = colours(constant[:, 0], turned(rest, rotation), direction @ rotation.T)
    assert torch.allclose(now, colours(constant[:, 0], rest, direction), atol=1e-9)


def test_a_colour_below_black_can_return():
    constant = torch.full((1, 3), -5.0, requires_grad=True)
    value = colours(constant, torch.zeros(1, 0, 3), torch.ones(1, 1, 3))
    value.sum().backward()
    assert value.abs().max() == 0
    assert (constant.grad > 0).all()
