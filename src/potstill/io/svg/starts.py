"""Drawings to start from: random closed paths, and random strokes."""

import math

import torch
from torch import Generator

from potstill.fields import check_count
from potstill.io.svg.fields import format_number, write_colour
from potstill.io.svg.reader import read_svg
from potstill.io.svg.writer import SvgFile

SIDE = 100
"""The side of the viewBox."""
MOST = 4096


def random_paths(count: int, rng: Generator, *, curves: int = 4, radius: float = 0.1) -> SvgFile:
    """Blobs of random colours all over the page, as VectorFusion starts from (arXiv 2211.11319, section 4.2).

    Args:
        count: how many.
        rng: on the CPU.
        curves: cubic curves of each closed path.
        radius: of a blob, in sides of the page; each point is at 0.5 to 1.5 times as much.

    Raises:
        InputError: a count is not positive.
    """
    _check(count, curves)
    bodies = []
    for _ in range(count):
        centre = torch.rand(2, generator=rng, dtype=torch.float64) * SIDE
        angles = torch.arange(3 * curves, dtype=torch.float64) * (2 * math.pi / (3 * curves))
        reach = radius * SIDE * (0.5 + torch.rand(3 * curves, generator=rng, dtype=torch.float64))
        points = centre + reach[:, None] * torch.stack([angles.cos(), angles.sin()], 1)
        text = [_point(point) for point in [*points.tolist(), points[0].tolist()]]
        parts = " ".join(f"C{' '.join(text[at : at + 3])}" for at in range(1, 3 * curves, 3))
        bodies.append(f'<path d="M{text[0]} {parts}z" fill="{_colour(rng)}" fill-opacity="1"/>')
    return _file(bodies)


def random_strokes(count: int, rng: Generator, *, curves: int = 2, radius: float = 0.1, width: float = 0.02) -> SvgFile:
    """Short strokes of random colours all over the page, as CLIPDraw starts from (arXiv 2106.14843).

    Args:
        count: how many.
        rng: on the CPU.
        curves: cubic curves of each open path.
        radius: how far a point is at most from the one before along each axis, in sides of the page.
        width: of a stroke, in sides of the page.

    Raises:
        InputError: a count is not positive.
    """
    _check(count, curves)
    bodies = []
    for _ in range(count):
        start = torch.rand(1, 2, generator=rng, dtype=torch.float64)
        steps = radius * (2 * torch.rand(3 * curves, 2, generator=rng, dtype=torch.float64) - 1)
        points = SIDE * torch.cat([start, steps]).cumsum(0)
        text = [_point(point) for point in points.tolist()]
        path = f"M{text[0]} C{' '.join(text[1:])}"
        pen = f'stroke-width="{format_number(width * SIDE, 2)}" stroke-linecap="round" stroke-linejoin="round"'
        bodies.append(f'<path d="{path}" fill="none" stroke="{_colour(rng)}" {pen} stroke-opacity="1"/>')
    return _file(bodies)


def _check(count: int, curves: int) -> None:
    check_count("count", count, MOST)
    check_count("curves", curves, 64)


def _point(point: list[float]) -> str:
    return f"{format_number(point[0], 2)},{format_number(point[1], 2)}"


def _colour(rng: Generator) -> str:
    return write_colour(torch.rand(3, generator=rng, dtype=torch.float64).tolist(), 0)


def _file(bodies: list[str]) -> SvgFile:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}">'
    return read_svg("\n".join([head, *bodies, "</svg>\n"]).encode())
