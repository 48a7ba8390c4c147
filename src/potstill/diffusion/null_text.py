"""Null-text inversion: the empty prompt, step by step, made what leads a guided run back to its image."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch.optim import Adam

from potstill.diffusion.prior import Condition, Prediction, Prior, Query, predict
from potstill.errors import InputError
from potstill.tensors import Latent, Times


class NullStep(NamedTuple):
    """One step of the way down."""

    x_t: Latent
    """Where it starts: what the optimised steps before it came to."""
    condition: Condition
    """The unconditional condition found for it, a row for each sample."""
    hat: Prediction
    """The guided prediction with it."""
    loss: float
    """The mean over samples of what is left of the distance to the next state."""
    updates: int
    """How often a sample was moved, the most."""
    x_s: Latent
    """Where it ends."""


class Begun(NamedTuple):
    """Where a way down that was left goes on."""

    done: int
    """Steps taken."""
    x_t: Latent
    """Where the last of them ended."""
    condition: Condition
    """The unconditional condition found for it."""


def null_text(
    prior: Prior,
    states: Sequence[Latent],
    times: Sequence[Times],
    condition: Condition,
    scale: float = 7.5,
    empty: Condition | None = None,
    begun: Begun | None = None,
    inner: int = 10,
    rate: float = 1e-2,
    tolerance: float = 1e-5,
) -> Iterator[NullStep]:
    """Null-text optimisation (arXiv 2211.09794, algorithm 1), step by step down from an inversion.

    For each step i of N, from t to s, the unconditional condition e is moved by Adam to

        argmin_e |x_s* - DDIM(x_t, t -> s, eps_uncond(e) + scale (eps_cond - eps_uncond(e)))|²  (mean over the data),

    where x_s* is the state that DDIM inversion at scale 1 passed. x_t is what the steps before came to with
    their own e, and e starts where theirs ended. Adam is new in every step, with rate · (1 - i / 2 N); a
    sample rests once its loss is below tolerance · (1 + 100 i / N), which for 50 steps are the released
    1e-2 (1 - i / 100) and 1e-5 + 2e-5 i. The released code looks after its update whether it was the last;
    here a condition that is good enough is not moved, and its prediction is the step's.

    All floating entries of e are moved, and the prior must let gradients through to them. A step costs one
    evaluation for the condition and at most inner + 1 for e.

    Args:
        prior: the denoiser without guidance.
        states: of the inversion, falling, one for each time, as `ddim_inversion` gives them from below.
        times: falling to `schedule.t_clean`.
        condition: what describes the data.
        scale: of the guidance that the run is to bear.
        empty: where e starts; the prior's unconditional condition when not given.
        begun: where to go on, to the same numbers; from the first step when not given.
        inner: updates in each step, at most.
        rate: Adam's in the first step.
        tolerance: of the loss in the first step.

    Raises:
        InputError: the unconditional condition holds no numbers, or the prior lets no gradient through.
    """
    told = prior.unconditional if empty is None else empty
    moved = {
        name: value.expand(len(states[0]), *value.shape[1:]).to(torch.promote_types(value.dtype, torch.float32))
        for name, value in told.items()
        if value.is_floating_point()
    }
    if not moved:
        raise InputError(
            "null-text optimisation moves the numbers of the empty prompt's embedding, and this model has none: "
            "use DDIM or DDPM inversion"
        )
    empty = {**condition, **told}
    x_t, done, count = states[0], 0, len(times) - 1
    if begun is not None:
        x_t, done, moved = begun.x_t, begun.done, {name: begun.condition[name] for name in moved}
    for index, (t, s) in enumerate(pairwise(times[done:]), start=done):
        with torch.no_grad():
            conditional = predict(prior, Query(x_t, t, condition))[0]
        step = _Step(prior, x_t, t, s, conditional, states[index + 1], scale, empty)
        limit, lr = tolerance * (1 + 100 * index / count), rate * (1 - index / (2 * count))
        moved, hat, loss, updates = step.optimise(moved, inner, lr, limit)
        x_s = step.down(hat)
        yield NullStep(x_t, {**empty, **moved}, hat, float(loss.mean()), updates, x_s)
        x_t = x_s


class _Step(NamedTuple):
    """One step of the run, for one condition after the other."""

    prior: Prior
    x_t: Latent
    t: Times
    s: Times
    conditional: Prediction
    aim: Latent
    scale: float
    empty: Condition

    def optimise(
        self, start: Condition, inner: int, rate: float, limit: float
    ) -> tuple[Condition, Prediction, Times, int]:
        """The condition, its prediction, the loss of each sample, and the updates it took."""
        moved = {name: value.detach().clone().requires_grad_() for name, value in start.items()}
        optimizer = Adam(moved.values(), lr=rate)
        update = 0
        while True:
            last = update == inner
            with torch.set_grad_enabled(not last):
                hat = self.guided({**self.empty, **moved})
                loss = (self.down(hat) - self.aim).square().flatten(1).mean(1)
            rests = loss.detach() < limit
            if last or rests.all():
                break
            if not loss.requires_grad:
                raise InputError("the prior lets no gradient through: null-text optimisation needs one that does")
            before = {name: value.detach().clone() for name, value in moved.items()}
            gradients = torch.autograd.grad(loss, list(moved.values()), torch.ones_like(loss))
            for value, gradient in zip(moved.values(), gradients, strict=True):
                value.grad = gradient
            optimizer.step()
            with torch.no_grad():  # Adam's momentum would carry on a sample that rests
                for name, value in moved.items():
                    value[rests] = before[name][rests]
            update += 1
        return (
            {name: value.detach() for name, value in moved.items()},
            Prediction(*(value.detach() for value in hat)),
            loss.detach(),
            update,
        )

    def guided(self, empty: Condition) -> Prediction:
        """The guided prediction with this unconditional condition."""
        free = predict(self.prior, Query(self.x_t, self.t, empty))[0]
        return Prediction(*(u.lerp(c, self.scale) for u, c in zip(free, self.conditional, strict=True)))

    def down(self, hat: Prediction) -> Latent:
        """The DDIM step of this prediction."""
        still = torch.zeros(1, dtype=torch.float64)
        return self.prior.schedule.ddim_step(hat.x0, hat.eps, self.s, still, torch.zeros_like(self.x_t))
