"""The contact sheet: fixed prompts, fixed seeds, one PNG, to see at a glance what the model can do.

python -m training.sheet --checkpoint build/emoji/run/step-012000 --out sheet.png
"""

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from PIL import Image
from safetensors.torch import load_file

from training import checkpoint
from training.model import Architecture, Emoji, Images, build_scheduler, build_tokenizer
from training.sample import sample

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
COLUMNS = 8


@dataclass(frozen=True)
class Sheet:
    """What to sample, and where the sheet goes."""

    checkpoint: Path
    """Folder of a checkpoint; its averaged weights are sampled."""
    out: Path = Path("sheet.png")
    """The PNG."""
    guidance: float = 4.0
    """Guidance scale."""
    steps: int = 50
    """DDIM steps."""
    seed: int = 0
    """Seed of the noise."""


def picture(images: Images, columns: int = COLUMNS, gap: int = 2) -> Image.Image:
    """Images in [0, 1] in rows of `columns`, on grey."""
    b, c, h, w = images.shape
    rows = -(-b // columns)
    sheet = torch.full((c, rows * (h + gap) + gap, columns * (w + gap) + gap), 0.5)
    for n, image in enumerate(images.cpu()):
        top, left = gap + n // columns * (h + gap), gap + n % columns * (w + gap)
        sheet[:, top : top + h, left : left + w] = image
    return Image.fromarray((sheet * 255).round().byte().permute(1, 2, 0).numpy())


def read(place: Path) -> Emoji:
    """The averaged weights of a checkpoint, as a network."""
    state = checkpoint.read(place)
    sizes = state["architecture"] | {"channels": tuple(state["architecture"]["channels"])}
    model = Emoji(Architecture(**sizes), len(state["vocabulary"]))
    model.load_state_dict(load_file(place / "average.safetensors"))
    return model.eval()


def main(sheet: Sheet) -> None:
    """Sample the sheet and write it."""
    images = sample(
        read(sheet.checkpoint),
        build_tokenizer(),
        build_scheduler(),
        PROMPTS,
        seed=sheet.seed,
        guidance=sheet.guidance,
        steps=sheet.steps,
    )
    picture(images).save(sheet.out)
    print(f"{len(images)} prompts in {sheet.out}")


if __name__ == "__main__":
    main(tyro.cli(Sheet, description=__doc__))
