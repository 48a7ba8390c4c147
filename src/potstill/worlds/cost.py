"""The cost of a step of a method, counted in a run."""

from itertools import pairwise

import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.diffusion.mixture import Mixture
from potstill.distillation import distill
from potstill.methods import Method
from potstill.scenes.points import Points


def evaluations(method: Method, guidance_scale: float = 7.5, steps: int = 21) -> tuple[int, int]:
    """The fewest and the most network evaluations per step and sample, under guidance.

    Counted in a short run on Gaussians with a single sample and a negative condition. The number can depend on t (an
    inversion to a larger time takes more steps) or on the stage of the run.
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
