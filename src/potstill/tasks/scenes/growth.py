"""How a scene grows during a run: Gaussians up to a budget, or the grid of a volume, in the first half of the steps."""

from torch import Generator
from torch.optim import Optimizer

from potstill.errors import InputError
from potstill.scenes import Densification, Densifier, Gaussians, Growth, Refiner, Volume
from potstill.scenes.viewing import Solid

UNTIL = 0.5
"""The share of the run after which nothing grows: what is new has to settle (3DGS)."""
CHANGES = 6
"""Of the number of Gaussians, unless `every` says otherwise."""


def growth_of(
    scene: Solid,
    optimizer: Optimizer,
    rng: Generator,
    steps: int,
    most: int | None = None,
    every: int | None = None,
    finest: int | None = None,
) -> Growth | None:
    """What grows a scene in a run; None if nothing was asked for, or there is but one step.

    Args:
        scene: at its first step.
        optimizer: over it.
        rng: draws where new Gaussians lie.
        steps: of the run.
        most: Gaussians at the end; each change adds the same share of those that there are.
        every: steps between two changes.
        finest: points along a side of a volume at the end.

    Raises:
        InputError: the scene has as many Gaussians already, or the run is too short.
    """
    last = int(UNTIL * steps)
    if not last:
        return None
    if isinstance(scene, Volume) and finest is not None and finest > len(scene.densities):
        return Refiner(scene, optimizer, finest, last)
    if not isinstance(scene, Gaussians) or most is None:
        return None
    if most <= len(scene):
        raise InputError(f"most_gaussians = {most:,} must be above the {len(scene):,} that the scene has: raise it")
    every = max(1, last // CHANGES) if every is None else every
    if not (changes := last // every):
        raise InputError(
            f"densify_every = {every} must be at most {last}, half of the run, after which nothing is added: lower it"
        )
    share = min(1.0, (most / len(scene)) ** (1 / changes) - 1)
    return Densifier(scene, optimizer, Densification(every, last, most, share), rng)
