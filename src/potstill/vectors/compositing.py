"""Compositing: shapes painted over one another in order, and the derivative without what autograd would store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

Canvas = Float[Tensor, "b channels h w"]
"""RGB over an opaque background, or RGB times alpha and alpha for a layer of its own."""
Paint = Float[Tensor, "b 4 rows columns"]
"""RGB and alpha of each pixel of a box."""


@dataclass(frozen=True)
class Box:
    """A box on the canvas, in pixels, and the place of its coverage among the packed ones, [b, height, width + 1]."""

    left: int
    top: int
    width: int
    height: int
    start: int

    def on(self, canvas: Float[Tensor, "*c h w"]) -> Float[Tensor, "*c rows columns"]:
        """The part of a canvas in the box."""
        return canvas[..., self.top : self.top + self.height, self.left : self.left + self.width]

    def unpack(self, packed: Float[Tensor, " size"], samples: int) -> Float[Tensor, "b rows columns"]:
        """The entries of the box."""
        end = self.start + samples * self.height * (self.width + 1)
        return packed[self.start : end].view(samples, self.height, self.width + 1)[..., :-1]


def over(
    canvas: Canvas,
    coverage: Float[Tensor, " size"],
    boxes: Sequence[Box],
    colours: Float[Tensor, "b paths channels"],
    opacities: Float[Tensor, "b paths"],
    paints: Sequence[Paint | None],
) -> Canvas:
    """Paint shapes over a canvas: canvas <- canvas + a (colour - canvas), a = coverage x opacity, in order.

    Args:
        canvas: what is below.
        coverage: of every pixel of the boxes, packed.
        boxes: of the shapes, the lowest shape first.
        colours: of the shapes; with 1 as the last of four channels.
        opacities: of the shapes.
        paints: for a shape whose colour differs from pixel to pixel, its colours and alpha, which then count.
    """
    given = [each for each in paints if each is not None]
    return _Over.apply(canvas, coverage, colours, opacities, tuple(boxes), [each is None for each in paints], *given)


class _Over(torch.autograd.Function):
    @staticmethod
    def forward(ctx, canvas, coverage, colours, opacities, boxes, flat, *paints):
        ctx.save_for_backward(canvas, coverage, colours, opacities, *paints)
        ctx.boxes, ctx.flat = boxes, flat
        result = canvas.clone()
        for box, colour, alpha, _ in _shapes(result, coverage, colours, opacities, boxes, flat, paints):
            box.on(result).lerp_(colour, alpha[:, None])
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, *outputs: Canvas):  # type: ignore[override]
        """With g the gradient of the result, T the share of a shape that those above it let through, and S below it.

        dL/da = T (g . colour - g . S), and q = g . S is carried upwards as a single channel.
        """
        g = outputs[0]
        canvas, coverage, colours, opacities, *paints = ctx.saved_tensors
        shapes = list(_shapes(canvas, coverage, colours, opacities, ctx.boxes, ctx.flat, paints))
        through = torch.ones_like(g[:, 0])
        let: list[Tensor] = []
        for box, _, alpha, _ in reversed(shapes):
            here = box.on(through)
            let.append(here.clone())
            here.addcmul_(here, alpha, value=-1)
        let.reverse()

        q = (g * canvas).sum(1)
        to_coverage = torch.zeros_like(coverage)
        to_colours, to_opacities, to_paints = [], [], []
        for number, (box, colour, alpha, paint) in enumerate(shapes):
            here, below = box.on(g), box.on(q)
            toward = (here * colour).sum(1)
            to_alpha = let[number] * (toward - below)
            to_colour = here * (alpha * let[number])[:, None]
            cover = box.unpack(coverage, len(g))
            opacity = opacities[:, number, None, None]
            slope = to_alpha
            if paint is None:
                to_colours.append(to_colour.sum((2, 3)))
            else:
                slope = to_alpha * paint[:, 3]
                to_colours.append(torch.zeros_like(colours[:, number]))
                to_paints.append(torch.cat([to_colour[:, :3], (to_alpha * cover * opacity)[:, None]], 1))
            box.unpack(to_coverage, len(g)).copy_(slope * opacity)
            to_opacities.append((slope * cover).sum((1, 2)))
            below.lerp_(toward, alpha)
        to_canvas = g * through[:, None]
        lists = torch.stack(to_colours, 1), torch.stack(to_opacities, 1)
        return to_canvas, to_coverage, *lists, None, None, *to_paints


def _shapes(
    canvas: Canvas,
    coverage: Float[Tensor, " size"],
    colours: Float[Tensor, "b paths channels"],
    opacities: Float[Tensor, "b paths"],
    boxes: Sequence[Box],
    flat: Sequence[bool],
    paints: Sequence[Paint],
) -> Iterator[tuple[Box, Tensor, Tensor, Tensor | None]]:
    """Box, colour [b, channels, 1 or rows, 1 or columns], alpha [b, rows, columns] and paint of each shape."""
    given = iter(paints)
    for number, box in enumerate(boxes):
        alpha = box.unpack(coverage, len(canvas)) * opacities[:, number, None, None]
        if flat[number]:
            yield box, colours[:, number, :, None, None], alpha, None
        else:
            paint = next(given)
            one = [torch.ones_like(paint[:, :1])] * (canvas.shape[1] - 3)
            yield box, torch.cat([paint[:, :3], *one], 1), alpha * paint[:, 3], paint
