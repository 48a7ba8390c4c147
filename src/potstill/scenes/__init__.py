"""Scenes: parameters that are optimised, with a differentiable render."""

from potstill.scenes.drawing import Chosen, Drawing
from potstill.scenes.latents import Latents
from potstill.scenes.masked import Masked
from potstill.scenes.pixels import Pixels
from potstill.scenes.points import Points, Projected
from potstill.scenes.scene import Scene, View

__all__ = ["Chosen", "Drawing", "Latents", "Masked", "Pixels", "Points", "Projected", "Scene", "View"]
