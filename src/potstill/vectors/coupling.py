"""Points that take their neighbours along: outlines of a drawing stay smooth while they move."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.autograd.function import once_differentiable

from potstill.vectors.sketch import Shape, apply

ROUNDS = 6
"""How often neighbours share their gradients."""


class Links(NamedTuple):
    """Neighbours among some numbers, each pair in both directions."""

    one: Int64[Tensor, " links"]
    other: Int64[Tensor, " links"]
    weight: Float[Tensor, " links"]


def links(shapes: Iterable[Shape], numbers: Float[Tensor, " n"], places: Sequence[int], length: float) -> Links:
    """The neighbours along the outlines: coordinates of successive control points, each of which is a number.

    Points at a distance d have the weight exp(-d^2 / 2 length^2).

    Args:
        shapes: those that have the outlines.
        numbers: of the sketch.
        places: the numbers that move; links count in this order.
        length: in the units of the page.
    """
    order = torch.full((len(numbers),), -1)
    order[torch.tensor(places)] = torch.arange(len(places))
    pairs, weights = [torch.zeros(0, dtype=torch.int64)], [numbers.new_zeros(0)]
    for shape in shapes:
        used = shape.outline.weight != 0
        single = used.sum(-1) == 1  # [curves, 4, 2]
        number = order[shape.outline.index.gather(-1, used.long().argmax(-1, keepdim=True))[..., 0]]
        points = apply(shape.matrix, (numbers[shape.outline.index] * shape.outline.weight).sum(-1))
        for i, j in ((0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)):
            next_ = single[:, i] & single[:, j] & ~single[:, i + 1 : j].any(1)
            a, b = number[:, i], number[:, j]
            next_ &= (a >= 0) & (b >= 0) & (a != b)
            near = torch.exp(-(points[:, i] - points[:, j]).square().sum(-1, keepdim=True) / (2 * length**2))
            pairs.append((torch.minimum(a, b) * len(places) + torch.maximum(a, b))[next_])
            weights.append(near.expand(-1, 2)[next_])
    keys, which = torch.cat(pairs).unique(return_inverse=True)
    weight = numbers.new_zeros(len(keys)).scatter_reduce(0, which, torch.cat(weights), "amax")
    first, second = keys // len(places), keys % len(places)
    return Links(torch.cat([first, second]), torch.cat([second, first]), weight.repeat(2))


class Coupled(torch.autograd.Function):
    """The identity on numbers [b, n], whose gradient g is shared with neighbours: six times D^-1 (g + W g).

    W are the weights of the links, and D = 1 + the sum of those of a number. This is a few steps of the implicit
    smoothing of gradients in arXiv 2107.07789.
    """

    @staticmethod
    def forward(ctx, numbers: Float[Tensor, "b n"], *pairs: Tensor) -> Float[Tensor, "b n"]:
        """The numbers, with the fields of their `Links`."""
        ctx.save_for_backward(*pairs)
        return numbers.view_as(numbers)

    @staticmethod
    @once_differentiable
    def backward(ctx, *outputs: Float[Tensor, "b n"]):  # type: ignore[override]
        """See the class."""
        gradient, (one, other, weight) = outputs[0], ctx.saved_tensors
        degree = torch.ones_like(gradient[0]).index_add(0, one, weight)
        for _ in range(ROUNDS):
            gradient = gradient.index_add(1, one, gradient[:, other] * weight) / degree
        return gradient, None, None, None
