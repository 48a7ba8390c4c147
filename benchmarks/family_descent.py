"""Ways of descent that the family lacks: extrapolation, two-stage steps and restarts, after the default edit.

    python -m benchmarks.family_descent [--pairs 24]

With the gradient g_n of step n: plain descent takes rate g_n; extrapolation rate (g_n + b (g_n - g_(n-1))), at b = 1/2
the two-step method of Adams and Bashforth; Heun's method goes back and takes the mean of the gradients at both ends,
two gradients a step. A restart raises t again and falls once more. Prints the PSNR to the true edit on validation pairs
with the finish, the paired difference to plain descent at as many evaluations with its 95 % interval, and the distance
to the target on the exact worlds.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch
import tyro
from torch import Generator
from torch.optim import Optimizer

from benchmarks.family import choosing
from benchmarks.family_ablation import measured, row
from potstill import Guided, Points, distill, load
from potstill.bench.editing import conditions
from potstill.bench.emoji_pairs import Pair
from potstill.methods import ShrinkEdit
from potstill.methods.finish import TwoScales
from potstill.methods.times import Annealed
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Latents
from potstill.tensors import Images, Times
from potstill.worlds.metrics import measure as metrics
from potstill.worlds.world import SOURCE, TARGET, WORLDS

GUIDANCE, POINTS = 1.5, 500


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 24
    """Validation pairs, spread evenly over the groups; 0 for the worlds only."""


class Extrapolated(Optimizer):
    """x - rate (g_n + b (g_n - g_(n-1))); b = 0 is plain descent."""

    def __init__(self, parameters: Any, lr: float, b: float = 0.0) -> None:
        """Of these parameters."""
        super().__init__(parameters, {"lr": lr, "b": b})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take a step."""
        for group in self.param_groups:
            for x in group["params"]:
                before = self.state[x].get("g", x.grad)
                x -= group["lr"] * (x.grad + group["b"] * (x.grad - before))
                self.state[x]["g"] = x.grad.clone()


class Heun(Optimizer):
    """Every other step goes back and takes the mean of both gradients."""

    def __init__(self, parameters: Any, lr: float) -> None:
        """Of these parameters."""
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take half of a step."""
        for group in self.param_groups:
            for x in group["params"]:
                state = self.state[x]
                if "x" in state:
                    x.copy_(state.pop("x") - group["lr"] * (state.pop("g") + x.grad) / 2)
                else:
                    state["x"], state["g"] = x.clone(), x.grad.clone()
                    x -= group["lr"] * x.grad


@dataclass(frozen=True)
class Restarted(Annealed):
    """Times that fall from high to low in half of the steps, and from `again` to low in the others."""

    again: float = 0.5
    steps: int = 6

    def positions(self, batch: int, progress: float, rng: Generator) -> Times:
        """Two lines."""
        index, half = round(progress * (self.steps - 1)), self.steps // 2
        top = 1.0 if index < half else (self.again - self.low) / (self.high - self.low)
        return torch.full((batch,), top * (1 - index % half / (half - 1)), dtype=torch.float64)


@dataclass(frozen=True)
class Descent:
    """A way of descent."""

    make: Callable[..., Optimizer]
    rate: float
    steps: int
    times: Annealed = ShrinkEdit().times  # type: ignore[assignment]
    settings: tuple[tuple[str, float], ...] = ()

    def run(self, scene: torch.nn.Module, count: int, prior: Any, **about: Any) -> None:
        """Move the scene."""
        optimizer = self.make(scene.parameters(), lr=self.rate * count, **dict(self.settings))
        method = replace(ShrinkEdit(), times=self.times)
        rng = Generator().manual_seed(1)
        deque(distill(scene, prior, method, steps=self.steps, rng=rng, optimizer=optimizer, **about), maxlen=0)


def restarted(again: float) -> Restarted:
    """The times of the default, twice."""
    return Restarted(low=0.25, high=0.95, again=again)


PLAIN = {4: "plain, 4 steps at 0.7", 6: "plain, 6 steps at 0.6"}
DESCENTS: dict[str, Descent] = {
    PLAIN[4]: Descent(Extrapolated, 0.7, 4),
    "extrapolated, b = 0.25": Descent(Extrapolated, 0.7, 4, settings=(("b", 0.25),)),
    "extrapolated, b = 0.5": Descent(Extrapolated, 0.7, 4, settings=(("b", 0.5),)),
    "extrapolated, b = 0.5, at 0.5": Descent(Extrapolated, 0.5, 4, settings=(("b", 0.5),)),
    "extrapolated, b = -0.25": Descent(Extrapolated, 0.7, 4, settings=(("b", -0.25),)),
    "Heun, 2 steps at 0.9": Descent(Heun, 0.9, 4),
    PLAIN[6]: Descent(Extrapolated, 0.6, 6),
    "restarted at 0.5, 3 and 3 steps at 0.7": Descent(Extrapolated, 0.7, 6, restarted(0.5)),
    "restarted at 0.7, 3 and 3 steps at 0.7": Descent(Extrapolated, 0.7, 6, restarted(0.7)),
    "extrapolated, b = 0.5, 6 steps at 0.6": Descent(Extrapolated, 0.6, 6, settings=(("b", 0.5),)),
}


def edited(descent: Descent, pairs: Sequence[Pair], prior: Pipeline) -> Images:
    """The pictures, with the finish."""
    sources = torch.cat([pair.source for pair in pairs])
    scene = Latents(prior.codec.encode(sources), prior.codec)
    about = {
        "target": conditions(prior, [pair.target_prompt for pair in pairs]),
        "source": conditions(prior, [pair.source_prompt for pair in pairs]),
    }
    descent.run(scene, len(pairs), Guided(prior, GUIDANCE), **about)
    return TwoScales()(scene.images.detach(), sources)


def distance(descent: Descent) -> float:
    """To the target, the mean over the worlds."""
    found = []
    for make in WORLDS.values():
        world = make()
        prior = world.prior()
        start = prior.sample(POINTS, SOURCE, Generator().manual_seed(0))
        scene, about = Points(start.clone()), {"target": prior.condition(TARGET), "source": prior.condition(SOURCE)}
        descent.run(scene, POINTS, Guided(prior, GUIDANCE), **about)
        found.append(metrics(world, prior, start, scene.points.detach()).target_distance)
    return fmean(found)


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    for name, descent in DESCENTS.items():
        print(f"worlds: {name}: {distance(descent):.3f}", flush=True)
    if not run.pairs:
        return
    prior, (pairs, _) = load("emoji"), choosing(run.pairs)
    usual: dict[int, list[dict[str, float]]] = {}
    for name, descent in DESCENTS.items():
        each = measured(edited(descent, pairs, prior), pairs)
        usual.setdefault(descent.steps, each)
        found = row(each, usual[descent.steps], pairs)
        apart = f"{found['difference']:+.2f} ± {found['half_interval']:.2f}"
        print(f"{4 * descent.steps} evaluations, {name}: {found['psnr']:.2f} dB, {apart}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
