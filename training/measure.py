"""The measures of the model: retrieval, backgrounds, composition, denoising, speed and size.

    python -m training.measure --model build/emoji/last/step-046000 --out measures.json

**Retrieval**: sample a caption and compare the image with every emoji of the training set on the caption's background,
by the features of `potstill.bench.retrieval`. It is right if the caption's emoji, in any style or skin tone, is among
the nearest five. The **ceiling** is the same for the true images, shifted by a pixel, blurred and noisy; the **floor**
for true images of other captions. **Korean** is retrieval by the same captions in Korean. **Background**: the median
colour of the pixels not covered by the emoji is nearest to the named one. **Composition** is retrieval for held-out
pairs of emoji and background. **Colours** and **places** are of held-out objects in colours and emoji at places
(`measure_composed`). **Denoising** is the mean squared error of predictions of x0, without guidance, in latents.
"""

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from jaxtyping import Float
from rich.console import Console
from rich.progress import track

from potstill.bench.retrieval import blur, features
from potstill.cli.console import bar
from potstill.io.files import write
from potstill.priors.loading import EMOJI
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.prompt_sampling import sample
from training import data, korean
from training.captions import BACKGROUNDS, Picture, caption
from training.compose import backgrounds, generator, inked, known, paint
from training.data import Drawings
from training.export import size
from training.heldout import heldout
from training.icons import Icon, concepts, icons
from training.measure_composed import at_places, in_colours, nearest, unseen_colours, unseen_places
from training.model import Images
from training.sheet import open_prior

NEAREST = 5
LEVELS = (100, 300, 500, 700)
BLUR, NOISE = 0.8, 0.05  # for the ceiling: standard deviations in pixels and in brightness


@dataclass(frozen=True)
class Measure:
    """The settings of the measurement."""

    model: str = "emoji"
    """What `potstill.load` takes, or the folder of a checkpoint."""
    data: Path = Path("build/emoji/icons.safetensors")
    """The drawings of `training.data`."""
    out: Path | None = None
    """A JSON file for the numbers."""
    retrieval: int = 200
    """Captions of the training set."""
    composition: int = 100
    """Held-out pairs of emoji and background."""
    colours: int = 200
    """Held-out pairs of object and colour."""
    places: int = 100
    """Held-out pairs of emoji and place."""
    denoising: int = 200
    """Images of each kind for the denoising error."""
    guidance_scale: float = 4.0
    """uncond + scale (cond - uncond)."""
    steps: int = 50
    """DDIM steps."""
    seed: int = 1
    """Seed of captions and noise."""
    threads: int = 1
    """CPU threads."""


def worn(images: Images, seed: int) -> Images:
    """The images shifted by a pixel, slightly blurred and noisy, as from a model that memorised them."""
    aside = F.pad(images, (1, 0, 1, 0), mode="replicate")[:, :, :-1, :-1]
    noise = torch.randn(images.shape, generator=generator(seed))
    return (blur(aside, BLUR) + NOISE * noise).clamp(0, 1)


@dataclass(frozen=True)
class Candidates:
    """The known icons and their features on each background."""

    known: Sequence[Icon]
    features: dict[str, Float[np.ndarray, "icons features"]]


def candidates_of(pictures: Sequence[Picture], drawings: Drawings, known: Sequence[Icon]) -> Candidates:
    """The known icons on the backgrounds of the pictures."""
    colours = sorted({picture.background for picture in pictures})
    shown = track(colours, "features", console=Console(stderr=True))
    return Candidates(known, {c: features(paint(drawings, [Picture(icon, c) for icon in known])) for c in shown})


def found(images: Images, pictures: Sequence[Picture], candidates: Candidates) -> list[bool]:
    """Whether the emoji of each picture is among the icons nearest to the image."""
    answers = []
    for row, picture in zip(features(images), pictures, strict=True):
        distance = np.square(candidates.features[picture.background] - row).sum(1)
        nearest = np.argsort(distance, kind="stable")[:NEAREST]
        answers.append(picture.icon.concept in {candidates.known[index].concept for index in nearest})
    return answers


def on_background(images: Images, pictures: Sequence[Picture], drawings: Drawings) -> list[bool]:
    """Whether each image has the background of its picture where the emoji does not cover it."""
    colours = torch.tensor(list(BACKGROUNDS.values())) / 255
    answers = []
    for image, picture in zip(images, pictures, strict=True):
        free = inked(drawings, [picture])[0, 3] == 0
        distance = (colours - image[:, free].median(1).values).square().sum(1)
        answers.append(list(BACKGROUNDS)[int(distance.argmin())] == picture.background)
    return answers


@torch.no_grad()
def denoising(prior: Pipeline, drawings: Drawings, pictures: Sequence[Picture], seed: int) -> dict[str, float]:
    """The mean squared error of x0, in latents, at each noise level."""
    rows = [prior.encode_prompt(caption(picture)) for picture in pictures]
    condition = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
    x0, errors = prior.codec.encode(paint(drawings, pictures)), {}
    for level in LEVELS:
        eps = torch.randn(x0.shape, generator=generator(seed, level))
        t = torch.full((len(x0),), float(level))
        x_t = prior.schedule.perturb(x0, eps, t)
        parts = [
            prior(x_t[part], t[part], {name: value[part] for name, value in condition.items()}).x0
            for part in torch.arange(len(x0)).split(50)
        ]
        errors[str(level)] = (torch.cat(parts) - x0).square().mean().item()
    return errors


def seen_pictures(count: int, seed: int) -> list[Picture]:
    """Pictures of the training set at full size, with uniformly drawn concepts."""
    return [
        Picture(icon, ("white", *backgrounds(icon.concept))[n % (1 + len(backgrounds(icon.concept)))])
        for n, icon in enumerate(_spread(known(), count, seed))
    ]


def unseen_pairs(count: int, seed: int) -> list[Picture]:
    """Fluent emoji on held-out backgrounds of another colour."""
    pairs = [name.split("@") for name in sorted(heldout().pairs)]
    keys = {icon.key for icon in known()}
    pictures = [Picture(Icon("fluent", concept), background) for concept, background in pairs]
    pictures = [p for p in pictures if p.icon.key in keys and p.background not in p.icon.concept.split("-")]
    order = torch.randperm(len(pictures), generator=generator(seed))[:count]
    return [pictures[index] for index in order.tolist()]


def unseen_variants(count: int, seed: int) -> tuple[list[Picture], list[Picture]]:
    """Held-out variants on white, and for each the drawing in training that differs in one attribute."""
    held = sorted(icon for icon in icons() if icon.key in heldout().variants)
    order = torch.randperm(len(held), generator=generator(seed))[:count]
    unseen = [held[index] for index in order.tolist()]
    return [Picture(icon) for icon in unseen], [Picture(relative(icon)) for icon in unseen]


def relative(icon: Icon) -> Icon:
    """A drawing in training of the same concept, or of another colour of the same shape."""
    shape = icon.concept.rpartition("-")[2]
    return max(
        known(),
        key=lambda other: (
            other.concept == icon.concept,
            other.concept.endswith(f"-{shape}") and concepts()[other.concept] == concepts()[icon.concept],
            other.style == icon.style,
        ),
    )


def _spread(known: Sequence[Icon], count: int, seed: int) -> list[Icon]:
    """`count` icons of different concepts, or one of each."""
    rng, chosen = generator(seed), list(concepts())
    order = torch.randperm(len(chosen), generator=rng)[:count].tolist()
    pick = torch.rand(len(order), generator=rng).tolist()
    families = [[icon for icon in known if icon.concept == chosen[index]] for index in order]
    return [family[int(share * len(family))] for share, family in zip(pick, families, strict=True)]


def measure(settings: Measure, prior: Pipeline, drawings: Drawings) -> dict[str, Any]:
    """All numbers."""
    torch.set_num_threads(settings.threads)
    chosen = {name: value for name, value in asdict(settings).items() if name not in ("data", "out")}
    numbers: dict[str, Any] = {"settings": chosen}
    seen = seen_pictures(settings.retrieval, settings.seed)
    sets = {
        "retrieval": (seen, caption),
        "korean": (seen, korean.caption),
        "composition": (unseen_pairs(settings.composition, settings.seed), caption),
    }
    for name, (pictures, said) in sets.items():
        images = drawn(settings, prior, name, [said(picture) for picture in pictures])
        true = worn(paint(drawings, pictures), settings.seed)
        candidates = candidates_of(pictures, drawings, known())
        numbers[name] = {
            "top_5": share(found(images, pictures, candidates)),
            "background": share(on_background(images, pictures, drawings)),
            "ceiling": share(found(true, pictures, candidates)),
            "floor": share(found(true.roll(1, 0), pictures, candidates)),
        }
    coloured = unseen_colours(drawings, settings.colours, settings.seed)
    placed = unseen_places(settings.places, settings.seed)
    for name, pictures, candidates in (
        ("colours", coloured, [in_colours(picture, drawings) for picture in coloured]),
        ("places", placed, [at_places(picture) for picture in placed]),
    ):
        images = drawn(settings, prior, name, [caption(picture) for picture in pictures])
        shown = nearest(images, candidates, drawings)
        numbers[name] = share([one == picture for one, picture in zip(shown, pictures, strict=True)])
    unseen, relatives = unseen_variants(settings.denoising, settings.seed)
    kinds = {
        "training": seen_pictures(settings.denoising, settings.seed),
        "held_out": unseen,
        "relatives": relatives,
    }
    numbers["denoising"] = {
        name: denoising(prior, drawings, pictures, settings.seed) for name, pictures in kinds.items()
    }
    numbers["seconds"] = round(seconds(prior, settings.guidance_scale), 2)
    numbers["megabytes"] = round(size(EMOJI if settings.model == "emoji" else Path(settings.model)), 2)
    return numbers


def drawn(settings: Measure, prior: Pipeline, name: str, captions: Sequence[str]) -> Images:
    """A sample of each caption, with a progress bar of this name."""
    with bar(name) as on_step:
        return sample(
            captions,
            prior,
            guidance_scale=settings.guidance_scale,
            steps=settings.steps,
            seed=settings.seed,
            on_step=on_step,
        )


def seconds(prior: Pipeline, guidance_scale: float) -> float:
    """Seconds for 8 images of 50 steps, after one warm-up step."""
    sample("red apple", prior, count=8, steps=1)
    began = time.perf_counter()
    sample("red apple", prior, count=8, steps=50, guidance_scale=guidance_scale)
    return time.perf_counter() - began


def share(answers: Sequence[bool]) -> float:
    """The share of right answers, NaN of none."""
    return sum(answers) / len(answers) if answers else math.nan


def main(settings: Measure) -> None:
    """Measure everything, then write and print the numbers."""
    drawings = data.load(settings.data)
    document = json.dumps(measure(settings, open_prior(settings.model), drawings), indent=1)
    if settings.out:
        write(settings.out, f"{document}\n".encode())
    print(document)


if __name__ == "__main__":
    main(tyro.cli(Measure, description=__doc__))
