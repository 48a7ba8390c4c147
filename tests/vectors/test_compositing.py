"""Compositing against the plain formula and its derivative by autograd."""

import torch
from torch import Generator, Tensor

from potstill.vectors.compositing import Box, over

BOXES = [Box(0, 1, 4, 3, 0), Box(2, 0, 3, 3, 30), Box(1, 1, 2, 2, 54), Box(0, 0, 0, 0, 66)]
SIZE = 66


def given(channels: int) -> tuple[Tensor, ...]:
    rng = Generator().manual_seed(channels)

    def draw(*size: int) -> Tensor:
        return torch.rand(*size, generator=rng, dtype=torch.float64)

    colours = draw(2, 4, channels)
    if channels == 4:
        colours[..., 3] = 1
    return draw(2, channels, 4, 5), draw(SIZE), colours, draw(2, 4), draw(2, 4, 3, 3)


def plainly(canvas: Tensor, coverage: Tensor, colours: Tensor, opacities: Tensor, paint: Tensor) -> Tensor:
    """The slow twin: one shape after another, on whole canvases."""
    for number, box in enumerate(BOXES):
        alpha = torch.zeros_like(canvas[:, :1])
        box.on(alpha)[:, 0] = box.unpack(coverage, 2) * opacities[:, number, None, None]
        colour = colours[:, number, :, None, None].expand_as(canvas)
        if number == 1:
            box.on(alpha)[:, 0] *= paint[:, 3]
            colour = colour.clone()
            box.on(colour)[:, :3] = paint[:, :3]
        canvas = canvas * (1 - alpha) + alpha * colour
    return canvas


def fast(canvas: Tensor, coverage: Tensor, colours: Tensor, opacities: Tensor, paint: Tensor) -> Tensor:
    return over(canvas, coverage, BOXES, colours, opacities, [None, paint, None, None])


def test_it_is_the_plain_formula_with_its_derivative():
    for channels in (3, 4):
        inputs = [each.requires_grad_() for each in given(channels)]
        assert torch.allclose(fast(*inputs), plainly(*inputs), atol=1e-14)
        weights = torch.rand(2, channels, 4, 5, generator=Generator().manual_seed(9), dtype=torch.float64)
        found = torch.autograd.grad((fast(*inputs) * weights).sum(), inputs)
        expected = torch.autograd.grad((plainly(*inputs) * weights).sum(), inputs)
        for name, one, other in zip(
            ["canvas", "coverage", "colours", "opacities", "paint"], found, expected, strict=True
        ):
            if name == "colours":  # that of a shape with a paint is not used, and the last channel is alpha
                one, other = one[..., :3], other[..., :3]
            assert torch.allclose(one, other, atol=1e-13), name


def test_an_opaque_shape_hides_what_is_below_and_its_derivative_is_finite():
    canvas, coverage, colours, opacities, _paint = given(3)
    coverage, opacities = torch.ones_like(coverage), torch.ones_like(opacities).requires_grad_()
    result = over(canvas, coverage, BOXES[:1], colours[:, :1], opacities[:, :1], [None])
    assert torch.equal(BOXES[0].on(result), colours[:, 0, :, None, None].expand(2, 3, 3, 4))
    result.sum().backward()
    assert torch.isfinite(opacities.grad).all()
