"""Edit points of one moon towards the other with PDS on an exact score: the smallest complete run."""

import torch

from potstill import PDS, Guided, Points, distill
from potstill.worlds import SOURCE, TARGET, load_world, measure

world = load_world("moons")
prior = world.prior()
rng = torch.Generator().manual_seed(0)

start = prior.sample(200, SOURCE, rng)
scene = Points(start)
source, target = prior.condition(SOURCE), prior.condition(TARGET)
for step in distill(scene, Guided(prior, 7.5), PDS(), target=target, source=source, steps=600, rng=rng):
    if step.index % 100 == 0:
        print(f"step {step.index:4}  loss {step.loss:.4f}  distance from the source {step.distance:.3f}")

print(measure(world, prior, start, scene.points.detach()))
