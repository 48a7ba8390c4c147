"""A scene from pictures with cameras: a plain photometric fit."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Generator
from torch.optim import Optimizer

from potstill.errors import InputError
from potstill.fields import check_count
from potstill.optimizers import Adam
from potstill.scenes.camera_rules import Among
from potstill.scenes.cameras import Cameras
from potstill.scenes.viewing import Solid
from potstill.tensors import Images


@dataclass(frozen=True)
class FitStep:
    """One step of a fit, as it was before the optimiser moved the scene."""

    index: int
    """From 0 up."""
    total: int
    """How many steps the fit has."""
    loss: float
    """The mean squared error of the views of the step."""


def fit(
    scene: Solid,
    pictures: Images,
    cameras: Cameras,
    *,
    steps: int,
    rng: Generator,
    optimizer: Optimizer | None = None,
    views: int | None = None,
) -> Iterator[FitStep]:
    """Move the scene until it looks like the pictures, mean |render - picture|² over the views of a step, and yield.

    In each step some of the cameras are drawn, and the background of the scene's viewing; where that is random, the
    pictures should have none.

    Args:
        scene: Gaussians or a Volume, moved in place.
        pictures: what each camera sees, in [0, 1].
        cameras: one for each picture, of its size.
        steps: of the optimiser.
        rng: draws the cameras.
        optimizer: over the scene's parameters; Adam with `scene.parameter_groups()` by default.
        views: how many cameras are drawn, by default as many as the scene's viewing has; at most all.

    Raises:
        InputError: the pictures do not fit the cameras, or steps are out of range; when it is called.
    """
    if pictures.shape != (len(cameras), 3, cameras.height, cameras.width):
        raise InputError(
            f"pictures of shape {tuple(pictures.shape)} must be those of {len(cameras)} cameras of "
            f"{cameras.width} x {cameras.height} pixels: [{len(cameras)}, 3, {cameras.height}, {cameras.width}]"
        )
    check_count("steps", steps, 100_000_000)
    descent = optimizer or Adam(scene.parameter_groups())
    like = next(scene.parameters())
    known = cameras.numbered().to(like.dtype).to(like.device)
    count, rule = min(scene.viewing.views if views is None else views, len(cameras)), Among(known)

    def remaining_steps() -> Iterator[FitStep]:
        for index in range(steps):
            chosen = rule(count, rng)
            background = scene.viewing.background(count, rng).to(like)
            goal = pictures[chosen.index.to(pictures.device)].to(like)  # type: ignore[union-attr]
            loss = (scene.render({**chosen.view(), "background": background}) - goal).square().mean()
            scene.zero_grad()
            loss.backward()
            descent.step()
            yield FitStep(index, steps, loss.item())

    return remaining_steps()
