"""What is optimised, and how it is looked at."""

from potstill.scenes.points import Points, Projected
from potstill.scenes.scene import Scene, View

__all__ = ["Points", "Projected", "Scene", "View"]
