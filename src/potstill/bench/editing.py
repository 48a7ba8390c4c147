"""Many pairs edited at once: one setting, one network call a step for all of them."""

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
class Look:
    """How far an attempt is."""

    images: Images
    """[pairs, 3, h, w] in [0, 1]."""
    evaluations: float
    """Network evaluations so far, for each pair."""
    seconds: float
    """So far, for each pair; looking does not count."""


def attempt(task: Edit, pairs: Sequence[Pair], prior: Pipeline, looks: int = 1) -> Iterator[Look]:
    """Edit all pairs as `task` says, whose own prompts do not count, and look `looks` times, at last at the end."""
    with torch.no_grad():
        latents = prior.codec.encode(torch.cat([pair.source for pair in pairs]).to(prior.device))
    size, scene = prior.geometry(latents), Latents(latents, prior.codec)
    source, target = (
        {**_told(prior, [getattr(pair, name) for pair in pairs]), **size} for name in ("source_prompt", "target_prompt")
    )
    steps, _ = task.iterate(prior, scene, latents, source, target)
    spent, began = 0.0, time.perf_counter()
    for step in steps:
        if step.index in {round((look + 1) * step.total / looks) - 1 for look in range(looks)}:
            spent += time.perf_counter() - began
            yield Look(scene.images.detach().float().cpu(), step.evaluations / len(pairs), spent / len(pairs))
            began = time.perf_counter()


def _told(prior: Pipeline, prompts: Sequence[str]) -> Condition:
    told = [prior.tell(prompt) for prompt in prompts]
    return {name: torch.cat([one[name] for one in told]) for name in told[0]}
