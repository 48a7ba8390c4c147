"""Edit many pairs at once with the same settings: one network call per step for all of them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float64
from torch import Tensor

from potstill.bench.emoji_pairs import Pair
from potstill.diffusion.prior import Condition
from potstill.distillation import Step
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Latents
from potstill.tasks.images.editing import Edit
from potstill.tensors import Images
from potstill.worlds.toys.prior import Toys

Network: TypeAlias = Pipeline | Toys
"""A model, which for scenes may be the exact world."""


@dataclass(frozen=True)
class Preview:
    """The results at one point of a run, and their cost so far."""

    images: Images
    """[pairs, 3, h, w] in [0, 1]."""
    evaluations: float
    """Network evaluations per pair."""
    seconds: float
    """Seconds per pair, without the time for decoding previews."""
    numbers: Sequence[Float64[Tensor, " _"]] = ()
    """Of each result that is a drawing, in the order of its source."""
    texts: Sequence[str] = ()
    """The SVG of each result that is a drawing."""
    before: Images | None = None
    """What the edits of scenes start from, which is not quite the source: a fit."""


def edit_pairs(task: Edit, pairs: Sequence[Pair], prior: Pipeline, previews: int = 1) -> Iterator[Preview]:
    """Edit all pairs with `task` (its own prompts are ignored); yield `previews` previews, the last one at the end."""
    originals = torch.cat([pair.source for pair in pairs])
    with torch.no_grad():
        latents = prior.codec.encode(originals.to(prior.device))
    size, scene = prior.size_condition(latents), Latents(latents, prior.codec)
    source = {**conditions(prior, [pair.source_prompt for pair in pairs]), **size}
    target = {**conditions(prior, [pair.target_prompt for pair in pairs]), **size}
    steps, _ = task.iterate(prior, scene, latents, source, target)
    for evaluations, seconds in timed(steps, len(pairs), previews):
        yield Preview(task.finishing(scene.images.detach().float().cpu(), originals), evaluations, seconds)


def timed(steps: Iterator[Step], count: int, previews: int) -> Iterator[tuple[float, float]]:
    """Take the steps of several pairs; the evaluations and seconds of each pair, at `previews` points of the run."""
    spent, began = 0.0, time.perf_counter()
    for step in steps:
        if step.index in {round((n + 1) * step.total / previews) - 1 for n in range(previews)}:
            spent += time.perf_counter() - began
            yield step.evaluations / count, spent / count
            began = time.perf_counter()


def conditions(prior: Pipeline, prompts: Sequence[str]) -> Condition:
    """The conditions of prompts as one batch."""
    rows = [prior.encode_prompt(prompt) for prompt in prompts]
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
