"""Pictures of prompts by plain DDIM sampling, from some sides where the model knows the camera."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Generator

from potstill.diffusion.guidance import Guided, check_scale, with_scale
from potstill.diffusion.prior import Condition, Prior
from potstill.diffusion.sampling import descend, in_range
from potstill.diffusion.views import ByView
from potstill.errors import InputError
from potstill.fields import check_number, is_count, shown
from potstill.priors.loading import BUNDLED, load
from potstill.priors.pipeline import Pipeline
from potstill.priors.prompts import PromptWarning
from potstill.tasks.settings.effects import WITHOUT_PROMPT
from potstill.tensors import Images, not_finite

OnStep = Callable[[int, int], None]
ELEVATION = 20.0
"""Of a camera whose azimuth alone is stated, in degrees."""
_BATCH = 16  # pictures at once


@torch.no_grad()
def sample(
    prompts: str | Sequence[str],
    model: Pipeline | str | Path | None = None,
    *,
    count: int = 1,
    azimuth: float | Sequence[float] = (),
    elevation: float | None = None,
    guidance_scale: float = 4.0,
    steps: int | None = None,
    seed: int = 0,
    on_step: OnStep = lambda done, total: None,
) -> Images:
    """Sample pictures of prompts: DDIM from pure noise, down times in equal steps, or those of a flow's own scheduler.

    Picture n of all starts from the noise of seed + n, so each can be drawn again alone; from several sides, it is
    drawn from each, from the same noise. Pixels are held within their range in every step (see `Clipped`).

    Args:
        prompts: one or several.
        model: a prior of images, or what `load` takes; by default "emoji", or "toys" if an azimuth is stated.
        count: pictures of each prompt; with those from other sides 1 to 10,000 in all.
        azimuth: of the camera in degrees, one or several, for a model that knows views: 0 is the front, and 90 the
            left of the object. By default the camera is unknown, and the side random.
        elevation: of the camera in degrees, from -90 to 90; 20 by default, if an azimuth is stated.
        guidance_scale: uncond + scale (cond - uncond), as in diffusers.
        steps: network calls for each picture, 1 to 1,000; by default `default_steps` of the model.
        seed: of the noise.
        on_step: called after each step with the number of steps done and of all steps.

    Returns:
        The pictures on the CPU, in [0, 1]: `count` of the first prompt, then of the next; each from every side.

    Raises:
        InputError: a number out of range, no prompt, or the model does not know views.
        NotFiniteError: a NaN or an infinity, with step and time.
    """
    wanted = [prompts] if isinstance(prompts, str) else list(prompts) if isinstance(prompts, Sequence) else []
    if not all(isinstance(prompt, str) for prompt in wanted) or not (wanted or isinstance(prompts, Sequence)):
        raise InputError(f"prompts = {shown(prompts)} must be a text, or several in a list")
    sides = tuple(azimuth) if isinstance(azimuth, Sequence) else (azimuth,)
    check_numbers(len(wanted), count, guidance_scale, steps, seed, sides, elevation)
    prior = model if isinstance(model, Pipeline) else load(default_model(sides) if model is None else model)
    steps = default_steps(prior) if steps is None else steps
    guided = with_scale(_by_view(prior) if sides else prior, guidance_scale)
    if guidance_scale == 0 and isinstance(guided, Guided):
        warnings.warn(f"the prompt changes nothing {WITHOUT_PROMPT}", PromptWarning, stacklevel=2)
    seen = [_camera(each, elevation) for each in sides] or [{}]
    conditions = [{**prior.encode_prompt(each), **view} for each in wanted for _ in range(count) for view in seen]
    shape = (prior.channels, *(side // prior.codec.factor for side in prior.size))
    *times, _ = prior.sampling_times(steps, torch.empty(1, *shape))
    guided = in_range(guided, prior.codec)
    images, total = [], steps * -(-len(conditions) // _BATCH)
    for first in range(0, len(conditions), _BATCH):
        rows = range(first, min(first + _BATCH, len(conditions)))
        rngs = [Generator().manual_seed(seed + n // len(seen)) for n in rows]
        x_t = torch.stack([torch.randn(shape, generator=rng) for rng in rngs]).to(prior.device)
        condition = {name: torch.cat([conditions[n][name] for n in rows]) for name in conditions[first]}
        condition |= prior.size_condition(x_t)
        x0 = x_t
        for index, (_, hat) in enumerate(descend(guided, x_t, times, condition, rngs[0])):
            x0 = hat.x0
            if not x0.isfinite().all():
                raise not_finite("sampling", index, times[index].expand(len(x0)), x0=x0)
            on_step(first // _BATCH * steps + index + 1, total)
        images.append(prior.codec.decode(x0).cpu())
    return torch.cat(images)


def default_model(azimuth: Sequence[float]) -> str:
    """The model of `sample` where none is stated: the bundled one, or the one that knows views."""
    return "toys" if azimuth else "emoji"


def default_steps(prior: Pipeline) -> int:
    """The steps of `sample` where none are stated: 25 for a bundled model, which draws as well as in 50, else 50."""
    return 25 if prior.identity.get("name") in BUNDLED else 50


def _by_view(prior: Pipeline) -> Prior:
    if prior.view_reading is None:
        name = prior.identity.get("name", "the model")
        raise InputError(f"{name} does not know views: leave azimuth and elevation out, or choose the model toys")
    return ByView(prior, prior.view_reading)


def _camera(azimuth: float, elevation: float | None) -> Condition:
    height = ELEVATION if elevation is None else elevation
    return {"azimuth": torch.tensor([float(azimuth)]), "elevation": torch.tensor([float(height)])}


def check_numbers(
    prompts: int,
    count: int,
    guidance_scale: float,
    steps: int | None,
    seed: int,
    azimuth: Sequence[float] = (),
    elevation: float | None = None,
) -> None:
    """Check the numbers of `sample`, before a model is loaded.

    Raises:
        InputError: a number is out of range.
    """
    if not prompts:
        raise InputError("no prompt: give at least one")
    sides = len(azimuth) or 1
    if not is_count(count, 10_000 // (prompts * sides)):
        several = f" from {sides} sides" if sides > 1 else ""
        raise InputError(f"count = {count} for {prompts} prompts{several} must make from 1 to 10,000 pictures")
    for side in azimuth:
        check_number("azimuth", side, -360.0, 360.0)
    if elevation is not None:
        check_number("elevation", elevation, -90.0, 90.0, usual="20")
        if not azimuth:
            raise InputError(f"elevation = {elevation:g} needs an azimuth: state azimuth as well, 0 for the front")
    check_scale(guidance_scale)
    if steps is not None and not is_count(steps, 1000):
        raise InputError(f"steps = {shown(steps)} must be from 1 to 1,000, a whole number")
    if not is_count(seed, 2**62 - 1, least=0):
        raise InputError(f"seed = {shown(seed)} must be from 0 to 2^62 - 1, a whole number")
