"""The smallest model of the emoji's kind, with random weights: for what must hold of any weights."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from potstill.priors.unets import StableDiffusion
from training.captions import BACKGROUNDS, Thing
from training.data import Drawings
from training.examples import Emoji
from training.icons import icons
from training.model import Architecture, Networks, as_prior, build_tokenizer

TINY = Architecture(channels=(32, 32, 32), heads=2, text_width=24, text_layers=1)


def tiny_emoji(seed: int = 0) -> StableDiffusion:
    """A fresh prior."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return as_prior(Networks(TINY, build_tokenizer()).requires_grad_(False))


def blank_drawings() -> Drawings:
    """Empty drawings, of every icon in every colour."""
    things = [Thing(icon) for icon in icons()]
    things += [Thing(icon, colour) for icon in icons() if not icon.tone for colour in BACKGROUNDS]
    empty = torch.zeros(1, 4, 64, 64, dtype=torch.uint8)
    return Drawings(empty, {thing: index for index, thing in enumerate(things)}, {})


def random_drawings(folder: Path) -> Emoji:
    """Examples whose drawings are noise: every icon, and one in another colour."""
    pixels = torch.randint(256, (len(icons()), 4, 64, 64), generator=torch.Generator().manual_seed(0)).byte()
    file = folder / "icons.safetensors"
    save_file({"pixels": pixels}, file, {"keys": json.dumps([icon.key for icon in icons()])})
    coloured = {"keys": json.dumps(["noto/pizza@blue"]), "own": json.dumps({"noto/pizza": "yellow"})}
    save_file({"pixels": pixels[:1]}, folder / "colours.safetensors", coloured)
    return Emoji(file)
