"""Drawings side by side render as each does, and learn as each does."""

import torch
from torch import Generator

from potstill.diffusion.codec import PixelUnshuffle
from potstill.io.svg import random_paths, random_strokes
from potstill.scenes import Chosen, Drawing
from potstill.scenes.several_drawings import SeveralDrawings


def test_the_batch_is_each_drawing_and_so_are_its_groups():
    starts = [random_paths(3, Generator().manual_seed(0)), random_strokes(2, Generator().manual_seed(1))]
    each = [Drawing(file.sketch, PixelUnshuffle(1), 16, 16, chosen=Chosen(("points", "colours"))) for file in starts]
    several = SeveralDrawings(each)
    render = several({})
    assert torch.equal(render, torch.cat([drawing({}) for drawing in each]))
    weights = torch.randn(render.shape, generator=Generator().manual_seed(0))
    (render * weights).sum().backward()
    groups = several.groups({"points": 0.1, "colours": 0.2})
    assert [group["lr"] for group in groups] == [0.1, 0.2, 0.1, 0.2]
    assert all(parameter.grad.abs().sum() > 0 for group in groups for parameter in group["params"])
