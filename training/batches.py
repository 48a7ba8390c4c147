"""The batches of a training: drawn on the CPU, then painted on the device, with noise.

What is drawn for a step is a function of the seed and the step, so processes can draw ahead.
"""

from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training.compose import generator
from training.examples import Examples
from training.loss import draw_times, perturb
from training.model import CODEC, Tokens, build_scheduler, build_tokenizer, tokenize
from training.settings import Training

Drawn = tuple[Any, Tokens, Tensor | None]
"""The layout of the pictures, and their tokens and cameras."""


class Batches(Dataset):
    """The batches of a run on a device."""

    def __init__(self, examples: Examples, run: Training, device: torch.device) -> None:
        """Read the files of the examples."""
        self.source, self.run, self.device = examples.open(device), run, device
        self.tokenizer = build_tokenizer(examples.words)
        self.abar = build_scheduler().alphas_cumprod.to(device)

    def drawn(self, rng: torch.Generator) -> Drawn:
        """What is in the examples of a step, on the CPU."""
        layout, captions, camera = self.source.draw(self.run.batch, rng)
        return layout, tokenize(self.tokenizer, captions), camera

    def __getitem__(self, step: int) -> Drawn:
        """What is drawn for a step, in a process of its own."""
        torch.set_num_threads(1)
        return self.drawn(generator(self.run.seed, step))

    def painted(self, layout: Any, tokens: Tokens, camera: Tensor | None, rng: torch.Generator) -> dict[str, Tensor]:
        """Its x0, x_t, t, tokens and camera, if any, on the device; the generator may be on the CPU."""
        x0 = CODEC.encode(self.source.paint(layout))
        t = draw_times(len(x0), rng).to(self.device)
        eps = torch.randn(x0.shape, generator=rng, device=rng.device).to(self.device)
        batch = {"x0": x0, "x_t": perturb(x0, eps, self.abar[t]), "t": t, "tokens": tokens.to(self.device)}
        return batch if camera is None else batch | {"camera": camera.to(self.device)}


class Ahead:
    """The batches from a step on: processes draw them on the CPU, and a stream of its own paints them."""

    def __init__(self, batches: Batches, on_cpu: Batches, start: int, workers: int) -> None:
        """Start so many processes. A run that is resumed draws other noise than before."""
        self.batches, cuda = batches, batches.device.type == "cuda"
        self.rng = torch.Generator(batches.device).manual_seed(batches.run.seed + start)
        steps, each = range(start, 10**7), 8 if workers else None
        loader = DataLoader(on_cpu, None, sampler=steps, num_workers=workers, pin_memory=cuda, prefetch_factor=each)
        self.loader = iter(loader)
        self.stream = torch.cuda.Stream() if cuda else None

    def __next__(self) -> dict[str, Tensor]:
        """The batch of the next step, which `stream` may still be painting."""
        with torch.cuda.stream(self.stream):
            layout, tokens, camera = next(self.loader)
            return self.batches.painted(layout, tokens, camera, self.rng)
