"""Whether an edit can stop by itself: stopping by the size of the steps, compared with fewer steps for all images.

    python -m benchmarks.stopping [--methods pds dds infedit] [--pairs 16]

Each pair is edited to the end, with a preview after every step. An image stops once a running mean (decay 0.9) has been
below a tolerance for 5 steps: the mean size of its steps (`change`), or the size of its mean step (`drift`), as root
mean squares of pixels in [0, 1]. Prints for some tolerances: the steps taken, the cost of stopping in PSNR to the
answer, and the cost of giving every image that mean number of steps.
"""

from dataclasses import dataclass

import torch
import tyro
from jaxtyping import Float
from torch import Tensor

import potstill
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.methods import DDS, PDS, InfEdit
from potstill.tasks.images.editing import Edit

METHODS = {"pds": PDS(), "dds": DDS(), "infedit": InfEdit()}
DECAY, PATIENCE = 0.9, 5
SHARES = (0.6, 0.4, 0.3)
"""Tolerances, as shares of the largest running mean after 10 steps, in the mean over pictures."""


@dataclass(frozen=True)
class Run:
    """The budget."""

    methods: tuple[str, ...] = ("pds", "dds")
    """Methods: pds, dds or infedit, with the default optimiser and learning rate of `potstill edit`."""
    steps: int = 100
    """Steps of an edit."""
    guidance_scale: float = 3.0
    """Guidance scale of an edit."""
    pairs: int = 16
    """Held-out pairs, balanced over the groups."""


def running(rule: str, moves: Float[Tensor, "steps b *d"]) -> Float[Tensor, "steps b"]:
    """The running mean compared with the tolerance, bias-corrected as in Adam."""
    values = moves if rule == "drift" else moves.square().flatten(2).mean(2).sqrt()
    mean, means = torch.zeros_like(values[0]), []
    for step, value in enumerate(values, start=1):
        mean = DECAY * mean + (1 - DECAY) * value
        means.append(mean / (1 - DECAY**step))
    found = torch.stack(means)
    return found.square().flatten(2).mean(2).sqrt() if rule == "drift" else found


def stops(means: Float[Tensor, "steps b"], tolerance: float) -> Tensor:
    """The index of the step after which each image stops, or the last."""
    below = means < tolerance
    below[:9] = False  # the mean needs some steps first
    row = torch.stack([below[max(0, step - PATIENCE + 1) : step + 1].all(0) for step in range(len(below))])
    row[-1] = True
    return row.float().argmax(0)


def measure(name: str, run: Run, pairs: list[Pair], prior) -> None:
    """Print the rows of a method."""
    task = Edit(source="a", target="b", method=METHODS[name], steps=run.steps, guidance_scale=run.guidance_scale)
    frames = torch.stack([preview.images for preview in edit_pairs(task, pairs, prior, run.steps)])
    source, answer = (torch.cat([getattr(pair, end) for pair in pairs]) for end in ("source", "answer"))
    psnr = -10 * (frames - answer).square().flatten(2).mean(2).clamp(min=1e-10).log10()
    moves = frames - torch.cat([source[None], frames[:-1]])
    for rule in ("change", "drift"):
        means = running(rule, moves)
        for share in SHARES:
            tolerance = share * float(means[9:].amax(0).mean())
            index = stops(means, tolerance)
            count, stopped = index.float().mean() + 1, psnr.gather(0, index[None])[0]
            costs = [float((end - psnr[-1]).mean()) for end in (stopped, psnr[round(float(count)) - 1])]
            steps = f"{count:.0f} ({int(index.min()) + 1} to {int(index.max()) + 1})"
            print(f"| {name} | {rule} | {tolerance:.4f} | {steps} | {costs[0]:+.2f} | {costs[1]:+.2f} |", flush=True)


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    prior = potstill.load()
    pairs = select_evenly([pair for pair in emoji_pairs() if pair.split == "held-out"], run.pairs)
    print(f"| method | rule | tolerance | steps of {run.steps} | PSNR against the end | fewer steps for all |")
    print("|---|---|---:|---:|---:|---:|", flush=True)
    for name in run.methods:
        measure(name, run, pairs, prior)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
