"""Colours that depend on the direction of view: spherical harmonics in the order and with the signs of 3DGS."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

HIGHEST_DEGREE = 3
"""The highest degree that files and rasterisers know."""
CONSTANT = math.sqrt(1 / (4 * math.pi))
"""The harmonic of degree 0."""


def degree_of(count: int) -> int:
    """The degree of so many coefficients, (degree + 1)²."""
    return math.isqrt(count) - 1


def basis(direction: Float[Tensor, "*b 3"], degree: int) -> Float[Tensor, "*b k"]:
    """The (degree + 1)² harmonics in directions of length 1."""
    x, y, z = direction.unbind(-1)
    values = [torch.full_like(x, CONSTANT)]
    if degree > 0:
        c = math.sqrt(3 / (4 * math.pi))
        values += [-c * y, c * z, -c * x]
    if degree > 1:
        c, d, e = math.sqrt(15 / (4 * math.pi)), math.sqrt(5 / (16 * math.pi)), math.sqrt(15 / (16 * math.pi))
        values += [c * x * y, -c * y * z, d * (2 * z**2 - x**2 - y**2), -c * x * z, e * (x**2 - y**2)]
    if degree > 2:
        c, d, e = math.sqrt(35 / (32 * math.pi)), math.sqrt(21 / (32 * math.pi)), math.sqrt(7 / (16 * math.pi))
        f, g = math.sqrt(105 / (4 * math.pi)), math.sqrt(105 / (16 * math.pi))
        ring = 4 * z**2 - x**2 - y**2
        values += [-c * y * (3 * x**2 - y**2), f * x * y * z, -d * y * ring]
        values += [e * z * (2 * z**2 - 3 * x**2 - 3 * y**2)]
        values += [-d * x * ring, g * z * (x**2 - y**2), -c * x * (x**2 - 3 * y**2)]
    return torch.stack(values, -1)


def colours(
    constant: Float[Tensor, "n 3"], rest: Float[Tensor, "n k 3"], direction: Float[Tensor, "v n 3"]
) -> Float[Tensor, "v n 3"]:
    """1/2 + sum_k coefficient_k Y_k(direction), at least 0; directions lead from the camera, of any length above 0.

    The gradient passes straight through the bound, so that a colour below it can return.
    """
    value = 0.5 + CONSTANT * constant
    if rest.shape[1]:
        unit = direction / direction.norm(dim=-1, keepdim=True).clamp(min=1e-12)
        value = value + torch.einsum("vnk,nkc->vnc", basis(unit, degree_of(rest.shape[1] + 1))[..., 1:], rest)
    else:
        value = value.expand(len(direction), -1, -1)
    return value + (value.clamp(min=0) - value).detach()


def turned(rest: Float[Tensor, "n k 3"], rotation: Float[Tensor, "3 3"]) -> Float[Tensor, "n k 3"]:
    """The coefficients above degree 0 of the same colours turned by a rotation of the world.

    Each degree turns by itself: the turned harmonics at more directions than there are harmonics are its own ones times
    a matrix, which least squares finds exactly.
    """
    degree = degree_of(rest.shape[1] + 1)
    points = torch.arange(1, 64, dtype=torch.float64)[:, None] * torch.tensor([0.754877666, 0.569840291, 0.31])
    direction = torch.nn.functional.normalize(points.frac() - 0.5, dim=1)
    before, after = basis(direction @ rotation.double(), degree), basis(direction, degree)
    parts = [rest]
    for each in range(1, degree + 1):
        rows = slice(each**2, (each + 1) ** 2)
        change = torch.linalg.lstsq(after[:, rows], before[:, rows]).solution
        parts.append(torch.einsum("jk,nkc->njc", change.to(rest), rest[:, rows.start - 1 : rows.stop - 1]))
    return torch.cat(parts[1:], 1) if degree else rest
