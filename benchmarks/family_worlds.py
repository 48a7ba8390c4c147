"""The default edit beside the published methods on the exact 2-D worlds, at 16 evaluations a point each.

    python -m benchmarks.family_worlds

Points of class 1 of the five worlds move towards class 2 under the exact score. Every row is a mean over the worlds of
`potstill.worlds.metrics.Metrics`.
"""

import torch
import tyro
from torch import Generator

from potstill import Guided, Points, distill
from potstill.methods import DDS, PDS, SDS, FlowEdit, InfEdit, Method, ShrinkEdit
from potstill.methods.times import Annealed
from potstill.methods.weighting import Rho
from potstill.optimizers import SGD, Adam
from potstill.worlds.metrics import measure
from potstill.worlds.world import SOURCE, TARGET, WORLDS

EVALUATIONS, POINTS = 16, 500
FALLING = Annealed(low=0.25, high=0.95)
DESCENTS: dict[str, tuple[Method, str, float, int]] = {
    "ShrinkEdit, 4 steps at rate 0.7": (ShrinkEdit(), "sgd", 0.7, 4),
    "ShrinkEdit, 4 steps at rate 1 to t = 0.02": (ShrinkEdit(times=Annealed()), "sgd", 1.0, 4),
    "ShrinkEdit, 2 steps at rate 1 from t = 0.96 to 0.2": (
        ShrinkEdit(times=Annealed(low=0.2, high=0.96)),
        "sgd",
        1.0,
        2,
    ),
    "InfEdit, 4 steps at rate 0.7": (InfEdit(times=FALLING), "sgd", 0.7, 4),
    "InfEdit, 4 steps at rate 1 (its paper)": (InfEdit(times=Annealed()), "sgd", 1.0, 4),
    "SDS, 8 steps at rate 1": (SDS(weight=Rho(), times=FALLING), "sgd", 1.0, 8),
    "SDS, Adam at 0.1": (SDS(), "adam", 0.1, 8),
    "DDS, Adam at 0.3": (DDS(), "adam", 0.3, 4),
    "PDS, Adam at 0.3": (PDS(), "adam", 0.3, 4),
    "FlowEdit, plain at 0.25": (FlowEdit(times=Annealed(high=0.85)), "sgd", 0.25, 4),
}


def main(guidance_scale: float = 1.5) -> None:
    """Measure and print."""
    for name, (method, optimizer, rate, steps) in DESCENTS.items():
        rows = []
        for make in WORLDS.values():
            world = make()
            prior = world.prior()
            start = prior.sample(POINTS, SOURCE, Generator().manual_seed(0))
            scene = Points(start.clone())
            descent = (
                SGD(scene.parameters(), lr=rate * POINTS) if optimizer == "sgd" else Adam(scene.parameters(), rate)
            )
            run = distill(
                scene,
                Guided(prior, guidance_scale),
                method,
                target=prior.condition(TARGET),
                source=prior.condition(SOURCE),
                steps=steps,
                rng=Generator().manual_seed(1),
                optimizer=descent,
            )
            *_, last = run
            assert last.evaluations <= EVALUATIONS * POINTS
            rows.append(measure(world, prior, start, scene.points.detach()))
        names = [key for key, value in vars(rows[0]).items() if isinstance(value, float)]
        means = {key: torch.tensor([getattr(row, key) for row in rows]).mean().item() for key in names}
        print(name, {key: round(value, 3) for key, value in means.items()}, flush=True)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
