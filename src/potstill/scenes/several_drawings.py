"""Several drawings side by side: one batch for the model."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import nn

from potstill.scenes.drawing import RATES, Drawing
from potstill.scenes.scene import Scene, View
from potstill.tensors import Grid
from potstill.vectors.sketch import Kind


class SeveralDrawings(Scene):
    """Drawings of different sketches; the render is that of each, in their order."""

    costly: ClassVar = True

    def __init__(self, drawings: Sequence[Drawing]) -> None:
        """Of drawings that render at the same size."""
        super().__init__()
        self._each = tuple(drawings)
        self.drawings = nn.ModuleList(drawings)

    def groups(self, rates: Mapping[Kind, float] = RATES) -> list[dict[str, Any]]:
        """As `Drawing.groups`, of all drawings."""
        return [group for drawing in self._each for group in drawing.groups(rates)]

    def forward(self, view: View) -> Grid:
        """The latents of the pictures."""
        return torch.cat([drawing(view) for drawing in self._each])
