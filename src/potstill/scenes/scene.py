"""The interface of a scene: parameters, and their differentiable render under a view."""

import abc
from typing import TypeAlias

from torch import Generator, Tensor, nn

from potstill.tensors import Latent

View: TypeAlias = dict[str, Tensor]
"""A view: entries that are added to the condition, such as a camera; empty for scenes with a single view."""


class Scene(nn.Module, abc.ABC):
    """Parameters with a differentiable render, x_0 = forward(view)."""

    def view(self, rng: Generator) -> View:
        """Draw a view; by default the single view."""
        return {}

    @abc.abstractmethod
    def forward(self, view: View) -> Latent:
        """The render, [b, ...]."""
