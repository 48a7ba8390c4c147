"""Points: the smallest scenes, rendered as they are or through random cameras."""

from jaxtyping import Float
from torch import Generator, Tensor

from potstill.scenes.cameras import random_cameras
from potstill.scenes.scene import Scene, View, parameter


class Points(Scene):
    """Points [n, d] that are their own render."""

    def __init__(self, points: Float[Tensor, "n d"]) -> None:
        """Start from these points."""
        super().__init__()
        self.points = parameter(points, "points")

    def forward(self, view: View) -> Float[Tensor, "n d"]:
        """The points."""
        return self.points


class Projected(Scene):
    """Points [n, 3], each a 3-D scene rendered by projection under a random camera of its own.

    A camera is the first two rows of a uniformly random rotation: an orthographic view [n, 2, 3].
    """

    def __init__(self, points: Float[Tensor, "n 3"]) -> None:
        """Start from these points."""
        super().__init__()
        self.points = parameter(points, "points")

    def view(self, rng: Generator) -> View:
        """A random camera per point."""
        return {"camera": random_cameras(len(self.points), rng, self.points.dtype)}

    def forward(self, view: View) -> Float[Tensor, "n 2"]:
        """camera · point."""
        return (view["camera"].to(self.points) @ self.points[:, :, None])[:, :, 0]
