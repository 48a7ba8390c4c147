"""A bank of noise: times and noises drawn once, with the prior's predictions on the source at each of them.

An editing method predicts on the target and on the source. The source does not change, so if times and noises are
reused, so are its predictions: a step then costs only the evaluations on the target, half of a step of DDS or PDS. The
bank is filled in a few calls and takes 3 tensors of the size of the latents for each of its `size` entries: for 64
entries 9 MB on the bundled model (48x16x16), 13 MB on Stable Diffusion (4x64x64).
"""

from dataclasses import dataclass, replace

import torch
from torch import Generator

from potstill.diffusion.prior import Condition, Prior, Query, predict
from potstill.errors import InputError
from potstill.fields import check_count
from potstill.methods.draw import BankEntries, Draw, Memory, Moment, PreviousStep, Source
from potstill.methods.noise import NoiseSource
from potstill.methods.times import TimestepSampler
from potstill.tensors import Latent, Times, normal

TOGETHER = 16
"""The most samples in one call that fills a bank; at least one entry."""
LARGEST = 10_000
"""The most entries of a bank."""


@dataclass(frozen=True)
class DrawBank(NoiseSource):
    """`size` pairs of time and noise for a whole run, instead of fresh ones in every step.

    Samplers that draw t at random cycle through the entries; in those where t falls, each of `size` falling times is
    used for its share of the run.

    Raises:
        InputError: size is not from 1 to 10,000, or refresh not from 1 to a million.
    """

    size: int = 64
    """Entries, at most one per step; with one per step nothing is saved."""
    refresh: int | None = None
    """Steps after which all entries are redrawn; None keeps them."""
    strata: bool = False
    """Draw random times one in each of `size` equal strata; otherwise as the sampler draws them."""

    def __post_init__(self) -> None:
        """Check both."""
        super().__post_init__()
        check_count("size of a bank", self.size, LARGEST, usual="64")
        if self.refresh is not None:
            check_count("refresh of a bank", self.refresh, 1_000_000)

    def __call__(
        self, x0: Latent, prior: Prior, t: Times, condition: Condition, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """Fresh noise. Only `distill` uses the bank."""
        return normal(x0, rng)

    def recall(self, moment: Moment, times: TimestepSampler, prior: Prior, memory: Memory) -> tuple[Draw, Memory]:
        """The entry of this step; the bank is filled in the first step and after every `refresh` steps.

        Raises:
            InputError: the scene has random views, so that predictions on the source cannot be kept.
        """
        if moment.views:
            raise InputError("a bank keeps predictions on the source, which changes with the view: use fresh noise")
        bank = replace(self, size=min(self.size, moment.steps))  # further entries would not be used
        entries, due = memory.bank, self.refresh is not None and moment.index % self.refresh == 0
        if entries is None or due:
            entries = bank.fill(times, prior, moment.source, moment.x0, moment.rng)
        number = times.bank_index(moment.index, moment.steps, len(entries.times))  # a resumed run may be longer
        return entries.draw(number, moment.source), replace(memory, bank=entries)

    def fill(
        self, times: TimestepSampler, prior: Prior, source: Source | None, like: Latent, rng: Generator
    ) -> BankEntries:
        """Draw the entries, and predict the source at each of them."""
        draw = times.stratified_positions if self.strata else times.spread_positions
        positions = times.low + (times.high - times.low) * draw(self.size, len(like), rng)
        drawn = torch.stack([prior.schedule.time(row) for row in positions])
        noises = torch.stack([normal(like, rng) for _ in range(self.size)])
        if source is None:
            return BankEntries(drawn, noises)
        hats = []
        for part in torch.arange(self.size).split(max(1, TOGETHER // len(like))):
            x_t = [prior.schedule.perturb(source.x0, noises[k], drawn[k]) for k in part.tolist()]
            condition = {
                name: torch.cat([value.expand(len(like), *value.shape[1:])] * len(part))
                for name, value in source.condition.items()
            }
            hats += predict(prior, Query(torch.cat(x_t), drawn[part].flatten(), condition))
        x0, eps = (torch.cat(predictions).reshape(noises.shape) for predictions in zip(*hats, strict=True))
        return BankEntries(drawn, noises, x0, eps)
