"""What a step of a method costs, counted in a run and not claimed."""

from itertools import pairwise

import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.diffusion.mixture import Mixture
from potstill.distillation import distill
from potstill.methods import Method
from potstill.scenes.points import Points


def evaluations(method: Method, guidance_scale: float = 7.5, steps: int = 21) -> tuple[int, int]:
    """The fewest and the most network evaluations that a step takes for each sample, under guidance.

    A short run on two Gaussians, one sample at a time, away from a negative condition. What differs from step
    to step depends on t (an inversion of larger times takes more steps) or on the stage of the run.
    """
    centres = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    prior = Mixture(centres, torch.tensor([0, 1, 2]), width=0.3)
    run = distill(
        Points(torch.zeros(1, 2)),
        Guided(prior, guidance_scale, prior.condition(2)),
        method,
        target=prior.condition(1),
        source=prior.condition(0),
        steps=steps,
        rng=Generator().manual_seed(0),
    )
    totals = [0, *(step.evaluations for step in run)]
    costs = [after - before for before, after in pairwise(totals)]
    return min(costs), max(costs)
