"""Run methods side by side on a world: same start, same steps, same optimiser."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.optim import Adam

from potstill.distill import Step, distill
from potstill.errors import InputError
from potstill.methods import Method
from potstill.prior import Guided
from potstill.scenes.points import Points
from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.world import SOURCE, TARGET, World


@dataclass(frozen=True)
class Run:
    """What a method did: where the points went, how well, and at what cost."""

    method: str
    path: Float[Tensor, "frames n 2"]
    """The points at even steps of the run, from the start to the end."""
    metrics: Metrics
    seconds: float
    evaluations: int
    """Network evaluations over all points."""


def run_world(
    world: World,
    methods: Sequence[tuple[str, Method]],
    *,
    guidance_scale: float = 7.5,
    points: int = 200,
    steps: int = 1500,
    seed: int = 0,
    frames: int = 48,
    on_step: Callable[[str, Step], None] = lambda method, step: None,
) -> tuple[Float[Tensor, "n 2"], list[Run]]:
    """Edit points of class 1 towards class 2 with each method, and measure.

    Every method starts from the same samples of class 1 and takes the same number of Adam steps of 0.01;
    its randomness starts from the same seed, so adding a method changes no other's result.

    Returns:
        The start, and a `Run` for each method.

    Raises:
        InputError: a number out of range.
    """
    if not 1 <= points <= 100_000:
        raise InputError(f"points = {points} must be from 1 to 100,000")
    if not 1 <= steps <= 1_000_000:
        raise InputError(f"steps = {steps} must be from 1 to 1,000,000")
    prior = world.prior()
    guided = Guided(prior, guidance_scale)
    start = prior.sample(points, SOURCE, Generator().manual_seed(seed))
    kept = set(torch.linspace(0, steps - 1, min(frames, steps)).round().int().tolist())
    runs = []
    for name, method in methods:
        began = time.perf_counter()
        scene, path, evaluations = Points(start), [], 0
        for step in distill(
            scene,
            guided,
            method,
            target=prior.condition(TARGET),
            source=prior.condition(SOURCE),
            steps=steps,
            rng=Generator().manual_seed(seed),
            optimizer=Adam(scene.parameters(), lr=0.01),
        ):
            evaluations = step.evaluations
            if step.index in kept:
                path.append(step.x0)
            on_step(name, step)
        end = scene.points.detach().clone()
        seconds = time.perf_counter() - began
        runs.append(
            Run(name, torch.stack([*path, end]), measure(world, prior, start, end), seconds, evaluations)
        )
    return start, runs
