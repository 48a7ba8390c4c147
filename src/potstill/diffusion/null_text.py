"""Null-text inversion: the empty prompt is optimised in each step, so that guided sampling returns to its image."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch

from potstill.diffusion.guidance import check_scale, guide
from potstill.diffusion.prior import Condition, Prediction, Prior, Query, predict
from potstill.errors import InputError
from potstill.fields import check_count, check_number
from potstill.optimizers import Adam
from potstill.tensors import Latent, Times

MOST_UPDATES = 1000
"""The most updates of a step."""


class NullStep(NamedTuple):
    """One step of the sampling, with its optimised condition."""

    x_t: Latent
    """The state it starts from, which the steps before reached."""
    condition: Condition
    """The optimised unconditional condition, with a row for each sample."""
    hat: Prediction
    """The guided prediction with it."""
    loss: float
    """The remaining loss, averaged over samples."""
    updates: int
    """The number of updates; a sample may have stopped earlier."""
    x_s: Latent
    """The state it ends at."""


class Begun(NamedTuple):
    """The point from which an interrupted optimisation resumes."""

    done: int
    """Steps completed."""
    x_t: Latent
    """The state that the last of them ended at."""
    condition: Condition
    """The optimised unconditional condition of the last of them."""


def optimize_null_text(
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
    """Null-text optimisation (arXiv 2211.09794, algorithm 1), one step of the sampling after another.

    For each step i of N, from t to s, Adam optimises the unconditional condition e:

        argmin_e |x_s* - DDIM(x_t, t -> s, eps_uncond(e) + scale (eps_cond - eps_uncond(e)))|²  (mean over the data),

    where x_s* is the state of DDIM inversion at scale 1. x_t is the state that the steps before reached with their
    own e, and e starts from theirs. Adam is new in every step, with learning rate rate · (1 - i / 2 N); a sample is
    no longer updated once its loss is below tolerance · (1 + 100 i / N). For 50 steps these are the released
    1e-2 (1 - i / 100) and 1e-5 + 2e-5 i. The released code checks the loss after an update; here it is checked
    before, so a condition that is good enough is not changed, and the step uses its prediction.

    All floating-point entries of e are optimised, and the prior must be differentiable in them. A step costs one
    evaluation for the condition and at most inner + 1 for e.

    Args:
        prior: the denoiser without guidance.
        states: of the inversion, one for each time; `ddim_inversion` returns them in the opposite order.
        times: falling to `schedule.t_clean`.
        condition: describes the data.
        scale: the guidance scale of the sampling.
        empty: the initial e; by default the prior's unconditional condition.
        begun: where to resume, with the same result; by default at the first step.
        inner: the most updates in each step.
        rate: Adam's learning rate in the first step.
        tolerance: of the loss in the first step.

    Raises:
        InputError: the unconditional condition has no floating-point entry, the prior is not differentiable, there is
            not one state for each time, or a number is out of range.
    """
    if len(states) != len(times):
        raise InputError(f"{len(states)} states for {len(times)} times: give one state for each time")
    check_scale(scale)
    check_count("inner", inner, MOST_UPDATES, least=0, usual="10")
    check_number("rate", rate, 0.0, 1.0, usual="0.01")
    check_number("tolerance", tolerance, 0.0, 1e12, usual="0.00001")
    start = prior.unconditional if empty is None else empty
    moved = {
        name: value.expand(len(states[0]), *value.shape[1:]).to(torch.promote_types(value.dtype, torch.float32))
        for name, value in start.items()
        if value.is_floating_point()
    }
    if not moved:
        raise InputError(
            "null-text optimisation changes the embedding of the empty prompt, and this model has none: "
            "use DDIM or DDPM inversion"
        )
    empty = {**condition, **start}
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
    """The problem of one step: the guided prediction and its DDIM step, as functions of the condition."""

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
        """The optimised condition, its prediction, the loss of each sample, and the number of updates."""
        moved = {name: value.detach().clone().requires_grad_() for name, value in start.items()}
        optimizer = Adam(moved.values(), lr=rate)
        update = 0
        while True:
            last = update == inner
            with torch.set_grad_enabled(not last):
                hat = self.guided({**self.empty, **moved})
                loss = (self.down(hat) - self.aim).square().flatten(1).mean(1)
            done = loss.detach() < limit
            if last or done.all():
                break
            if not loss.requires_grad:
                raise InputError("the prior has no gradient, which null-text optimisation needs: use another inversion")
            before = {name: value.detach().clone() for name, value in moved.items()}
            gradients = torch.autograd.grad(loss, list(moved.values()), torch.ones_like(loss))
            for value, gradient in zip(moved.values(), gradients, strict=True):
                value.grad = gradient
            optimizer.step()
            with torch.no_grad():  # Adam's momentum would go on moving a sample that is done
                for name, value in moved.items():
                    value[done] = before[name][done]
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
        return guide(self.conditional, free, self.scale)

    def down(self, hat: Prediction) -> Latent:
        """The DDIM step of this prediction."""
        still = torch.zeros(1, dtype=torch.float64)
        return self.prior.schedule.ddim_step(hat.x0, hat.eps, self.s, still, torch.zeros_like(self.x_t))
