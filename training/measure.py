"""How good the model is, in numbers: retrieval, backgrounds, composition and denoising.

    python -m training.measure --checkpoint build/emoji/last/step-046000 --out measures.json

**Retrieval**: sample a caption and compare the picture with every emoji of the training set on the caption's
background. The distance is Euclidean between features: histograms of oriented gradients (8x8 cells) beside
colour histograms of the four quarters (4 bins a channel), each scaled to unit length. It counts when the
caption's emoji, in any style or skin tone, is among the nearest five. **Background**: the median colour of
the pixels that the emoji leaves free is nearest to the named one. **Composition** is the same for pairs of
emoji and background that were held out. **Denoising** is the mean squared error of predictions of x0.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from jaxtyping import Float
from rich.progress import track
from skimage.feature import hog
from torch import Tensor

from training import data
from training.captions import BACKGROUNDS, Picture, caption
from training.compose import Pictures, backgrounds, generator, paint
from training.heldout import heldout
from training.icons import Icon, concepts, icons
from training.loss import perturb
from training.model import Emoji, Images, build_scheduler, build_tokenizer, to_latents, tokenize
from training.sample import sample
from training.sheet import read

NEAREST = 5
LEVELS = (100, 300, 500, 700)


@dataclass(frozen=True)
class Measure:
    """What is measured, on how many pictures."""

    checkpoint: Path
    """Folder of a checkpoint; its averaged weights are measured."""
    data: Path = Path("build/emoji/icons.safetensors")
    """The drawings of `training.data`."""
    out: Path = Path("measures.json")
    """The numbers."""
    retrieval: int = 200
    """Captions of the training set."""
    composition: int = 100
    """Held-out pairs."""
    denoising: int = 200
    """Pictures of either kind for the denoising error."""
    guidance: float = 4.0
    """Guidance scale."""
    steps: int = 50
    """DDIM steps."""
    seed: int = 1
    """Seed of captions and noise."""


def features(images: Images) -> Float[np.ndarray, "b features"]:
    """The features of each image, shape beside colour."""
    rows = []
    for image in images.permute(0, 2, 3, 1).numpy():
        shape = hog(image, pixels_per_cell=(8, 8), cells_per_block=(2, 2), channel_axis=-1)
        quarters = image.reshape(2, 32, 2, 32, 3).transpose(0, 2, 1, 3, 4).reshape(4, -1, 3)
        colours = [np.histogramdd(quarter, 4, [(0, 1)] * 3)[0].ravel() ** 0.5 for quarter in quarters]
        rows.append(np.concatenate([_unit(shape), _unit(np.concatenate(colours))]))
    return np.stack(rows)


def found(images: Images, pictures: Sequence[Picture], drawings: Tensor, known: Sequence[Icon]) -> list[bool]:
    """Whether the picture's emoji is among the known icons that are nearest to the image."""
    answers = []
    candidates = {
        background: features(paint(drawings, [Picture(icon, background) for icon in known]))
        for background in sorted({picture.background for picture in pictures})
    }
    for row, picture in zip(features(images), pictures, strict=True):
        distance = np.square(candidates[picture.background] - row).sum(1)
        nearest = np.argsort(distance, kind="stable")[:NEAREST]
        answers.append(picture.icon.concept in {known[index].concept for index in nearest})
    return answers


def on_background(images: Images, pictures: Sequence[Picture], drawings: Tensor) -> list[bool]:
    """Whether each image has its picture's background where the emoji leaves it free."""
    colours = torch.tensor(list(BACKGROUNDS.values())) / 255
    answers = []
    for image, picture in zip(images, pictures, strict=True):
        free = drawings[icons().index(picture.icon), 3] == 0
        distance = (colours - image[:, free].median(1).values).square().sum(1)
        answers.append(list(BACKGROUNDS)[int(distance.argmin())] == picture.background)
    return answers


@torch.no_grad()
def denoising(model: Emoji, drawings: Tensor, pictures: Sequence[Picture], seed: int) -> dict[str, float]:
    """The mean squared error of x0, in latents, at each of the noise levels."""
    tokens = tokenize(build_tokenizer(), [caption(picture) for picture in pictures])
    x0, abar = to_latents(paint(drawings, pictures)), build_scheduler().alphas_cumprod
    errors = {}
    for level in LEVELS:
        t = torch.full((len(pictures),), level)
        eps = torch.randn(x0.shape, generator=generator(seed, level))
        x_t = perturb(x0, eps, abar[t])
        parts = zip(x_t.split(50), t.split(50), tokens.split(50), strict=True)
        x0_hat = torch.cat([model(*part) for part in parts])
        errors[str(level)] = (x0_hat - x0).square().mean().item()
    return errors


def seen_pictures(count: int, seed: int) -> list[Picture]:
    """Pictures of the training set at full size, every concept as likely as any other."""
    return [
        Picture(icon, ("white", *backgrounds(icon.concept))[n % (1 + len(backgrounds(icon.concept)))])
        for n, icon in enumerate(_spread(Pictures().known, count, seed))
    ]


def unseen_pairs(count: int, seed: int) -> list[Picture]:
    """Fluent emoji on held-out backgrounds that can be told from them."""
    pairs = [name.split("@") for name in sorted(heldout().pairs)]
    known = {icon.key for icon in Pictures().known}
    pictures = [Picture(Icon("fluent", concept), background) for concept, background in pairs]
    pictures = [one for one in pictures if one.icon.key in known and one.background not in one.icon.concept.split("-")]
    order = torch.randperm(len(pictures), generator=generator(seed))[:count]
    return [pictures[index] for index in order.tolist()]


def _spread(known: Sequence[Icon], count: int, seed: int) -> list[Icon]:
    """`count` icons of different concepts, or of as many as there are."""
    rng, chosen = generator(seed), list(concepts())
    order = torch.randperm(len(chosen), generator=rng)[:count].tolist()
    pick = torch.rand(len(order), generator=rng).tolist()
    families = [[icon for icon in known if icon.concept == chosen[index]] for index in order]
    return [family[int(share * len(family))] for share, family in zip(pick, families, strict=True)]


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def main(measure: Measure) -> None:
    """Measure everything and write the numbers."""
    model, drawings = read(measure.checkpoint), data.load(measure.data)
    tokenizer, scheduler = build_tokenizer(), build_scheduler()
    numbers: dict[str, float | dict] = {}
    sets = {
        "retrieval": seen_pictures(measure.retrieval, measure.seed),
        "composition": unseen_pairs(measure.composition, measure.seed),
    }
    for name, pictures in sets.items():
        parts = [pictures[start : start + 20] for start in range(0, len(pictures), 20)]
        images = torch.cat(
            [
                sample(
                    model,
                    tokenizer,
                    scheduler,
                    [caption(picture) for picture in part],
                    seed=measure.seed,
                    guidance=measure.guidance,
                    steps=measure.steps,
                )
                for part in track(parts, name)
            ]
        )
        numbers[name] = float(np.mean(found(images, pictures, drawings, Pictures().known)))
        numbers[f"{name}, background"] = float(np.mean(on_background(images, pictures, drawings)))
    unseen = [Picture(icon) for icon in icons() if icon.key in heldout().variants][: measure.denoising]
    numbers["denoising, seen"] = denoising(
        model, drawings, seen_pictures(measure.denoising, measure.seed), measure.seed
    )
    numbers["denoising, held out"] = denoising(model, drawings, unseen, measure.seed)
    measure.out.write_text(json.dumps(numbers, indent=1) + "\n")
    print(json.dumps(numbers, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Measure, description=__doc__))
