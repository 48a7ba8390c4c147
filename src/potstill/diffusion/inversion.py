"""From data back to noise: DDIM inversion, and edit-friendly DDPM inversion with its editing run."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

import torch
from torch import Generator

from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.diffusion.sampling import Sigma, eta
from potstill.errors import InputError
from potstill.fields import check_number, shown
from potstill.tensors import Latent, Times, normal, per_sample

Label = Literal["next", "current"]


def ddim_inversion(
    prior: Prior,
    x0: Latent,
    times: Sequence[Times],
    condition: Condition,
    label: Label = "next",
    extra: float = 0.0,
    rng: Generator | None = None,
) -> list[Latent]:
    """DDIM steps upwards, from x_0 at times[0] (clean) along rising times (DDIM, arXiv 2010.02502, section 4.3).

        x_t = alpha_t (x_s - sigma_s e) / alpha_s + sigma_t e,  e = eps_hat(x_s, label)

    The exact step would need eps_hat at x_t, which is not known yet, so the error of a whole run is of first order in
    the step size. Two conventions are in use for the time at which the network predicts: "next" is t (null-text
    inversion and diffusers today), "current" is s (the released SDI code and older diffusers). They are not
    interchangeable.

    Args:
        prior: the denoiser; wrap it in `Guided` for guidance.
        x0: clean data [b, ...].
        times: rising, each [b] or [1], from `schedule.inversion_grid` or a reversed `schedule.grid`.
        condition: of the inversion.
        label: the time at which the network predicts.
        extra: adds this multiple of the posterior's sigma as fresh noise after each step (released SDI code).
        rng: draws the extra noise; needed with `extra`. A sample that waits at clean data draws none of its own.

    Raises:
        InputError: the label is neither, or `extra` is negative or has no generator.

    Returns:
        The states [b, ...] at all times; the last is the inverted noise.
    """
    return [x0, *ascend(prior, x0, times, condition, label, extra, rng)]


def ascend(
    prior: Prior,
    x0: Latent,
    times: Sequence[Times],
    condition: Condition,
    label: Label = "next",
    extra: float = 0.0,
    rng: Generator | None = None,
) -> Iterator[Latent]:
    """The states of `ddim_inversion` above x_0, one by one."""
    if label not in get_args(Label):
        raise InputError(f"label = {shown(label)} must be 'next' or 'current'")
    check_number("extra", extra, 0.0, 1e6, usual="0.3")
    if extra and rng is None:
        raise InputError(f"extra = {extra} noise is drawn from a generator: pass rng=")
    schedule, x_s = prior.schedule, x0
    alpha_s, sigma_s = (per_sample(c, x0) for c in schedule(times[0]))
    for s, t in pairwise(times):
        time = (t if label == "next" else s).clamp(min=schedule.t_min)
        eps = predict(prior, Query(x_s, time, condition))[0].eps
        alpha_t, sigma_t = (per_sample(c, x0) for c in schedule(t))
        x_t = alpha_t * (x_s - sigma_s * eps) / alpha_s + sigma_t * eps
        if extra and rng is not None:
            posterior = schedule.posterior(t.clamp(min=schedule.t_min), s)
            x_t = x_t + extra * per_sample(posterior.sigma, x0) * normal(x0, rng, t > schedule.t_clean)
        yield x_t
        x_s, alpha_s, sigma_s = x_t, alpha_t, sigma_t


class NoiseMaps(NamedTuple):
    """An edit-friendly inversion: the states x_t at falling times, and the noise that each step adds."""

    times: Sequence[Times]
    sigma: Sigma
    states: list[Latent]
    maps: list[Latent]
    last: Latent


def ddpm_inversion(
    prior: Prior, x0: Latent, times: Sequence[Times], condition: Condition, rng: Generator, sigma: Sigma = eta(1.0)
) -> NoiseMaps:
    """Edit-friendly DDPM inversion (arXiv 2304.06140, algorithm 1).

    Every x_t is drawn from q(x_t | x_0) independently, and the map of a step is the noise that leads from one to the
    next:

        z = (x_s - mu(x_t)) / sigma,

    with mu the mean of the DDIM step with that sigma > 0. `last` is x_0 - x̂_0 at the last time, so that sampling
    with the same condition ends on x_0 exactly (the released code drops it).

    `times` fall; to skip the first steps, start lower: `schedule.grid(steps, high=0.64)`.

    Raises:
        InputError: the sigma of a step is 0.
    """
    states = [prior.schedule.perturb(x0, normal(x0, rng), t) for t in times]
    *maps, last = noise_maps(prior, x0, states, times, condition, sigma)
    return NoiseMaps(times, sigma, states, maps, last)


def noise_maps(
    prior: Prior, x0: Latent, states: Sequence[Latent], times: Sequence[Times], condition: Condition, sigma: Sigma
) -> Iterator[Latent]:
    """The maps of `ddpm_inversion` for given states, one by one, and then `last`.

    Raises:
        InputError: as for `ddpm_inversion`.
    """
    sigmas = [sigma(prior.schedule, t, s) for t, s in pairwise(times)]
    for step_sigma, t, s in zip(sigmas, times, times[1:], strict=False):
        if not (step_sigma > 0).all():  # NaN, too
            raise InputError(
                f"sigma = {step_sigma.tolist()[:5]} of the step from t = {t.tolist()[:5]} to {s.tolist()[:5]} must be "
                "above 0, as its map is divided by it: take eta(1.0), and fewer steps if a time repeats"
            )
    for index, (x_t, t) in enumerate(zip(states, times, strict=True)):
        hat = predict(prior, Query(x_t, t, condition))[0]
        if index + 1 == len(times):
            yield x0 - hat.x0
            return
        s, step_sigma = times[index + 1], sigmas[index]
        mean = prior.schedule.ddim_step(hat.x0, hat.eps, s, step_sigma, torch.zeros_like(x0))
        yield (states[index + 1] - mean) / per_sample(step_sigma, x0)


def ddpm_edit(prior: Prior, inversion: NoiseMaps, condition: Condition) -> list[Latent]:
    """Sample with the noise of an edit-friendly inversion, under another condition or prior (arXiv 2304.06140).

    Returns:
        The states at all times of the inversion, then the edited x_0.
    """
    schedule, states = prior.schedule, [inversion.states[0]]
    for z, t, s in zip(inversion.maps, inversion.times, inversion.times[1:], strict=False):
        hat = predict(prior, Query(states[-1], t, condition))[0]
        states.append(schedule.ddim_step(hat.x0, hat.eps, s, inversion.sigma(schedule, t, s), z))
    hat = predict(prior, Query(states[-1], inversion.times[-1], condition))[0]
    return [*states, hat.x0 + inversion.last]
