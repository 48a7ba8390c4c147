"""How much noise an edit should share with its source, and take from its own noise: control variates.

    python -m benchmarks.family_control [--pairs 24]

With the residuals r = eps_hat - eps on the target and r_src on the source, at one noise eps, and m, the mean of r_src
over the noise, every gradient here is

    r - c (r_src - m) - k m - e eps

Its mean over the noise, E r - k m, is where an edit rests: k = 0 is SDS, k = 1 DDS and InfEdit, and ShrinkEdit has a k
of its own in every pixel. The control variates r_src - m and eps have the mean 0, so c and e change the variance only,
which is least at c* = cov(r, r_src) / var(r_src), and e* = cov(r - c r_src, eps) / var(eps). DDS has c = 1, SDS c = 0
and ShrinkEdit c = k, where m is not needed, and all have e = 0. Where c is not k, (r_src(eps) + r_src(-eps)) / 2 stands
for m, which is exact for Gaussians and costs a prediction more.

Prints, by regression over noises at several times, c* and the share of the variance of r that is left with c = 1, with
c*, with c* and e*, and with e* alone; then the distance to the target on the worlds and the PSNR to the true edit on
validation pairs.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import ClassVar, NamedTuple

import numpy as np
import torch
import tyro
from torch import Generator, Tensor

from benchmarks.family import choosing
from benchmarks.family_ablation import measured
from benchmarks.finish import edited
from potstill import Guided, Points, distill, load
from potstill.bench.editing import conditions
from potstill.bench.emoji_pairs import Pair
from potstill.bench.settings import new_task
from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.diffusion.schedule import Schedule
from potstill.methods import Method, ShrinkEdit, Source
from potstill.methods.finish import TwoScales
from potstill.methods.method import Residual
from potstill.methods.noise import Fresh, NoiseSource
from potstill.methods.times import Annealed, TimestepSampler
from potstill.methods.weighting import Rho, Weight
from potstill.optimizers import SGD
from potstill.priors.pipeline import Pipeline
from potstill.tensors import Latent, Times, normal, per_sample
from potstill.worlds.metrics import measure as metrics
from potstill.worlds.world import SOURCE, TARGET, WORLDS

TIMES, DRAWS, POINTS, STEPS = (0.1, 0.25, 0.5, 0.75, 0.95), 16, 500, 8


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 24
    """Validation pairs, spread evenly over the groups; 0 for the worlds only."""
    guidance_scale: float = 1.5
    """That of the default edit."""


class Share(NamedTuple):
    """The k and the c of a gradient: a number, "k" for that of ShrinkEdit, or "c*"."""

    k: float | str
    c: float | str
    own: bool = False
    """Whether e is e*, or 0."""


class Best(NamedTuple):
    """Coefficients at TIMES."""

    c: tuple[float, ...] = (1.0,) * len(TIMES)
    """c*."""
    target: tuple[float, ...] = (0.0,) * len(TIMES)
    """cov(r, eps) / var(eps)."""
    source: tuple[float, ...] = (0.0,) * len(TIMES)
    """cov(r_src, eps) / var(eps)."""

    def at(self, t: Times, schedule: Schedule, x0: Latent) -> list[Latent]:
        """All three, interpolated."""
        times = schedule.time(torch.tensor(TIMES))
        return [per_sample(torch.from_numpy(np.interp(t, times, each)), x0) for each in self]


@dataclass(frozen=True)
class Controlled(Method):
    """r - c (r_src - m) - k m, as above."""

    noise: NoiseSource = Fresh()
    weight: Weight = Rho()
    times: TimestepSampler = Annealed(low=0.25, high=0.95)
    share: Share = Share(1.0, 1.0)
    best: Best = Best()

    edits: ClassVar = True

    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """With the prediction at -eps where c is not k."""
        alpha, sigma = (per_sample(each, x0) for each in prior.schedule(t))
        queries = [Query(alpha * x0 + sigma * noise, t, target)]
        signs = (1,) if self.share.k == self.share.c else (1, -1)
        queries += [Query(alpha * source.x0 + sigma * sign * noise, t, source.condition) for sign in signs]
        hat, *hats = predict(prior, *queries)
        best, from_target, from_source = self.best.at(t, prior.schedule, x0)
        change = (hat.x0 - hats[0].x0).square().mean(1, keepdim=True).sqrt()
        known = {"c*": best, "k": 1 / (1 + change / ShrinkEdit().half)}
        k, c = (known[each] if isinstance(each, str) else each for each in self.share[:2])
        residuals = [each.eps - sign * noise for each, sign in zip(hats, signs, strict=True)]
        mean = sum(residuals) / len(residuals)
        e = from_target - c * from_source if self.share.own else 0.0
        return Residual(hat.eps - noise - c * (residuals[0] - mean) - k * mean - e * noise, hat)


SHARES = [Share(0, 0), Share("k", "k"), *(Share(k, c) for k in (1, 0, "k") for c in (1, "c*"))]
SHARES += [Share(0, 0, own=True), Share("k", "k", own=True), Share(1, 1, own=True)]


def residuals(prior: Prior, x0: Latent, t: Times, noise: Latent, about: Condition) -> Latent:
    """eps_hat - eps."""
    return predict(prior, Query(prior.schedule.perturb(x0, noise, t), t, about))[0].eps - noise


@torch.no_grad()
def regression(name: str, prior: Prior, *ends: tuple[Latent, Condition]) -> Best:
    """The coefficients for (x_0, target) and (x_0_src, source); prints c* and the shares of variance."""
    bests, shares = [], []
    for u in TIMES:
        rng, found = Generator().manual_seed(0), []
        t = prior.schedule.time(torch.full((len(ends[0][0]),), u))
        for _ in range(DRAWS):
            noise = normal(ends[0][0], rng)
            found.append([*(residuals(prior, x0, t, noise, about).double() for x0, about in ends), noise.double()])
        drawn = [torch.stack(each) for each in zip(*found, strict=True)]
        r, r_source, eps = (each - each.mean(0) for each in drawn)
        best, of_r, of_source = coefficient(r, r_source), coefficient(r, eps), coefficient(r_source, eps)
        bests.append((best, of_r, of_source))
        shared = r - best * r_source
        left = [r - r_source, shared, shared - coefficient(shared, eps) * eps, r - of_r * eps]
        shares.append(" ".join(f"{float(each.square().sum() / r.square().sum()):.3f}" for each in left))
    print(f"{name}: c* = {', '.join(f'{best:.2f}' for best, *_ in bests)}; variance {'; '.join(shares)}", flush=True)
    return Best(*zip(*bests, strict=True))


def coefficient(values: Tensor, of: Tensor) -> float:
    """Of a regression, for both of mean 0."""
    return float((values * of).sum() / of.square().sum())


def name_of(share: Share) -> str:
    """In words."""
    return f"k = {share.k}, c = {share.c}" + (", e*" if share.own else "")


def worlds(guidance_scale: float) -> None:
    """The regression at both ends of an edit, and the distances."""
    found: dict[Share, list[tuple[float, float]]] = {}
    print(f"c* at t = {TIMES}, and the share of the variance that is left with c = 1, c*, c* and e*, and e* alone")
    for name, make in WORLDS.items():
        world = make()
        prior = Guided(world.prior(), guidance_scale)
        start = world.prior().sample(POINTS, SOURCE, Generator().manual_seed(0))
        target, source = (world.prior().condition(each) for each in (TARGET, SOURCE))
        best = regression(f"{name}, at the source", prior, (start, target), (start, source))
        for share in SHARES:
            scene = Points(start.clone())
            run = distill(
                scene,
                prior,
                Controlled(times=Annealed(high=0.95), share=share, best=best),
                target=target,
                source=source,
                steps=STEPS,
                rng=Generator().manual_seed(1),
                optimizer=SGD(scene.parameters(), lr=0.7 * POINTS),
            )
            deque(run, maxlen=0)
            end = scene.points.detach()
            if share == Share(1, 1):
                regression(f"{name}, at the end", prior, (end, target), (start, source))
            each = metrics(world, world.prior(), start, end)
            found.setdefault(share, []).append((each.target_distance, each.spread_left))
    for share, rows in found.items():
        distances, spreads = zip(*rows, strict=True)
        one_by_one = ", ".join(f"{name} {each:.3f}" for name, each in zip(WORLDS, distances, strict=True))
        print(
            f"{name_of(share)}: distance {fmean(distances):.3f} ({one_by_one}); "
            f"spread {fmean(spreads):.2f} of the target's",
            flush=True,
        )


def pictures(pairs: Sequence[Pair], prior: Pipeline, guidance_scale: float) -> None:
    """The regression between a source and its answer, and the PSNR."""
    few = pairs[:: max(1, len(pairs) // 8)]
    ends = [
        (prior.codec.encode(torch.cat(images)), conditions(prior, prompts))
        for images, prompts in (
            ([pair.answer for pair in few if pair.answer is not None], [pair.target_prompt for pair in few]),
            ([pair.source for pair in few], [pair.source_prompt for pair in few]),
        )
    ]
    best = regression(f"{len(few)} pictures", Guided(prior, guidance_scale), *ends)
    sources = torch.cat([pair.source for pair in pairs])
    for share in SHARES:
        settings = {"guidance_scale": guidance_scale, "optimizer": "sgd", "learning_rate": 0.7, "steps": 4}
        images = edited(new_task(method=Controlled(share=share, best=best), **settings), pairs, prior)
        bare, done = (
            fmean(each["psnr"] for each in measured(some, pairs)) for some in (images, TwoScales()(images, sources))
        )
        print(f"pictures, {name_of(share)}: {bare:.2f} dB, {done:.2f} with the finish", flush=True)


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    worlds(run.guidance_scale)
    if run.pairs:
        pictures(choosing(run.pairs)[0], load("emoji"), run.guidance_scale)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
