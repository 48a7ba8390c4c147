"""Sampling along a grid of falling times: DDIM with any sigma, and SDEdit."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Generator

from potstill.diffusion.codec import Codec, PixelUnshuffle
from potstill.diffusion.prior import Condition, Prediction, Prior, Query, predict
from potstill.diffusion.schedule import LONGEST, Schedule
from potstill.diffusion.wrappers import Clipped
from potstill.errors import InputError
from potstill.fields import check_count, check_number
from potstill.tensors import Latent, Times, normal

Sigma = Callable[[Schedule, Times, Times], Times]
"""The standard deviation [b] of the fresh noise in a step from t to s."""


def eta(value: float) -> Sigma:
    """eta times the posterior's sigma: 0 is DDIM, 1 DDPM (arXiv 2010.02502, eq. 16); at most sigma_s."""
    return lambda schedule, t, s: (value * schedule.posterior(t, s).sigma).minimum(schedule(s)[1])


def share(value: float) -> Sigma:
    """A share in [0, 1] of sigma_s, the largest possible sigma: 0 is DDIM; at 1 all noise is fresh."""
    return lambda schedule, t, s: value * schedule(s)[1]


class Position(NamedTuple):
    """A point of a sampling run: the state x_t, and the prediction there."""

    x_t: Latent
    hat: Prediction


class Trajectory(NamedTuple):
    """A sampling run: the last x̂_0, and the state x_t and the predicted x̂_0 at every time of the grid."""

    x0: Latent
    states: list[Latent]
    predictions: list[Latent]


def descend(
    prior: Prior, x_t: Latent, times: Sequence[Times], condition: Condition, rng: Generator, sigma: Sigma = eta(0.0)
) -> Iterator[Position]:
    """The steps of `ddim`, one by one."""
    for index, t in enumerate(times):
        hat = predict(prior, Query(x_t, t, condition))[0]
        yield Position(x_t, hat)
        if index + 1 < len(times):
            s = times[index + 1]
            step_sigma = sigma(prior.schedule, t, s)
            z = normal(x_t, rng)
            x_t = prior.schedule.ddim_step(hat.x0, hat.eps, s, step_sigma, z)


def ddim(
    prior: Prior, x_t: Latent, times: Sequence[Times], condition: Condition, rng: Generator, sigma: Sigma = eta(0.0)
) -> Trajectory:
    """Sample from x_t at times[0] along falling times with DDIM steps (arXiv 2010.02502, eq. 12).

        x_s = alpha_s x̂_0 + sqrt(sigma_s² - sigma²) eps_hat + sigma z

    The result is the prediction x̂_0 at the last time, which is what a last step to clean data gives. One z of the
    shape of x_t is drawn from `rng` for each step, whatever sigma is.

    Raises:
        InputError: there is no time.
    """
    if not len(times):
        raise InputError("no times to sample at: give some, such as schedule.grid(50)")
    positions = list(descend(prior, x_t, times, condition, rng, sigma))
    predictions = [position.hat.x0 for position in positions]
    return Trajectory(predictions[-1], [position.x_t for position in positions], predictions)


def sdedit(
    prior: Prior,
    x0: Latent,
    condition: Condition,
    rng: Generator,
    strength: float = 0.5,
    steps: int = 50,
    sigma: Sigma = eta(0.0),
) -> Latent:
    """SDEdit (arXiv 2108.01073): add noise to x0 up to the fraction `strength` of the schedule, and sample from there.

    `steps` are those of the whole schedule, so the run takes about strength · steps.

    Raises:
        InputError: the strength is not in [0, 1], or the steps are not from 1 to 100,000.
    """
    check_number("strength", strength, 0.0, 1.0, usual="0.5")
    check_count("steps", steps, LONGEST, usual="50")
    times = prior.schedule.grid(max(1, round(strength * steps)), low=min(strength, 1 / steps), high=strength)
    x_t = prior.schedule.perturb(x0, normal(x0, rng), times[0])
    with torch.no_grad():
        return ddim(prior, x_t, times, condition, rng, sigma).x0


def in_range(prior: Prior, codec: Codec) -> Prior:
    """The prior for sampling: `Clipped` for pixels, but not for the latents of an autoencoder, which have no range."""
    return Clipped(prior) if isinstance(codec, PixelUnshuffle) else prior
