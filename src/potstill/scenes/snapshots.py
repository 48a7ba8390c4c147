"""Pictures of a 3-D scene that are moved in its place, and how an edit reaches the scene: directly, or through them."""

import abc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor
from torch.nn.functional import interpolate, normalize
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from potstill.errors import Note
from potstill.fields import Checked, check_count, check_number
from potstill.scenes.camera_rules import Among
from potstill.scenes.cameras import Cameras
from potstill.scenes.fitting import FitStep, fit
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.scene import Scene, View, parameter
from potstill.scenes.viewing import Solid
from potstill.tensors import Grid, Images, without_small

VIEWS = 4
"""Pictures in a step of the fit, each step of which is a few milliseconds of a core for each of them."""
SHARE = 0.3
"""Of a Gaussian's part in the pictures, where they changed: with less it stays (docs/results/scenes-benchmark.md)."""


@dataclass(frozen=True)
class Route(Checked, abc.ABC):
    """How the steps of an edit reach a 3-D scene."""

    @abc.abstractmethod
    def moved(self, scene: Solid, rng: Generator) -> Scene:
        """What the steps move, before the first of them."""


@dataclass(frozen=True)
class Direct(Route):
    """Every step draws new cameras, and moves the scene itself down the gradient of what they see."""

    def moved(self, scene: Solid, rng: Generator) -> Scene:
        """The scene itself."""
        return scene


@dataclass(frozen=True)
class Refit(Route):
    """The steps move pictures of the scene, one for each camera, drawn once; then the scene is fitted to them.

    Each picture is edited on its own, so the views may disagree, and the scene is what they have in common: the scene
    with the smallest mean squared error to all of them. The fit needs no network. (Instruct-NeRF2NeRF, arXiv
    2303.12789, edits pictures and fits in turns.)

    Small changes of a picture are undone before the fit, since the network redraws a little of everything, and
    Gaussians that are seen elsewhere only keep their bits.

    Raises:
        InputError: steps are not from 1 to 1,000,000, or still is not in [0, 1).
    """

    steps: int = 80
    """Steps of the fit, by Adam."""
    still: float = 0.08
    """The smallest change of a channel that is kept whole, and 0.4 of it the largest that is undone; 0 keeps all."""

    def __post_init__(self) -> None:
        """Check the steps."""
        super().__post_init__()
        check_count("steps of the fit", self.steps, 1_000_000, usual="80")
        check_number("still", self.still, 0.0, 0.999, usual="0.08")

    def moved(self, scene: Solid, rng: Generator) -> "Snapshots":
        """Pictures of it."""
        return Snapshots(scene, rng)


class Snapshots(Scene):
    """What cameras see of a 3-D scene, encoded [v, c, h, w]: pictures that are moved, each on its own."""

    latents: Tensor

    def __init__(self, scene: Solid, rng: Generator) -> None:
        """Draw the cameras of one step of the scene, at most as many as there are, and render them.

        Warns:
            Note: there are fewer cameras than views.
        """
        super().__init__()
        rule, views = scene.viewing.cameras, scene.viewing.views
        if isinstance(rule, Among) and len(rule.cameras) < views:
            warnings.warn(
                f"views = {views} is more than the {len(rule.cameras)} cameras: each is used once", Note, stacklevel=2
            )
            views = len(rule.cameras)
        with _looked_at(scene, views), torch.no_grad():
            self.fixed, self.codec = scene.view(rng), scene.viewing.codec
            self.latents = parameter(scene(self.fixed), "latents")

    def view(self, rng: Generator) -> View:
        """The same cameras in every step."""
        return self.fixed

    def forward(self, view: View) -> Grid:
        """The pictures."""
        return self.latents

    def goal(self, source: "Snapshots", still: float, held: Tensor | float = 0.0) -> Images:
        """The pictures [v, 3, h, w], with those of the source where they changed by little: see `Refit.still`.

        Args:
            source: the same pictures, before they were moved.
            still: the smallest change that is kept whole.
            held: how much of each pixel [v, 1, h, w] is due to what may not move, and does not change either.
        """
        before, after = (self.codec.decode(each.latents.detach()) for each in (source, self))
        return before + without_small((1 - held) * (after - before), still)

    def hold_unchanged(self, scene: Gaussians, goal: Images, source: "Snapshots") -> None:
        """Fix the Gaussians that are seen where the goal is the source, beside those that are fixed.

        None is where nothing would be left.
        """
        before = self.codec.decode(source.latents.detach())
        mask = (goal != before).any(1, keepdim=True).to(before)
        movable = scene.shares(self.fixed, mask) >= SHARE
        movable &= True if scene.movable is None else scene.movable
        if movable.any():
            scene.hold(~movable)

    def fit(
        self, scene: Solid, goal: Images, steps: int, rng: Generator, optimizer: Optimizer, falling: LRScheduler
    ) -> Iterator[FitStep]:
        """Move a scene until these cameras see the goal, and yield after every step.

        Args:
            scene: what is moved, in place.
            goal: pictures before the background of the scene's viewing.
            steps: of the optimiser.
            rng: draws the pictures of a step.
            optimizer: over the scene's parameters.
            falling: moves its learning rates.
        """
        seen = Cameras.of_view(self.fixed)
        for step in fit(scene, goal, seen, steps=steps, rng=rng, optimizer=optimizer, views=VIEWS):
            falling.step()
            yield step

    @torch.no_grad()
    def pictures(self, cameras: Cameras) -> Images:
        """For each camera the picture as it is now from the side that is nearest to it, at its size; to look at."""
        sides, wanted = (normalize(each.position) for each in (Cameras.of_view(self.fixed), cameras))
        nearest = (wanted.to(sides) @ sides.mT).argmax(1)
        shown = self.codec.decode(self.latents[nearest]).clamp(0, 1)
        return interpolate(shown, (cameras.height, cameras.width), mode="bilinear", antialias=True)

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
