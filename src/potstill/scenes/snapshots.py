"""Pictures of a 3-D scene that are moved in its place, and how an edit reaches the scene: directly, or through them."""

import abc
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from potstill.fields import Checked, check_count
from potstill.scenes.camera_rules import Among
from potstill.scenes.cameras import Cameras
from potstill.scenes.fitting import fit
from potstill.scenes.scene import Scene, View, parameter
from potstill.scenes.viewing import Solid
from potstill.tensors import Grid

VIEWS = 4
"""Pictures in a step of the fit, each step of which is a few milliseconds of a core for each of them."""


@dataclass(frozen=True)
class Route(Checked, abc.ABC):
    """How the steps of an edit reach a 3-D scene."""


@dataclass(frozen=True)
class Direct(Route):
    """Every step draws new cameras, and moves the scene itself down the gradient of what they see."""


@dataclass(frozen=True)
class Refit(Route):
    """The steps move pictures of the scene, one for each camera, drawn once; then the scene is fitted to them.

    Each picture is edited on its own, so the views may disagree, and the scene is what they have in common: the scene
    with the smallest mean squared error to all of them. The fit needs no network. (Instruct-NeRF2NeRF, arXiv
    2303.12789, edits pictures and fits in turns.)

    Raises:
        InputError: steps are not from 1 to 1,000,000.
    """

    steps: int = 80
    """Steps of the fit, by Adam."""

    def __post_init__(self) -> None:
        """Check the steps."""
        super().__post_init__()
        check_count("steps of the fit", self.steps, 1_000_000, usual="80")


class Snapshots(Scene):
    """What cameras see of a 3-D scene, encoded [v, c, h, w]: pictures that are moved, each on its own."""

    latents: Tensor

    def __init__(self, scene: Solid, rng: Generator) -> None:
        """Draw the cameras of one step of the scene, at most as many as there are, and render them."""
        super().__init__()
        rule, views = scene.viewing.cameras, scene.viewing.views
        with _looked_at(scene, min(views, len(rule.cameras)) if isinstance(rule, Among) else views), torch.no_grad():
            self.fixed, self.codec = scene.view(rng), scene.viewing.codec
            self.latents = parameter(scene(self.fixed), "latents")

    def view(self, rng: Generator) -> View:
        """The same cameras in every step."""
        return self.fixed

    def forward(self, view: View) -> Grid:
        """The pictures."""
        return self.latents

    def fit(self, scene: Solid, steps: int, rng: Generator, optimizer: Optimizer, falling: LRScheduler) -> None:
        """Move a scene until it looks like the pictures; all must have the background of the scene's viewing."""
        pictures, cameras = self.codec.decode(self.latents.detach()), Cameras.of_view(self.fixed)
        with _looked_at(scene, min(VIEWS, len(pictures))):
            for _ in fit(scene, pictures, cameras, steps=steps, rng=rng, optimizer=optimizer):
                falling.step()

    def copy(self) -> "Snapshots":
        """The same pictures, in memory of their own."""
        return deepcopy(self)


@contextmanager
def _looked_at(scene: Solid, views: int) -> Iterator[None]:
    """A scene with another number of views, for a while."""
    kept = scene.viewing
    scene.viewing = replace(kept, views=views)
    try:
        yield
    finally:
        scene.viewing = kept


ROUTES = (Direct, Refit)
