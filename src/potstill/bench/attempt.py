"""Many pairs edited at once: one setting, one network call a step for all of them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Generator

from potstill.baselines import Baseline, Following, Job
from potstill.bench.pairs import Pair
from potstill.distill import distill
from potstill.edit import Edit
from potstill.images import Images
from potstill.prior import Condition
from potstill.priors.pipeline import Pipeline
from potstill.sampling import in_range
from potstill.scenes import Latents


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
    size, rng, scene = prior.geometry(latents), Generator().manual_seed(task.seed), Latents(latents, prior.codec)
    source, target = (
        {**_told(prior, [getattr(pair, name) for pair in pairs]), **size} for name in ("source_prompt", "target_prompt")
    )
    guided = task.guided(prior)
    if isinstance(task.method, Baseline):
        job = Job(in_range(guided, prior.codec), latents, source, target, task.length, rng)
        total = task.method.total(task.length)
        steps = iter(Following(task.method.run, total, job, next(scene.parameters())))
    else:
        total, optimizer = task.length, task.descent(scene, len(pairs))
        steps = distill(
            scene, guided, task.method, target=target, source=source, steps=total, rng=rng, optimizer=optimizer
        )
    wanted = {round((look + 1) * total / looks) - 1 for look in range(looks)}
    spent, began = 0.0, time.perf_counter()
    for step in steps:
        if step.index in wanted:
            spent += time.perf_counter() - began
            yield Look(scene.images.detach().float().cpu(), step.evaluations / len(pairs), spent / len(pairs))
            began = time.perf_counter()


def _told(prior: Pipeline, prompts: Sequence[str]) -> Condition:
    told = [prior.tell(prompt) for prompt in prompts]
    return {name: torch.cat([one[name] for one in told]) for name in told[0]}
