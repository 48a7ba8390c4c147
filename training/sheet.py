"""The contact sheet: samples of fixed prompts with fixed seeds in one PNG, as an overview of the model.

python -m training.sheet --model build/emoji/run/step-012000 --out sheet.png
"""

import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from safetensors.torch import load_file

from potstill.cli.console import bar
from potstill.io.contact_sheet import contact_sheet
from potstill.io.files import write
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.priors.prompts import PromptWarning
from potstill.tasks.images.prompt_sampling import OnStep, sample
from training import checkpoint
from training.model import SPECIAL, Architecture, Networks, as_prior, build_tokenizer

PROMPTS = (
    *("fluent red apple", "noto red apple", "fluent red heart", "noto blue heart on a yellow background"),
    *("fluent hamburger on a blue background", "noto pizza", "fluent banana on a purple background"),
    *("fluent strawberry", "fluent grinning face", "noto smiling face with sunglasses on a blue background"),
    *("fluent crying face on a pink background", "noto angry face", "fluent ghost on a purple background"),
    *(
        "noto robot",
        "fluent cat face on a green background",
        "noto dog face",
        "fluent panda on a red background",
    ),
    *("noto lion", "fluent butterfly on a white background", "noto octopus on a turquoise background"),
    *("fluent sunflower on a blue background", "noto christmas tree", "fluent house on an orange background"),
    *("noto castle", "fluent rocket on a black background", "noto car on a grey background"),
    *(
        "fluent sailboat",
        "noto fire engine",
        "fluent star on a blue background",
        "noto rainbow",
        "fluent fire",
    ),
    *("noto snowman on a blue background", "fluent soccer ball on a green background", "noto trophy"),
    *("fluent guitar on a yellow background", "noto crown on a purple background", "fluent green book"),
    *("noto key", "fluent alarm clock on a turquoise background", "noto light bulb on a black background"),
    *("fluent thumbs up dark skin", "noto waving hand light skin on a blue background"),
    *("fluent woman red hair light skin", "noto man beard medium skin on a green background"),
    *(
        "fluent small pear at the left on a pink background",
        "noto small moon at the top on a black background",
    ),
    *("purple circle on a yellow background", "wizard dragon on a brown background"),
)
PER_ROW = 8


@dataclass(frozen=True)
class Sheet:
    """The settings of the sheet."""

    model: str = "emoji"
    """An argument of `potstill.load`, or the folder of a checkpoint, whose averaged weights are used."""
    out: Path = Path("sheet.png")
    """The PNG."""
    guidance_scale: float = 4.0
    """uncond + scale (cond - uncond)."""
    steps: int = 50
    """DDIM steps."""
    seed: int = 0
    """Seed of the noise."""


def picture(
    prior: Pipeline,
    *,
    guidance_scale: float = 4.0,
    steps: int = 50,
    seed: int = 0,
    on_step: OnStep = lambda done, total: None,
) -> bytes:
    """The sheet as PNG."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PromptWarning)  # one prompt has an unknown word
        images = sample(PROMPTS, prior, guidance_scale=guidance_scale, steps=steps, seed=seed, on_step=on_step)
    return contact_sheet(images, PER_ROW, PROMPTS, zoom=2)


def read(place: Path) -> Networks:
    """The networks with the averaged weights of a checkpoint."""
    state = checkpoint.read(place)
    sizes = state["architecture"] | {"channels": tuple(state["architecture"]["channels"])}
    tokenizer = build_tokenizer(state["vocabulary"][len(SPECIAL) :])
    model = Networks(Architecture(**sizes), tokenizer, state.get("camera", 0))
    model.load_state_dict(load_file(place / "average.safetensors"))
    return model.eval()


def open_prior(model: str) -> Pipeline:
    """The prior of a checkpoint folder or of an argument of `potstill.load`, in float32 like the bundled model."""
    place = Path(model)
    return as_prior(read(place)) if (place / "state.json").exists() else load(model, dtype=torch.float32)


def main(sheet: Sheet) -> None:
    """Sample the sheet and write it."""
    prior = open_prior(sheet.model)
    with bar("sheet") as on_step:
        png = picture(prior, guidance_scale=sheet.guidance_scale, steps=sheet.steps, seed=sheet.seed, on_step=on_step)
    write(sheet.out, png)
    print(f"{len(PROMPTS)} prompts in {sheet.out}")


if __name__ == "__main__":
    main(tyro.cli(Sheet, description=__doc__))
