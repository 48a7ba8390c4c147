"""Theorem 3 as a figure: an edit-friendly DDPM edit is DDS with annealed times, step by step."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from potstill import Guided, Query, predict
from potstill.diffusion.inversion import ddpm_edit, ddpm_inversion
from potstill.diffusion.sampling import eta
from potstill.io.files import writable_folder, write
from potstill.worlds import SOURCE, TARGET, load_world, plots

world, sigma = load_world("moons"), eta(1.0)
prior = world.prior(torch.float64)
forward, backward = Guided(prior, 1.0), Guided(prior, 2.0)
source, target = prior.condition(SOURCE), prior.condition(TARGET)
schedule, rng = prior.schedule, torch.Generator().manual_seed(0)

# The published edit: invert, keep the noise maps, sample with the other prompt.
x0 = prior.sample(40, SOURCE, rng)
times = schedule.grid(60, low=0.01, high=0.64)
inversion = ddpm_inversion(forward, x0, times, source, rng, sigma)
states = ddpm_edit(backward, inversion, target)
published = [(x - y) / schedule(t)[0] for x, y, t in zip(states, inversion.states, times, strict=False)]

# The same as score distillation: u <- u - rate (eps_hat - eps_hat_src), with the noise of the inversion.
u, distilled = x0.clone(), [x0 - x0]
for index, (t, s) in enumerate(pairwise(times)):
    (alpha_t, sigma_t), (alpha_s, sigma_s) = schedule(t), schedule(s)
    noise = (inversion.states[index] - alpha_t * x0) / sigma_t
    (hat,) = predict(backward, Query(schedule.perturb(u, noise, t), t, target))
    (hat_source,) = predict(forward, Query(inversion.states[index], t, source))
    kept = (sigma_s**2 - sigma(schedule, t, s) ** 2).clamp(min=0).sqrt()
    u = u - (schedule.rho(t) - kept / alpha_s) * (hat.eps - hat_source.eps)
    distilled.append(u - x0)

paths, dots = (torch.stack([x0 + step for step in path], 1).numpy() for path in (published, distilled))
difference = np.abs(paths - dots).max()
print(f"largest difference over {len(times)} steps: {difference:.1e}")

step = {"s": 4, "color": plots.GREEN, "linewidths": 0, "zorder": 3}
figure, ((axis,),) = plots.new_figure(1, 1, "Theorem 3: edit-friendly DDPM edits are steps of DDS", 6.0)
plots.frame_square(axis, np.concatenate([paths.reshape(-1, 2), world.target.numpy()]))
axis.scatter(*world.target.T, **plots.CENTRE)
axis.scatter(*x0.T, **plots.START)
axis.add_collection(plots.lines(paths, width=1.6, alpha=0.8))
axis.scatter(*dots.reshape(-1, 2).T, **step)
marks = {
    "start: points of class 1": plots.dot(plots.START),
    "the centres that class 2 is made of": plots.dot(plots.CENTRE),
    "edit-friendly edit": plots.Line2D([], [], color=plots.GREY, linewidth=1.6),
    "steps of DDS": plots.dot(step),
}
plots.key(figure, marks, columns=2)
write(writable_folder(Path("docs/pictures")) / "theorem-3.png", plots.png(figure))
