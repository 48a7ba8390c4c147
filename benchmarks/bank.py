"""What a bank of noise saves, and what it costs: the time of a step, and the PSNR of edits against fresh noise.

    python benchmarks/bank.py speed
    python benchmarks/bank.py quality [--methods pds dds] [--sizes 16 32 64] [--pairs 32] [--seeds 1]

Speed: steps of PDS on one thread, as shares of the bare U-Net on a batch of 4 for each image, which is what PDS asks
without a bank; with one it asks 2, and no step can be faster than the bare U-Net on these. Steps and calls take turns,
the median of the ratios counts, and time is that of this process alone. Filling is spread over runs of some lengths.
Quality: held-out pairs of `potstill bench edits`, each edited with fresh noise and with each bank, at the same
settings; what counts is the mean of the differences pair by pair, with its 95 % interval over pairs. Fresh noise has
twice the seeds, and how its halves differ says what luck does. What was edited is kept and not done again.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import tyro
from small_unet import small_prior
from torch import Generator

import potstill
from potstill import DDS, PDS, distill
from potstill.bench.emoji_pairs import Pair, emoji_pairs, spread
from potstill.bench.entries import Contestant
from potstill.bench.reference_based import Truth
from potstill.bench.report import entries, interval
from potstill.bench.run import jobs_of, run_all
from potstill.cli.console import bar
from potstill.distillation import Step
from potstill.methods import Method
from potstill.methods.bank import Bank
from potstill.priors.unets import StableDiffusion
from potstill.scenes import Latents
from potstill.tasks.editing import Edit
from potstill.tasks.text import to_text
from potstill.tensors import Grid

RUNS = (200, 500)
"""Steps over which the filling is spread."""
METHODS = {"pds": PDS(), "dds": DDS()}


def seconds(function: Callable[[], Any]) -> float:
    """Of this process."""
    began = time.process_time()
    function()
    return time.process_time() - began


@dataclass(frozen=True)
class Speed:
    """The time of a step."""

    size: int = 64
    """Entries of the bank."""
    images: tuple[int, ...] = (1, 4)
    """How many images are edited at once on the bundled model."""
    repeats: int = 15
    """Turns."""

    def run(self) -> None:
        """Measure, print."""
        torch.set_num_threads(1)
        calls = " | ".join(f"runs of {steps}" for steps in RUNS)
        print(f"| network | images at once | bare, ms | bare, half the batch | fresh | bank | filling | {calls} |")
        print(f"|---|{'---:|' * (6 + len(RUNS))}", flush=True)
        emoji, small = potstill.load(), small_prior()
        x0 = emoji.codec.encode(torch.rand(1, 3, *emoji.size))
        for count in self.images:
            self._row("bundled", emoji, x0.repeat(count, 1, 1, 1), ("red heart", "blue heart"))
        self._row("SD of 9 M", small, torch.randn(1, 4, *[small.network.config.sample_size] * 2), ("source", "target"))

    def _row(self, name: str, prior: StableDiffusion, x0: Grid, prompts: tuple[str, str]) -> None:
        source, target = (prior.tell(prompt) for prompt in prompts)

        def steps(method: Method) -> Iterator[Step]:
            told: dict[str, Any] = {"target": target, "source": source, "steps": 10**6}
            return distill(
                Latents(x0.clone(), prior.codec), prior.guided(5.0), method, **told, rng=Generator().manual_seed(0)
            )

        @torch.no_grad()
        def bare(samples: int) -> None:
            states = target["encoder_hidden_states"].expand(samples, -1, -1)
            prior.network(torch.randn(samples, *x0.shape[1:]), torch.tensor(500.0), states, return_dict=False)

        fresh, banked, samples = steps(PDS()), steps(PDS(noise=Bank(self.size))), len(x0)
        bare(4 * samples)
        filling = seconds(lambda: next(banked))
        turns = (lambda: bare(2 * samples), lambda: next(fresh), lambda: next(banked))
        calls, ratios = [], []
        for turn in range(self.repeats + 2):
            found = []
            for function in turns:
                before, taken = seconds(lambda: bare(4 * samples)), seconds(function)
                after = seconds(lambda: bare(4 * samples))
                calls.append((before + after) / 2)
                found.append(taken / calls[-1])
            if turn >= 2:  # the first are slower
                ratios.append(found)
        call, (half, fresh_step, step) = statistics.median(calls), np.median(ratios, axis=0)
        filling = filling / call - step
        shares = [f"{share:.2f}" for share in (half, fresh_step, step)]
        whole = [f"{step + filling / count:.2f}" for count in RUNS]
        row = (name, samples, round(1e3 * call), *shares, round(filling), *whole)
        print(f"| {' | '.join(map(str, row))} |", flush=True)


@dataclass(frozen=True)
class Quality:
    """PSNR to the answer, with a bank and with fresh noise."""

    methods: tuple[str, ...] = ("pds", "dds")
    """Of pds and dds, with the optimiser and rate that `potstill edit` takes."""
    sizes: tuple[int, ...] = (16, 32, 64)
    """Entries of the banks."""
    refresh: int | None = None
    """Steps after which the banks are drawn anew."""
    strata: bool = False
    """Whether the banks have one entry in each stratum of the times."""
    steps: int = 100
    """Of each edit."""
    guidance_scale: float = 3.0
    """Of each edit."""
    pairs: int = 32
    """Held-out pairs, spread over the groups."""
    seeds: int = 1
    """How many, from 0; fresh noise has twice as many."""
    batch: int = 16
    """Pairs in one network call."""
    out: Path = Path("bank")
    """The folder of what was edited."""

    def run(self) -> None:
        """Edit, compare, print."""
        torch.set_num_threads(1)
        pairs = spread([pair for pair in emoji_pairs() if pair.split == "held-out"], self.pairs)
        print("| method | noise | evaluations | PSNR | against fresh noise, dB |\n|---|---|---:|---:|---:|", flush=True)
        for name in self.methods:
            fresh, spent = self._psnr(name, METHODS[name], pairs, 2 * self.seeds)
            first, other = fresh[: self.seeds].mean(0), fresh[self.seeds :].mean(0)
            _print_row(name, "fresh", spent, fresh.mean(0))
            _print_row(name, "fresh, one half of the seeds against the other", spent, first, first - other)
            for size in self.sizes:
                bank = Bank(size, self.refresh, self.strata)
                found, spent = self._psnr(name, replace(METHODS[name], noise=bank), pairs, self.seeds)
                _print_row(name, to_text(bank), spent, found.mean(0), found.mean(0) - fresh.mean(0))

    def _psnr(self, name: str, method: Method, pairs: Sequence[Pair], seeds: int) -> tuple[np.ndarray, float]:
        """By seed and pair, and the evaluations for each picture."""
        task = Edit(source="a", target="b", method=method, steps=self.steps, guidance_scale=self.guidance_scale)
        jobs = jobs_of([Contestant(name, "stated", task)], pairs, seeds, self.batch)
        with bar("edits") as on_done:
            (entry,) = entries(run_all(jobs, potstill.load, Truth(), self.out, on_done=on_done))
        psnr = np.array([[case.scores["psnr"] for case in cases] for cases in entry.cases], dtype=float)
        return psnr, entry.curve[-1]["evaluations"] or 0.0


def _print_row(name: str, noise: str, spent: float, psnr: np.ndarray, against: np.ndarray | None = None) -> None:
    found = ""
    if against is not None:
        low, high = interval(against)
        found = f"{against.mean():+.2f} ({low:+.2f} to {high:+.2f})"
    print(f"| {name} | {noise} | {spent:.0f} | {psnr.mean():.2f} | {found} |", flush=True)


if __name__ == "__main__":
    kinds = Annotated[Speed, tyro.conf.subcommand("speed")] | Annotated[Quality, tyro.conf.subcommand("quality")]
    tyro.cli(kinds, description=__doc__).run()
