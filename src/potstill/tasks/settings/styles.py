"""The drawing style of prompts that name none, for models that know several, such as the bundled one.

A model that draws a heart in two styles predicts something between them for "red heart", so outlines of an edit blur.
The picture decides: its style is the one with which the model denoises it best.
"""

import warnings

import torch
from torch import Generator

from potstill.diffusion.prior import Query, predict
from potstill.errors import InputError, Note
from potstill.priors.pipeline import Pipeline
from potstill.tensors import Latent

AUTO, NONE = "auto", "none"
_TIMES = (0.2, 0.4, 0.6)
"""Shares of the longest time: where the outlines are seen, and the style is not yet given by them."""


def with_style(style: str, prior: Pipeline, x0: Latent, source: str, target: str) -> tuple[str, str]:
    """Both prompts with a style: a source without one has that of the picture, a target without one that of the source.

    Args:
        style: "auto", "none", or the style of the picture.
        prior: the model; if it has no `styles`, the prompts stay as they are.
        x0: the latents of the picture, [1, ...].
        source: the prompt that describes it.
        target: the prompt of what it should become.

    Raises:
        InputError: the model does not know the style.
    """
    if style not in (AUTO, NONE, *prior.styles):
        raise InputError(f"style = {style} must be one of {', '.join((AUTO, NONE, *prior.styles))} for this model")
    named = prior.style_of(source), prior.style_of(target)
    if style == NONE or not prior.styles or all(named):
        return source, target
    found = named[0] or (nearest_style(prior, x0, source) if style == AUTO else style)
    completed = source if named[0] else f"{found} {source}", target if named[1] else f"{found} {target}"
    if style == AUTO:
        origin = "that of the source" if named[0] else "nearest to the picture"
        warnings.warn(
            f"the style {found!r}, {origin}, is added to prompts that name none: choose another with --style",
            Note,
            stacklevel=4,
        )
    return completed


@torch.no_grad()
def nearest_style(prior: Pipeline, x0: Latent, prompt: str) -> str:
    """The style s with the least E |x0_hat(x_t; "s prompt") - x0|², at three times with the same noise for each style.

    This is the classifier of Li et al. 2023 (arXiv:2303.16203, eq. 5), with the error in x0.
    """
    t = prior.schedule.time(torch.tensor(_TIMES, device=x0.device))
    noise = torch.randn((len(t), *x0.shape[1:]), generator=Generator().manual_seed(0), dtype=x0.dtype).to(x0.device)
    x_t = prior.schedule.perturb(x0.expand(len(t), *x0.shape[1:]), noise, t)
    size = prior.size_condition(x0)

    def error(style: str) -> float:
        condition = {**prior.encode_prompt(f"{style} {prompt}"), **size}
        (predicted,) = predict(prior, Query(x_t, t, condition))
        return float((predicted.x0 - x0).square().mean())

    return min(prior.styles, key=error)
