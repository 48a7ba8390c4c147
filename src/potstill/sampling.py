"""Plain sampling down a grid of times: DDIM with any sigma, SDEdit from half way, and pictures of a prompt."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Generator

from potstill.codec import Codec, Images, PixelUnshuffle
from potstill.errors import InputError, not_finite
from potstill.prior import Clipped, Condition, Prediction, Prior, Query, predict
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.schedule import Latent, Schedule, Times, normal

Sigma = Callable[[Schedule, Times, Times], Times]
"""The fresh noise of a step from t to s, as a standard deviation [b]."""


def eta(value: float) -> Sigma:
    """eta times the posterior's sigma: 0 is DDIM, 1 DDPM (arXiv 2010.02502, eq. 16); at most sigma_s."""
    return lambda schedule, t, s: (value * schedule.posterior(t, s).sigma).minimum(schedule(s)[1])


def share(value: float) -> Sigma:
    """A share in [0, 1] of sigma_s, the largest there is: 0 is DDIM; at 1 all noise is fresh."""
    return lambda schedule, t, s: value * schedule(s)[1]


class Position(NamedTuple):
    """A place on the way down: the state x_t, and what the prior predicts there."""

    x_t: Latent
    hat: Prediction


class Trajectory(NamedTuple):
    """A sampling run: its last x̂_0, the state x_t at every time of the grid, and every x̂_0 on the way."""

    x0: Latent
    states: list[Latent]
    predictions: list[Latent]


def descend(
    prior: Prior,
    x_t: Latent,
    times: Sequence[Times],
    condition: Condition,
    rng: Generator,
    sigma: Sigma = eta(0.0),
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
    prior: Prior,
    x_t: Latent,
    times: Sequence[Times],
    condition: Condition,
    rng: Generator,
    sigma: Sigma = eta(0.0),
) -> Trajectory:
    """Sample from x_t at times[0] down the grid with DDIM steps (arXiv 2010.02502, eq. 12).

    The run ends with the prediction x̂_0 at the last time, as a last step onto clean data does.
    Draws one z of x_t's shape for each step from `rng`, whatever sigma is.
    """
    way = list(descend(prior, x_t, times, condition, rng, sigma))
    predictions = [position.hat.x0 for position in way]
    return Trajectory(predictions[-1], [position.x_t for position in way], predictions)


def sdedit(
    prior: Prior,
    x0: Latent,
    condition: Condition,
    rng: Generator,
    strength: float = 0.5,
    steps: int = 50,
    sigma: Sigma = eta(0.0),
) -> Latent:
    """SDEdit (arXiv 2108.01073): noise x0 to the fraction `strength` of the schedule, then sample from there.

    `steps` counts over the whole schedule, so the run takes about strength · steps of them.
    """
    times = prior.schedule.grid(max(1, round(strength * steps)), low=min(strength, 1 / steps), high=strength)
    x_t = prior.schedule.perturb(x0, normal(x0, rng), times[0])
    with torch.no_grad():
        return ddim(prior, x_t, times, condition, rng, sigma).x0


OnStep = Callable[[int, int], None]
_BATCH = 16  # pictures at once


@torch.no_grad()
def sample(
    prompts: str | Sequence[str],
    model: Pipeline | str | Path = "emoji",
    *,
    count: int = 1,
    guidance_scale: float = 4.0,
    steps: int = 50,
    seed: int = 0,
    on_step: OnStep = lambda done, total: None,
) -> Images:
    """What a model knows of some prompts: DDIM from pure noise, down times in equal steps.

    Picture n of them all starts from the noise of seed + n, so any one can be drawn again alone. Pixels
    are held within their range on the way (see `Clipped`).

    Args:
        prompts: one, or several.
        model: a prior of images, or what `load` takes.
        count: pictures of each prompt, 1 to 10,000 in all.
        guidance_scale: uncond + scale (cond - uncond), as in diffusers.
        steps: network calls for each picture, 1 to 1,000.
        seed: of the noise.
        on_step: hears after each step how many of all steps are done.

    Returns:
        The pictures on the CPU, in [0, 1]: `count` of the first prompt, then of the next.

    Raises:
        InputError: a number out of range, or no prompt.
        NotFiniteError: a NaN or an infinity, with step and time.
    """
    wanted = [prompts] if isinstance(prompts, str) else list(prompts)
    check_numbers(len(wanted), count, guidance_scale, steps, seed)
    prior = model if isinstance(model, Pipeline) else load(model)
    told = [prior.tell(prompt) for prompt in wanted for _ in range(count)]
    shape = (prior.channels, *(side // prior.codec.factor for side in prior.size))
    times = prior.schedule.climb(prior.schedule.time(torch.ones(1)), steps)[:0:-1]
    guided = in_range(prior.guided(guidance_scale), prior.codec)
    images, total = [], steps * -(-len(told) // _BATCH)
    for first in range(0, len(told), _BATCH):
        rows = range(first, min(first + _BATCH, len(told)))
        rngs = [Generator().manual_seed(seed + n) for n in rows]
        x_t = torch.stack([torch.randn(shape, generator=rng) for rng in rngs]).to(prior.device)
        condition = {name: torch.cat([told[n][name] for n in rows]) for name in told[first]}
        condition |= prior.geometry(x_t)
        x0 = x_t
        for index, (_, hat) in enumerate(descend(guided, x_t, times, condition, rngs[0])):
            x0 = hat.x0
            if not x0.isfinite().all():
                raise not_finite("sampling", index, times[index].expand(len(x0)), x0=x0)
            on_step(first // _BATCH * steps + index + 1, total)
        images.append(prior.codec.decode(x0).cpu())
    return torch.cat(images)


def in_range(prior: Prior, codec: Codec) -> Prior:
    """The prior as it is sampled: pixels are `Clipped`, and latents of an autoencoder, which have no range, are not."""
    return Clipped(prior) if isinstance(codec, PixelUnshuffle) else prior


def check_numbers(prompts: int, count: int, guidance_scale: float, steps: int, seed: int) -> None:
    """Check what `sample` takes, before a model is loaded.

    Raises:
        InputError: which number, and its range.
    """
    if not prompts:
        raise InputError("no prompt: give at least one")
    if not 1 <= count * prompts <= 10_000:
        raise InputError(f"count = {count} for {prompts} prompts must make from 1 to 10,000 pictures")
    if not abs(guidance_scale) <= 1000:
        raise InputError(f"guidance scale = {guidance_scale} must be from -1000 to 1000; 4 is usual")
    if not 1 <= steps <= 1000:
        raise InputError(f"steps = {steps} must be from 1 to 1,000")
    if not 0 <= seed < 2**62:
        raise InputError(f"seed = {seed} must be from 0 to 2^62 - 1")
