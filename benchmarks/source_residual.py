"""How much of what the model does not see in a picture belongs to its edit: the k of ShrinkEdit, by least squares.

    python -m benchmarks.source_residual [--pairs 100] [--times 0.1 0.4]

With the residuals r = x_0 - x̂_0 of the true answer (under the target prompt) and r_src of the source (under its
prompt), at the same noise, k = <r, r_src> / <r_src, r_src>. Prints k over all cells of the latents, by group of pairs,
and by the change c of the denoised pictures (root mean square over the channels), beside that of ShrinkEdit.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
import tyro
from torch import Generator, Tensor

from potstill import load
from potstill.bench.editing import conditions
from potstill.bench.emoji_pairs import emoji_pairs, select_evenly
from potstill.diffusion.prior import Condition
from potstill.methods import ShrinkEdit
from potstill.priors.pipeline import Pipeline
from potstill.tensors import Latent, normal

EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 10.0)


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 100
    """Seen pairs, spread evenly over the groups."""
    times: tuple[float, ...] = (0.1, 0.4)
    """Shares of the time range at which the pictures are noised."""
    draws: int = 2
    """Noises to average over."""


def denoised(prior: Pipeline, x0: Latent, condition: Condition, u: float, draws: int) -> Latent:
    """x̂_0 at the share u of the time range, averaged over noises that are the same in every call."""
    rng, total = Generator().manual_seed(0), torch.zeros_like(x0)
    t = prior.schedule.time(torch.full((len(x0),), u))
    for _ in range(draws):
        total += prior(prior.schedule.perturb(x0, normal(x0, rng), t), t, condition).x0
    return total / draws


def share(products: Tensor, squares: Tensor) -> str:
    """<r, r_src> / <r_src, r_src>."""
    return f"{float(products.sum() / squares.sum()):.2f}"


@torch.no_grad()
def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    prior = load("emoji")
    pairs = select_evenly([pair for pair in emoji_pairs() if pair.split == "seen"], run.pairs)
    groups = sorted({pair.group for pair in pairs})
    source = prior.codec.encode(torch.cat([pair.source for pair in pairs]))
    answer = prior.codec.encode(torch.cat([pair.answer for pair in pairs if pair.answer is not None]))
    asked = conditions(prior, [pair.target_prompt for pair in pairs])
    described = conditions(prior, [pair.source_prompt for pair in pairs])
    for u in run.times:
        hat, hat_source = (
            denoised(prior, x0, about, u, run.draws) for x0, about in ((answer, asked), (source, described))
        )
        products = ((answer - hat) * (source - hat_source)).sum(1)
        squares, change = (source - hat_source).square().sum(1), (hat - hat_source).square().mean(1).sqrt()
        print(f"t = {u:g}: k = {share(products, squares)}")
        for group in groups:
            mine = torch.tensor([pair.group == group for pair in pairs])
            print(f"  {group:12} {share(products[mine], squares[mine])}")
        for low, high in pairwise(EDGES):
            mine, half = (change >= low) & (change < high), ShrinkEdit().half
            middle = float(change[mine].mean())
            print(
                f"  c from {low:g} to {high:g} ({float(mine.float().mean()):.0%} of the cells): "
                f"{share(products[mine], squares[mine])}, formula {1 / (1 + middle / half):.2f}"
            )


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
