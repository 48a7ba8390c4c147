"""Theorems 1 and 3 on a world: sampling and editing by the sampler, compared step by step with score distillation."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.guidance import Guided
from potstill.diffusion.inversion import ddpm_edit, ddpm_inversion
from potstill.diffusion.sampling import ddim, share
from potstill.distillation import distill
from potstill.errors import InputError
from potstill.methods import DDS, SDS, Source
from potstill.methods.noise import Mixed
from potstill.methods.times import Annealed
from potstill.methods.weighting import Rho
from potstill.optimizers import SGD
from potstill.scenes.points import Points
from potstill.tensors import normal, per_sample
from potstill.worlds import plots
from potstill.worlds.study import small_tensors
from potstill.worlds.world import SOURCE, TARGET, World


@dataclass(frozen=True)
class Twins:
    """The two runs at one sigma."""

    share: float
    """sigma / sigma_s, constant over the steps."""
    sampled: Float[Tensor, "steps n 2"]
    """The points after each step of the sampler: x̂_0 of DDIM, or the edited points of an edit-friendly edit."""
    distilled: Float[Tensor, "steps n 2"]
    """The points after each step of score distillation."""

    @property
    def difference(self) -> float:
        """The largest absolute difference over all steps and points."""
        return float((self.sampled - self.distilled).abs().max())


@small_tensors()
def theorem_1(
    world: World,
    shares: Sequence[float] = (0.0, 0.25, 0.5, 0.75, 1.0),
    *,
    guidance_scale: float = 2.0,
    points: int = 200,
    steps: int = 40,
    seed: int = 0,
) -> list[Twins]:
    """Sample with DDIM at sigma = share · sigma_s, and distil with `Mixed(share)` noise; compare every step.

    Score distillation is `distill` with SDS, weight rho, annealed times and plain SGD with a learning rate of 1 per
    sample, starting at 0. Both draw the same random numbers in the same order. Everything is in float64.

    Raises:
        InputError: a number is out of range.
    """
    _check(shares, guidance_scale, points, steps, seed)
    prior = world.prior(torch.float64)
    guided, target, times = Guided(prior, guidance_scale), prior.condition(TARGET), Annealed()
    zero = torch.zeros(points, 2, dtype=torch.float64)
    twins = []
    for value in shares:
        rng = Generator().manual_seed(seed)
        grid = [times(prior.schedule, points, step, steps, rng) for step in range(steps)]
        x_t = prior.schedule.perturb(zero, normal(zero, rng), grid[0])
        sampled = ddim(guided, x_t, grid, target, rng, share(value)).predictions

        scene = Points(zero)
        run = distill(
            scene,
            guided,
            SDS(noise=Mixed(value), weight=Rho(), times=times),
            target=target,
            steps=steps,
            rng=Generator().manual_seed(seed),
            optimizer=SGD(scene.parameters(), lr=points),
        )
        distilled = [scene.points.detach().clone() for _ in run]
        twins.append(Twins(value, torch.stack(sampled), torch.stack(distilled)))
    return twins


@small_tensors()
def theorem_3(
    world: World,
    sigma_share: float = 0.5,
    *,
    guidance_scale: float = 2.0,
    points: int = 200,
    steps: int = 40,
    seed: int = 0,
) -> Twins:
    """Edit samples of class 1 by edit-friendly DDPM inversion, and by sequential DDS; compare every step.

    `sampled` is x_0 + (x_t - x_t_src) / alpha_t of the edit (arXiv 2304.06140), with sigma = share · sigma_s;
    `distilled` is x_0 + delta, with one step of DDS from t to s, under the noise of x_t_src, for each step of the edit:

        delta_s = delta_t - (rho_t - sqrt(sigma_s² - sigma²) / alpha_s) (eps_hat - eps_hat_src).

    Everything is in float64.

    Raises:
        InputError: a number is out of range; the share must be above 0.
    """
    _check([sigma_share], guidance_scale, points, steps, seed)
    if not sigma_share > 0:
        raise InputError("sigma share = 0 leaves no noise to infer: give a share above 0")
    prior, rng = world.prior(torch.float64), Generator().manual_seed(seed)
    schedule, sigma = prior.schedule, share(sigma_share)
    guided, source, target = Guided(prior, guidance_scale), prior.condition(SOURCE), prior.condition(TARGET)
    x0 = prior.sample(points, SOURCE, rng)
    times = [t.expand(points) for t in schedule.grid(steps, low=0.02, high=0.98)]
    inversion = ddpm_inversion(guided, x0, times, source, rng, sigma)
    edited = ddpm_edit(guided, inversion, target)
    method, delta = DDS(), torch.zeros_like(x0)
    sampled, distilled = [x0], [x0]
    for index, (t, s) in enumerate(pairwise(times)):
        (alpha, noise), (alpha_s, noise_s) = schedule(t), schedule(s)
        eps = (inversion.states[index] - per_sample(alpha, x0) * x0) / per_sample(noise, x0)
        rate = schedule.rho(t) - (noise_s**2 - sigma(schedule, t, s) ** 2).clamp(min=0).sqrt() / alpha_s
        gradient = method.gradient(x0 + delta, guided, t, eps, target, Source(x0, source))
        delta = delta - per_sample(rate, x0) * gradient
        sampled.append(x0 + (edited[index + 1] - inversion.states[index + 1]) / per_sample(alpha_s, x0))
        distilled.append(x0 + delta)
    return Twins(sigma_share, torch.stack(sampled), torch.stack(distilled))


def _check(shares: Sequence[float], guidance_scale: float, points: int, steps: int, seed: int) -> None:
    for name, value, low, high in (("points", points, 1, 100_000), ("steps", steps, 1, 980)):
        if not low <= value <= high:
            raise InputError(f"{name} = {value} must be from {low} to {high:,}")
    if points * steps > 10_000_000:
        raise InputError(f"points = {points} for steps = {steps}: reduce one, their product must be at most 10,000,000")
    if not abs(guidance_scale) <= 1000:
        raise InputError(f"guidance scale = {guidance_scale} must be from -1000 to 1000; 2 is usual")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed = {seed} must be from 0 to 2^63 - 1")
    if not 1 <= len(shares) <= 20:
        raise InputError(f"got {len(shares)} shares of sigma: give 1 to 20")
    if outside := [value for value in shares if not 0 <= value <= 1]:
        raise InputError(f"sigma share = {outside[0]} must be in [0, 1], as a share of the largest sigma")


def plot_theorem_1(world: World, guidance_scale: float, twins: Sequence[Twins], shown: int = 10) -> bytes:
    """A panel per sigma: trajectories of DDIM as lines, steps of score distillation as dots."""
    title = (
        f"{world.name}, guidance scale {guidance_scale:g}: the predictions of DDIM sampling and the steps of score "
        "distillation are the same points, for every sigma"
    )
    figure, axes = plots.new_figure(len(twins), 1, title, size=3.0, extra=0.4)
    target = world.target.numpy()
    # The first predictions lie far outside and would shrink the rest.
    low, high = target.min(0) - 0.3, target.max(0) + 0.3
    names = {0.0: "sigma = 0: DDIM", 1.0: "largest sigma: SDS"}
    step = {"s": 7, "color": plots.GREEN, "linewidths": 0, "zorder": 3}
    end = {"s": 26, "facecolors": "none", "edgecolors": plots.RED, "linewidths": 1.5, "zorder": 4}
    for axis, twin in zip(axes[0], twins, strict=True):
        plots.frame_square(axis, np.stack([low, high]), margin=0.0)
        apart = f"at most {twin.difference:.1e} apart, {len(twin.sampled)} steps"
        plots.caption(axis, names.get(twin.share, f"{twin.share:g} of the largest sigma").capitalize(), apart)
        axis.scatter(*target.T, **plots.CENTRE)
        paths, steps = (x[:, :shown].numpy() for x in (twin.sampled, twin.distilled))
        axis.add_collection(plots.lines(np.swapaxes(paths, 0, 1), width=1.6, alpha=0.8))
        axis.scatter(*steps.reshape(-1, 2).T, **step)
        axis.scatter(*steps[-1].T, **end)
    marks = {
        "the centres that class 2 is made of": plots.dot(plots.CENTRE),
        f"x̂₀ along DDIM sampling ({shown} points)": plots.Line2D([], [], color=plots.GREY, linewidth=1.6),
        "steps of score distillation": plots.dot(step),
        "their ends": plots.dot(end),
    }
    plots.key(figure, marks)
    return plots.png(figure)
