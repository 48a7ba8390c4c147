"""The batches of a training: drawn on the CPU, then painted on the device, with noise.

What is drawn for a step is a function of the seed and the step, so processes can draw ahead.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training.compose import generator
from training.examples import Examples
from training.loss import draw_times, perturb
from training.model import CODEC, Latents, Times, Tokens, build_scheduler, build_tokenizer, tokenize


class Batch(NamedTuple):
    """The examples of a step on the device."""

    x0: Latents
    x_t: Latents
    t: Times
    tokens: Tokens
    camera: Float[Tensor, "b n"] | None


class Batches:
    """The batches of a model on a device."""

    def __init__(self, examples: Examples, device: torch.device) -> None:
        """Read the files of the examples."""
        self.source, self.device = examples.open(device), device
        self.tokenizer = build_tokenizer(examples.words)
        self.abar = build_scheduler().alphas_cumprod.to(device)

    def drawn(self, count: int, rng: torch.Generator) -> tuple[Any, Tensor, Tensor | None]:
        """The layout, tokens and cameras of so many examples, on the CPU."""
        layout, captions, camera = self.source.draw(count, rng)
        return layout, tokenize(self.tokenizer, captions), camera

    def painted(self, layout: Any, tokens: Tensor, camera: Tensor | None, rng: torch.Generator) -> Batch:
        """Their pictures with noise; the generator may be on either device."""
        x0 = CODEC.encode(self.source.paint(layout))
        t = draw_times(len(x0), rng).to(self.device)
        eps = torch.randn(x0.shape, generator=rng, device=rng.device).to(self.device)
        camera = None if camera is None else camera.to(self.device)
        return Batch(x0, perturb(x0, eps, self.abar[t]), t, tokens.to(self.device), camera)


class Steps(Dataset):
    """What is drawn for each step of a run."""

    def __init__(self, examples: Examples, count: int, seed: int) -> None:
        """With so many examples in a step."""
        self.batches, self.count, self.seed = Batches(examples, torch.device("cpu")), count, seed

    def __len__(self) -> int:
        """More than there are steps."""
        return 10**7

    def __getitem__(self, step: int) -> tuple[Any, Tensor, Tensor | None]:
        """The layout, tokens and cameras of a step."""
        torch.set_num_threads(1)
        return self.batches.drawn(self.count, generator(self.seed, step))


class Ahead:
    """The batches of a run from a step on: processes on the CPU draw them, and a stream of its own paints them."""

    def __init__(self, batches: Batches, steps: Steps, start: int, workers: int) -> None:
        """Start so many processes; the noise is a function of the seed and of the first step."""
        self.batches, cuda = batches, batches.device.type == "cuda"
        self.rng = torch.Generator(batches.device).manual_seed(steps.seed + start)  # other noise than before a resume
        self.loader = iter(
            DataLoader(
                steps,
                None,
                sampler=range(start, len(steps)),
                num_workers=workers,
                prefetch_factor=8 if workers else None,
                pin_memory=cuda,
            )
        )
        self.stream = torch.cuda.Stream() if cuda else None

    def __next__(self) -> Batch:
        """The batch of the next step, which `stream` may still be painting."""
        with torch.cuda.stream(self.stream):
            return self.batches.painted(*next(self.loader), self.rng)
