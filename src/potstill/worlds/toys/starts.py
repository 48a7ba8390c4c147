"""The scenes that a study of toys optimises: grey balls of Gaussians, or of a volume."""

import abc
from dataclasses import dataclass
from typing import Any

from torch import Generator
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ExponentialLR

from potstill.fields import Checked, check_count, check_number
from potstill.optimizers import Adam
from potstill.scenes.cameras import Cameras
from potstill.scenes.fitting import fit
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.viewing import Solid, Viewing
from potstill.scenes.volume import Volume
from potstill.tensors import Images

LAST = 0.05
"""The learning rate of the last step, in multiples of the first; it falls exponentially."""


@dataclass(frozen=True)
class ToyScene(Checked, abc.ABC):
    """What a toy is made of, and how fast it learns.

    Raises:
        InputError: a number is out of range.
    """

    learning_rate: float = 4.0
    """In multiples of the scene's own learning rates."""

    def __post_init__(self) -> None:
        """Check the learning rate."""
        super().__post_init__()
        check_number("learning rate", self.learning_rate, 1e-6, 1e6, usual="4")

    @abc.abstractmethod
    def ball(self, rng: Generator, viewing: Viewing) -> Solid:
        """A grey ball."""

    def descent(self, scene: Solid, steps: int, last: float = LAST) -> tuple[Optimizer, ExponentialLR]:
        """Adam, and the rule by which its learning rates fall to `last` of the first."""
        optimizer = Adam(self._groups(scene))
        return optimizer, ExponentialLR(optimizer, last ** (1 / steps))

    def fit(self, scene: Solid, pictures: Images, cameras: Cameras, steps: int, rng: Generator) -> None:
        """Move a scene until it looks like the pictures: `potstill.scenes.fit` with `descent`."""
        optimizer, falling = self.descent(scene, steps)
        for _ in fit(scene, pictures, cameras, steps=steps, rng=rng, optimizer=optimizer):
            falling.step()

    def _groups(self, scene: Solid) -> list[dict[str, Any]]:
        groups = scene.parameter_groups()
        return [{**group, "lr": self.learning_rate * group["lr"]} for group in groups]


@dataclass(frozen=True)
class Cloud(ToyScene):
    """Gaussians. Their scales learn twice as fast as their positions, beyond `learning_rate`."""

    count: int = 1000

    def __post_init__(self) -> None:
        """Check the count as well."""
        super().__post_init__()
        check_count("count of Gaussians", self.count, 100_000, usual="1000")

    def ball(self, rng: Generator, viewing: Viewing) -> Gaussians:
        """Of radius 0.6."""
        return Gaussians.ball(self.count, 0.6, rng, viewing)

    def _groups(self, scene: Solid) -> list[dict[str, Any]]:
        return [
            {**group, "lr": (2 if group["name"] == "log_scales" else 1) * group["lr"]}
            for group in super()._groups(scene)
        ]


@dataclass(frozen=True)
class Block(ToyScene):
    """A volume of points x points x points."""

    learning_rate: float = 1.0
    """In multiples of the scene's own learning rates."""
    points: int = 49

    def __post_init__(self) -> None:
        """Check the points as well."""
        super().__post_init__()
        check_count("points of the volume", self.points, 256, least=2, usual="49")

    def ball(self, rng: Generator, viewing: Viewing) -> Volume:
        """A soft one of radius 0.5."""
        return Volume.ball(self.points, viewing=viewing)
