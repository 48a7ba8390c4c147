"""Points: the smallest scenes there are, seen as they are or through random cameras."""

from jaxtyping import Float
from torch import Generator, Tensor, nn

from potstill.scenes.cameras import random_cameras
from potstill.scenes.scene import Scene, View


class Points(Scene):
    """Each point [n, d] is a sample, and its own render."""

    def __init__(self, points: Float[Tensor, "n d"]) -> None:
        """Start at the points given."""
        super().__init__()
        self.points = nn.Parameter(points.detach().clone())

    def forward(self, view: View) -> Float[Tensor, "n d"]:
        """The points."""
        return self.points


class Projected(Scene):
    """Each point [n, 3] is a 3-D scene of its own; its render is its projection under a random camera.

    A camera is the first two rows of a uniformly random rotation: an orthographic view [n, 2, 3].
    """

    def __init__(self, points: Float[Tensor, "n 3"]) -> None:
        """Start at the points given."""
        super().__init__()
        self.points = nn.Parameter(points.detach().clone())

    def view(self, rng: Generator) -> View:
        """A camera for each point."""
        return {"camera": random_cameras(len(self.points), rng, self.points.dtype)}

    def forward(self, view: View) -> Float[Tensor, "n 2"]:
        """camera · point."""
        return (view["camera"] @ self.points[:, :, None])[:, :, 0]
