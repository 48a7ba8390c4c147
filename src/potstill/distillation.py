"""The optimisation loop: a generator that moves a scene and yields every step."""

import copy
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor
from torch.optim import Adam, Optimizer

from potstill.diffusion.prior import Condition, Prior
from potstill.diffusion.wrappers import CallCounter, count_calls
from potstill.errors import InputError, not_finite
from potstill.methods.bank import Bank, Filled
from potstill.methods.method import Method, Source
from potstill.methods.noise import PreviousStep
from potstill.methods.render_model import LearnedPrior, WithRenderModel
from potstill.scenes.scene import Scene
from potstill.tensors import Latent, Times


@dataclass(frozen=True)
class Step:
    """One step of a run, as it was before the optimiser moved the scene."""

    index: int
    """From 0 up."""
    total: int
    """How many steps the run has."""
    t: Times
    """The time of each sample."""
    x0: Latent
    """The render."""
    gradient_norm: float | None
    """Mean over samples of the norm of the gradient; None without one, as in a baseline."""
    loss: float | None
    """The value of `surrogate_loss`; it says how hard the scene is pulled, not how good it is. None without one."""
    distance: float | None
    """Mean over samples of |x0 - x0_src|; None without a source."""
    evaluations: int
    """Network evaluations so far, over all samples."""


@dataclass
class Progress:
    """What the loop remembers from step to step; scene, optimiser and generator hold the rest of a run."""

    done: int = 0
    """Steps taken."""
    evaluations: int = 0
    """Network evaluations so far, over all samples."""
    memory: PreviousStep | None = None
    """What the last step left for the noise source."""
    bank: Filled | None = None
    """The entries of a bank of noise."""
    learner: LearnedPrior | None = None
    """The model of the renders, where the method has one; the loop makes it."""
    learned: dict[str, Any] | None = None
    """What it had learned (`LearnedPrior.state`), for a run that goes on."""


def surrogate_loss(x0: Latent, gradient: Latent) -> Tensor:
    """|x0 - stop(x0 - gradient)|² / (2 b): a loss whose derivative with respect to x0 is gradient / b."""
    return (x0 - (x0 - gradient).detach()).square().sum() / (2 * len(x0))


def distill(
    scene: Scene,
    prior: Prior,
    method: Method,
    *,
    target: Condition,
    source: Condition | None = None,
    source_scene: Scene | None = None,
    steps: int,
    rng: Generator,
    optimizer: Optimizer | None = None,
    progress: Progress | None = None,
) -> Iterator[Step]:
    """Move the scene's parameters down the method's gradient, and yield after every step.

    In each step a view is drawn, the scene rendered, t and the noise drawn, the gradient estimated and
    one step of the optimiser taken on `surrogate_loss`.

    Args:
        scene: what is optimised, in place.
        prior: the denoiser, with its guidance.
        method: how to compare.
        target: the condition to move towards.
        source: the condition that describes the scene as it is; editing methods need it.
        source_scene: what the edit is compared with, copied at the start; the scene itself when not given.
        steps: how many.
        rng: all randomness comes from it; the same seed gives the same bytes on the same machine.
        optimizer: over the scene's parameters; Adam with learning rate 0.01 when not given.
        progress: where to begin, the first step when not given; kept up to date. With it, the scene, the optimiser
            and the generator as they were, a run goes on to the same bytes (see `potstill.state`).

    Raises:
        InputError: steps below 1, an editing method without a source, or one that goes on without its source_scene.
        NotFiniteError: a NaN or an infinity, with step, time, quantity, method and dtype. All is then as it was
            before the step, the generator, too.
    """
    if steps < 1:
        raise InputError(f"steps = {steps} must be at least 1")
    if method.edits and source is None:
        raise InputError(f"{type(method).__name__} edits, so it needs the condition of the source: pass source=")
    progress = progress or Progress()
    if progress.done and source is not None and source_scene is None:
        raise InputError(
            "an edit that goes on needs the scene it began with, which has moved since: pass source_scene="
        )
    optimizer = optimizer or Adam(scene.parameters(), lr=0.01)
    if any(group.get("weight_decay") for group in optimizer.param_groups):
        warnings.warn("weight decay pulls the scene towards 0: set weight_decay=0", stacklevel=2)
    if source is not None:
        source_scene = copy.deepcopy(scene if source_scene is None else source_scene).requires_grad_(False)
    learner = _learner(method, prior, rng, progress)
    counter = CallCounter(evaluations=progress.evaluations)
    counted = count_calls(prior, counter)
    if learner:
        counted = WithRenderModel(counted, count_calls(learner, counter))
    for index in range(progress.done, steps):
        before, bank = rng.get_state(), progress.bank
        view = scene.view(rng)
        x0 = scene(view)
        current = x0.detach().clone()
        now = method.at_progress(index / max(steps - 1, 1))
        seen = {**target, **view}
        with torch.no_grad():
            origin = None
            if source is not None and source_scene is not None:
                origin = Source(source_scene(view), {**source, **view})
            if learner:
                counter.evaluations += len(x0) * learner.train_step(current, seen, rng)
            if isinstance(method.noise, Bank):
                t, noise, origin = _banked(method, counted, index, steps, current, view, origin, rng, progress)
            else:
                t = method.times(prior.schedule, len(x0), index, steps, rng)
                noise = now.draw_noise(current, counted, t, seen, origin, rng, progress.memory)
            gradient, hat = now.estimate(current, counted, t, noise, seen, origin)
        loss = surrogate_loss(x0, gradient)
        norms = gradient.flatten(1).norm(dim=1)
        distances = (current - origin.x0).flatten(1).norm(dim=1) if origin else None
        norm, value = float(norms.mean()), float(loss.detach())
        distance = None if distances is None else float(distances.mean())
        if not math.isfinite(norm + value + (distance or 0.0)):
            rng.set_state(before)
            progress.bank = bank
            quantities = {"x0": current, "noise": noise, "noise_prediction": hat.eps, "gradient": gradient}
            sizes = {"size_of_the_gradient": norms, "distance_from_the_source": distances, "loss": loss.expand(len(x0))}
            raise not_finite(type(method).__name__, index, t, **quantities, **sizes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        progress.done, progress.evaluations = index + 1, counter.evaluations
        progress.memory = PreviousStep(t, noise, hat.eps)
        yield Step(
            index=index,
            total=steps,
            t=t,
            x0=current,
            gradient_norm=norm,
            loss=value,
            distance=distance,
            evaluations=counter.evaluations,
        )


def _learner(method: Method, prior: Prior, rng: Generator, progress: Progress) -> LearnedPrior | None:
    """The method's model of the renders, as it was; a run that goes on has drawn its beginning before."""
    before = rng.get_state()
    progress.learner = method.learner(prior, rng)
    if progress.learner and progress.done and progress.learned is not None:
        rng.set_state(before)
        progress.learner.restore(progress.learned)
    return progress.learner


def _banked(
    method: Method,
    prior: Prior,
    index: int,
    steps: int,
    x0: Latent,
    view: Condition,
    origin: Source | None,
    rng: Generator,
    progress: Progress,
) -> tuple[Times, Latent, Source | None]:
    """Time, noise and source of a step from the method's bank, which is filled where that is due."""
    bank, rule = method.noise, method.times
    assert isinstance(bank, Bank)
    bank = replace(bank, size=min(bank.size, steps))  # more entries than steps are of no use
    if view:
        raise InputError("a bank keeps predictions on the source, which changes with the view: take fresh noise")
    if progress.bank is None or bank.due(index):
        progress.bank = bank.fill(rule, method.source_prior(prior), origin, x0, rng)
    return progress.bank.entry(rule.bank_index(index, steps, bank.size), origin)
