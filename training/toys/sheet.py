"""Samples of fixed prompts from eight sides in one PNG, as an overview of the model `toys`.

python -m training.toys.sheet --model build/toys/run/step-012000 --out sheet.png
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from potstill.io.contact_sheet import contact_sheet
from potstill.io.files import write
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.prompt_sampling import sample
from training.sheet import open_prior

PROMPTS = (
    *("red teapot", "green mug with a white handle", "brown chair with a blue seat", "snowman with a red hat"),
    *("yellow duck", "house with a blue roof", "train with red wheels", "cat without a bib on a white background"),
    *("elephant", "purple umbrella", "pumpkin", "blue fish with a yellow tail"),
)
VIEWS = tuple(45.0 * step for step in range(8))


@dataclass(frozen=True)
class Sheet:
    """The settings of the sheet."""

    model: str = "toys"
    """An argument of `potstill.load`, or the folder of a checkpoint, whose averaged weights are used."""
    out: Path = Path("sheet.png")
    """The PNG."""
    elevation: float = 20.0
    """Of all cameras, in degrees."""
    guidance_scale: float = 3.0
    """uncond + scale (cond - uncond)."""
    steps: int = 50
    """DDIM steps."""
    seed: int = 0
    """Seed of the noise, which is the same for all cameras of a prompt."""


def picture(
    prior: Pipeline, *, elevation: float = 20.0, guidance_scale: float = 3.0, steps: int = 50, seed: int = 0
) -> bytes:
    """The sheet as PNG: a row for each prompt, from the front leftwards around it."""
    options = {"guidance_scale": guidance_scale, "steps": steps, "seed": seed}
    images = sample(PROMPTS, prior, azimuth=VIEWS, elevation=elevation, **options)
    return contact_sheet(images, len(VIEWS), [text for prompt in PROMPTS for text in (prompt, *[""] * 7)])


def main(sheet: Sheet) -> None:
    """Sample the sheet and write it."""
    prior = open_prior(sheet.model)
    options = {"elevation": sheet.elevation, "guidance_scale": sheet.guidance_scale}
    write(sheet.out, picture(prior, **options, steps=sheet.steps, seed=sheet.seed))
    print(f"{len(PROMPTS)} prompts from {len(VIEWS)} sides in {sheet.out}")


if __name__ == "__main__":
    main(tyro.cli(Sheet, description=__doc__))
