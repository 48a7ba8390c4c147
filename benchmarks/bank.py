"""What a bank of noise saves and what it costs: the time of a step, and the PSNR of edits relative to fresh noise.

    python -m benchmarks.bank speed
    python -m benchmarks.bank quality [--methods pds dds] [--sizes 16 32 64] [--pairs 32] [--seeds 1]

Speed: steps of PDS on one thread, relative to the bare U-Net on a batch of 4 per image, which PDS evaluates without a
bank. With a bank it evaluates 2, so no step can be faster than the bare U-Net on these. Steps and calls alternate, the
median ratio is reported, and time is the CPU time of this process. Filling is spread over runs of some lengths.
Quality: held-out pairs of `potstill bench edits`, edited with fresh noise and with each bank at the same settings; the
result is the mean difference per pair with its 95 % interval over pairs. Fresh noise has twice the seeds; the
difference of its halves shows the noise of the measurement. Results are stored and not recomputed.
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
from torch import Generator

import potstill
from benchmarks.small_unet import small_prior
from potstill import DDS, PDS, distill
from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.bench.entries import MethodEntry
from potstill.bench.reference_based import ReferenceBased
from potstill.bench.report import collect_results, interval
from potstill.bench.run import run_all, trials_of
from potstill.bench.settings import Setting
from potstill.cli.console import bar
from potstill.diffusion.guidance import with_scale
from potstill.distillation import Step
from potstill.methods import Method
from potstill.methods.bank import DrawBank
from potstill.priors.unets import StableDiffusion
from potstill.scenes import Latents
from potstill.tasks.images.editing import Edit
from potstill.tasks.settings.parsing import to_text
from potstill.tensors import Grid

RUNS = (200, 500)
"""Lengths of runs over which the filling is spread."""
METHODS = {"pds": PDS(), "dds": DDS()}


def seconds(function: Callable[[], Any]) -> float:
    """The CPU time of a call."""
    began = time.process_time()
    function()
    return time.process_time() - began


@dataclass(frozen=True)
class Speed:
    """The time of a step."""

    size: int = 64
    """Entries of the bank."""
    images: tuple[int, ...] = (1, 4)
    """Images per batch on the bundled model."""
    repeats: int = 15
    """Measurements."""

    def run(self) -> None:
        """Measure and print."""
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
        source, target = (prior.encode_prompt(prompt) for prompt in prompts)

        def steps(method: Method) -> Iterator[Step]:
            options: dict[str, Any] = {"target": target, "source": source, "steps": 10**6}
            return distill(
                Latents(x0.clone(), prior.codec),
                with_scale(prior, 5.0),
                method,
                **options,
                rng=Generator().manual_seed(0),
            )

        @torch.no_grad()
        def bare(samples: int) -> None:
            states = target["encoder_hidden_states"].expand(samples, -1, -1)
            prior.network(torch.randn(samples, *x0.shape[1:]), torch.tensor(500.0), states, return_dict=False)

        fresh, banked, samples = steps(PDS()), steps(PDS(noise=DrawBank(self.size))), len(x0)
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
    """Methods, pds or dds, with the default optimiser and learning rate of `potstill edit`."""
    sizes: tuple[int, ...] = (16, 32, 64)
    """Sizes of the banks."""
    refresh: int | None = None
    """Steps after which the banks are redrawn."""
    strata: bool = False
    """Whether the banks have one entry per stratum of the times."""
    steps: int = 100
    """Steps of each edit."""
    guidance_scale: float = 3.0
    """Guidance scale of each edit."""
    pairs: int = 32
    """Held-out pairs, balanced over the groups."""
    seeds: int = 1
    """Number of seeds; fresh noise has twice as many."""
    batch: int = 16
    """Pairs in one network call."""
    out: Path = Path("bank")
    """The folder of stored results."""

    def run(self) -> None:
        """Edit, compare and print."""
        torch.set_num_threads(1)
        pairs = select_evenly([pair for pair in emoji_pairs() if pair.split == "held-out"], self.pairs)
        print("| method | noise | evaluations | PSNR | against fresh noise, dB |\n|---|---|---:|---:|---:|", flush=True)
        for name in self.methods:
            fresh, spent = self._psnr(name, METHODS[name], pairs, 2 * self.seeds)
            first, other = fresh[: self.seeds].mean(0), fresh[self.seeds :].mean(0)
            _print_row(name, "fresh", spent, fresh.mean(0))
            _print_row(name, "fresh, one half of the seeds against the other", spent, first, first - other)
            for size in self.sizes:
                bank = DrawBank(size, self.refresh, self.strata)
                found, spent = self._psnr(name, replace(METHODS[name], noise=bank), pairs, self.seeds)
                _print_row(name, to_text(bank), spent, found.mean(0), found.mean(0) - fresh.mean(0))

    def _psnr(self, name: str, method: Method, pairs: Sequence[Pair], seeds: int) -> tuple[np.ndarray, float]:
        """PSNR by seed and pair, and the evaluations per image."""
        task = Edit(source="a", target="b", method=method, steps=self.steps, guidance_scale=self.guidance_scale)
        trials = trials_of([MethodEntry(name, Setting.STATED, task)], pairs, seeds, self.batch)
        with bar("edits") as on_done:
            (results,) = collect_results(run_all(trials, potstill.load, ReferenceBased(), self.out, on_done=on_done))
        psnr = np.array([[case.scores["psnr"] for case in cases] for cases in results.cases], dtype=float)
        return psnr, results.curve[-1]["evaluations"] or 0.0


def _print_row(name: str, noise: str, spent: float, psnr: np.ndarray, against: np.ndarray | None = None) -> None:
    found = ""
    if against is not None:
        low, high = interval(against)
        found = f"{against.mean():+.2f} ({low:+.2f} to {high:+.2f})"
    print(f"| {name} | {noise} | {spent:.0f} | {psnr.mean():.2f} | {found} |", flush=True)


if __name__ == "__main__":
    kinds = Annotated[Speed, tyro.conf.subcommand("speed")] | Annotated[Quality, tyro.conf.subcommand("quality")]
    tyro.cli(kinds, description=__doc__).run()
