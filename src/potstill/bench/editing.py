"""Edit many pairs at once with the same settings: one network call per step for all of them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from potstill.bench.emoji_pairs import Pair
from potstill.diffusion.prior import Condition
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Latents
from potstill.tasks.editing import Edit
from potstill.tensors import Images


@dataclass(frozen=True)
class Preview:
    """The results at one point of a run, and their cost so far."""

    images: Images
    """[pairs, 3, h, w] in [0, 1]."""
    evaluations: float
    """Network evaluations per pair."""
    seconds: float
    """Seconds per pair, without the time for decoding previews."""


def edit_pairs(task: Edit, pairs: Sequence[Pair], prior: Pipeline, previews: int = 1) -> Iterator[Preview]:
    """Edit all pairs with `task` (its own prompts are ignored); yield `previews` previews, the last one at the end."""
    with torch.no_grad():
        latents = prior.codec.encode(torch.cat([pair.source for pair in pairs]).to(prior.device))
    size, scene = prior.size_condition(latents), Latents(latents, prior.codec)
    source = {**_conditions(prior, [pair.source_prompt for pair in pairs]), **size}
    target = {**_conditions(prior, [pair.target_prompt for pair in pairs]), **size}
    steps, _ = task.iterate(prior, scene, latents, source, target)
    spent, began = 0.0, time.perf_counter()
    for step in steps:
        if step.index in {round((n + 1) * step.total / previews) - 1 for n in range(previews)}:
            spent += time.perf_counter() - began
            yield Preview(scene.images.detach().float().cpu(), step.evaluations / len(pairs), spent / len(pairs))
            began = time.perf_counter()


def _conditions(prior: Pipeline, prompts: Sequence[str]) -> Condition:
    rows = [prior.encode_prompt(prompt) for prompt in prompts]
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
