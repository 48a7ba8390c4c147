"""The curves of many shapes as tensors."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor, nn

from potstill.vectors.sketch import Layer, Node, Shape, Still

T = TypeVar("T", Shape, Still)

Numbers = Float[Tensor, "b n"]
"""The numbers of drawings with one sketch."""


class CurveTable(nn.Module):
    """The curves of many shapes, one after another, and the pens of those that are stroked."""

    index: Int64[Tensor, "curves 4 2 terms"]
    weight: Float64[Tensor, "curves 4 2 terms"]
    straight: Bool[Tensor, " curves"]
    shape: Int64[Tensor, " curves"]
    following: Int64[Tensor, " curves"]
    starts: Bool[Tensor, " curves"]
    width: Int64[Tensor, " curves"]
    cap: Int64[Tensor, " curves"]
    join: Int64[Tensor, " curves"]
    miter_limit: Float[Tensor, " curves"]

    def __init__(self, shapes: Sequence[tuple[int, Shape]]) -> None:
        """Of shapes with their numbers."""
        super().__init__()
        lists: dict[str, list] = {name: [] for name in ("index", "weight", "straight", "shape", "following", "starts")}
        pens: dict[str, list] = {name: [] for name in ("width", "cap", "join", "miter_limit")}
        total = 0
        for number, shape in shapes:
            outline, kept = shape.outline, slice(None)
            if shape.stroke is not None:
                kept = ~outline.implied
            place = torch.full((len(outline.straight),), -1, dtype=torch.int64)
            count = int(torch.arange(len(place))[kept].numel())
            place[kept] = torch.arange(count) + total
            following = outline.following[kept]
            lists["following"].append(torch.where(following < 0, -1, place[following]))
            for name in ("index", "weight", "straight", "starts"):
                lists[name].append(getattr(outline, name)[kept])
            lists["shape"].append(torch.full((count,), number))
            if shape.stroke is not None:
                for name, values in pens.items():
                    values.append(torch.full((count,), getattr(shape.stroke, name)))
            total += count
        for name, values in (lists | pens).items():
            if values:
                self.register_buffer(name, torch.cat(values), persistent=False)
        if not shapes:
            self.register_buffer("straight", torch.zeros(0, dtype=torch.bool), persistent=False)

    def points(self, numbers: Numbers) -> Float[Tensor, "b curves 4 2"]:
        """Their control points."""
        return control_points(numbers, self.index, self.weight.to(numbers))


def control_points(
    numbers: Numbers, index: Int64[Tensor, "curves 4 2 terms"], weight: Float[Tensor, "curves 4 2 terms"]
) -> Float[Tensor, "b curves 4 2"]:
    """The control points: sums of numbers."""
    return (numbers.index_select(1, index.flatten()).view(len(numbers), *index.shape) * weight).sum(-1)


def leaves(nodes: Sequence[Node], kind: type[T]) -> Iterator[T]:
    """All nodes of a kind, those of clip paths too, in the order in which `Renderer` draws them."""
    for node in nodes:
        if isinstance(node, kind):
            yield node
        elif isinstance(node, Layer):
            yield from leaves(node.nodes, kind)
            yield from leaves(node.clip or (), kind)
