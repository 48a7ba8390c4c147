"""SVG files for tests, and how resvg draws them."""

from pathlib import Path

import torch
from torch import Tensor

from potstill.io.svg import SvgFile, read_svg
from potstill.io.svg.fixed import draw_svg
from potstill.vectors import Renderer

DRAWINGS = sorted((Path(__file__).parent / "drawings").glob("*.svg"))
"""Drawings of Fluent Emoji and Noto Emoji; for their licences see NOTICE."""
NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(body: str, attributes: str = 'viewBox="0 0 32 32"') -> str:
    """A file around elements."""
    return f"<svg {NAMESPACES} {attributes}>{body}</svg>"


def read(body: str, attributes: str = 'viewBox="0 0 32 32"') -> SvgFile:
    """Such a file, read."""
    return read_svg(svg(body, attributes).encode())


def by_us(file: SvgFile, height: int = 48, width: int = 48, dtype: torch.dtype = torch.float64) -> Tensor:
    """Our picture over white, [3, h, w]."""
    numbers = file.sketch.numbers[None].to(dtype)
    return Renderer(file.sketch, height, width)(numbers, torch.ones(1, 3, dtype=dtype))[0]


def by_resvg(text: str, height: int = 48, width: int = 48) -> Tensor:
    """The picture of resvg over white."""
    rgba = draw_svg(text, "the test", height, width)
    return rgba[:3] * rgba[3:] + 1 - rgba[3:]


def difference(text: str, height: int = 48, width: int = 48) -> float:
    """The mean absolute difference of both."""
    return float((by_us(read_svg(text.encode()), height, width) - by_resvg(text, height, width)).abs().mean())
