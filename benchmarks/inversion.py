"""How well an inversion reconstructs its image: PSNR by steps, and null-text inversion under guidance.

    python -m benchmarks.inversion --count 3

The images are samples of the model at guidance scale 3 with 50 steps.
"""

import sys
import time
from dataclasses import dataclass
from statistics import fmean

import tyro

from potstill import invert, load, sample
from potstill.cli.console import print_records

PROMPTS = (
    "red apple on a blue background",
    "yellow heart",
    "pizza on a green background",
    "dog",
    "blue car",
    "cactus on a yellow background",
)


@dataclass
class Settings:
    """The settings of the measurement."""

    count: int = 3
    """Images, at most 6."""
    steps: tuple[int, ...] = (10, 25, 50, 100)
    """Steps of DDIM inversion at guidance scale 1."""
    null_steps: tuple[int, ...] = (50,)
    """Steps of DDIM and null-text inversion under guidance."""
    guidance_scale: float = 7.5
    model: str = "emoji"


settings = tyro.cli(Settings, description=__doc__)
prior = load(settings.model)
prompts = PROMPTS[: settings.count]
images = sample(prompts, prior, guidance_scale=3.0, steps=50).split(1)


def measure(method: str, **options) -> dict:
    """The PSNR of each image, their mean, and evaluations and seconds per image."""
    began, found = time.perf_counter(), []
    for image, prompt in zip(images, prompts, strict=True):
        found.append(invert(image, prompt=prompt, model=prior, method=method, **options))
    seconds = (time.perf_counter() - began) / len(images)
    each = " ".join(f"{one.psnr:.1f}" for one in found)
    row = {"method": method, **options, "psnr": fmean(one.psnr for one in found), "each": each}
    print(row, file=sys.stderr, flush=True)
    return row | {"evaluations": found[0].result.trace[-1]["evaluations"], "seconds": seconds}


labels = ("ddim", "DDIMInversion(label='current')")
print_records([measure(label, steps=steps) for label in labels for steps in settings.steps])
print()
scale = settings.guidance_scale
print_records([measure("ddpm", steps=steps, guidance_scale=3.5) for steps in settings.steps[:2]])
print()
methods = ("ddim", "null-text")
print_records([measure(name, steps=n, guidance_scale=scale) for n in settings.null_steps for name in methods])
