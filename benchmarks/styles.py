"""What naming a drawing style is worth in an edit, and whether the style of the picture is found.

    python -m benchmarks.styles [--pairs 60]

Edits held-out pairs, without the group "style", with the default of `potstill edit`: the style named in both prompts,
found from the picture (`--style auto`), and left out (`--style none`). Prints the share of pictures whose style is
found, and for each setting the mean error |out - answer| / |source - answer| and the PSNR.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import tyro

from potstill import load
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.bench.reference_based import scores
from potstill.bench.settings import new_task
from potstill.priors.pipeline import Pipeline
from potstill.tasks.settings.styles import nearest_style

BATCH = 16


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 60
    """Held-out pairs, balanced over the groups."""


def restyled(pair: Pair, style: str) -> Pair:
    """The pair with this style in its prompts, or with none."""
    source, target = (
        f"{style} {prompt.split(' ', 1)[1]}".strip() for prompt in (pair.source_prompt, pair.target_prompt)
    )
    return replace(pair, source_prompt=source, target_prompt=target)


def measured(pairs: Sequence[Pair], prior: Pipeline) -> str:
    """The mean error and PSNR of the default edit."""
    found = []
    for start in range(0, len(pairs), BATCH):
        some = pairs[start : start + BATCH]
        *_, last = edit_pairs(new_task(), some, prior)
        for pair, image in zip(some, last.images, strict=True):
            assert pair.answer is not None
            assert pair.edit_region is not None
            found.append(scores(image[None], pair.source, pair.answer, pair.edit_region))
    error, decibels = (sum(each[name] for each in found) / len(found) for name in ("error", "psnr"))
    return f"error {error:.3f}, {decibels:.1f} dB"


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    prior = load("emoji")
    held = [pair for pair in emoji_pairs() if pair.split == "held-out" and pair.group != "style"]
    pairs = select_evenly(held, run.pairs)
    bare = [restyled(pair, "") for pair in pairs]
    styles = [nearest_style(prior, prior.codec.encode(pair.source), pair.source_prompt) for pair in bare]
    right = sum(pair.source_prompt.startswith(style) for pair, style in zip(pairs, styles, strict=True))
    print(f"style found: {right} of {len(pairs)}")
    print(f"named: {measured(pairs, prior)}")
    print(f"from the picture: {measured(list(map(restyled, pairs, styles)), prior)}")
    print(f"left out: {measured(bare, prior)}")


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
