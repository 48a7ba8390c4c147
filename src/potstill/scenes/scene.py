"""What is optimised: parameters, and a render of them under a view."""

import abc
from typing import TypeAlias

from torch import Generator, Tensor, nn

from potstill.tensors import Latent

View: TypeAlias = dict[str, Tensor]
"""How a scene is looked at: entries that join the condition, such as a camera; empty where there is one view."""


class Scene(nn.Module, abc.ABC):
    """Parameters with a differentiable render, x_0 = forward(view)."""

    def view(self, rng: Generator) -> View:
        """Draw a view; the only one there is, unless a scene says otherwise."""
        return {}

    @abc.abstractmethod
    def forward(self, view: View) -> Latent:
        """Render, [b, ...]."""
