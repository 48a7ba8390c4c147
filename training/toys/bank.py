"""The bank of pictures of the exact world `toys`: every toy, in every variant, from every camera.

    python -m training.toys.bank

writes a WebP file a kind and toys.json into src/potstill/worlds/toys/bank, within two minutes. A picture is kept before
it is coloured, as its light and the number of rays that hit each colour (see `potstill.worlds.toys.bank`), losslessly.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro
from jaxtyping import UInt8
from PIL import Image

from potstill.cli.console import bar
from potstill.io.files import write
from potstill.scenes.cameras import Cameras
from potstill.worlds.toys.bank import FOLDER, LEVELS, Planes, split_planes
from training.toys.kinds import KINDS
from training.toys.parts import COLOURS, Colour, Spread
from training.toys.render import SAMPLES, Renderer

VARIANTS, SIZE, PER_ROW = 4, 64, 24
BACKGROUND: Colour = (0.75, 0.80, 0.86)
ELEVATIONS = (-10.0, 15.0, 40.0)
AZIMUTHS = tuple(15.0 * step for step in range(24))


@dataclass(frozen=True)
class Entry:
    """What the bank holds of a kind."""

    colours: tuple[str, str]
    """Of its classes."""
    front: str | None = None
    """A colour that only the front has: the nose of a snowman."""


ENTRIES = {
    "teapot": Entry(("red", "blue")),
    "mug": Entry(("blue", "orange")),
    "chair": Entry(("green", "red")),
    "lamp": Entry(("purple", "yellow")),
    "house": Entry(("red", "green")),
    "snowman": Entry(("red", "blue"), front="orange"),
    "duck": Entry(("yellow", "blue"), front="orange"),
    "owl": Entry(("brown", "purple"), front="white"),
    "cat": Entry(("orange", "grey")),
    "mushroom": Entry(("red", "brown")),
    "rocket": Entry(("red", "blue")),
    "tree": Entry(("green", "turquoise")),
    "car": Entry(("red", "green")),
}


@dataclass(frozen=True)
class Settings:
    """Where to."""

    out: Path = FOLDER
    """The folder."""


def cameras() -> Cameras:
    """The cameras of the bank: the azimuths at the first elevation, then at the next."""
    azimuths, elevations = [*AZIMUTHS] * len(ELEVATIONS), np.repeat(ELEVATIONS, len(AZIMUTHS)).tolist()
    return Cameras.orbit(azimuths, elevations, size=SIZE)


def planes(kind: str, variant: int, seen: Cameras) -> tuple[list[str], Planes]:
    """The names of the colours of one variant, and its light and counts from these cameras."""
    shading = Renderer(KINDS[kind](Spread(variant, VARIANTS)))(seen)
    light = np.rint(LEVELS * shading.light)
    counts = [np.rint(SAMPLES**2 * share) for share in shading.shares.values()]
    return [*shading.shares], np.stack([light, *counts], 1).astype(np.uint8)


def encode(stack: Planes) -> bytes:
    """Pictures [n, 1 + colours, h, w] as lossless WebP, laid out as `split_planes` reads them."""
    first, *rest = split_planes(stack.shape[1])
    blocks = [np.repeat(_sheet(stack[:, first]), 3, -1)]
    for group in rest:
        block = _sheet(stack[:, group])
        blocks.append(np.pad(block, ((0, 0), (0, 0), (0, 3 - block.shape[-1]))))
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(blocks)).save(buffer, "WEBP", lossless=True, quality=100, method=4)
    return buffer.getvalue()


def _sheet(stack: UInt8[np.ndarray, "n c h w"]) -> UInt8[np.ndarray, "rows columns c"]:
    n, c, h, w = stack.shape
    rows = stack.reshape(n // PER_ROW, PER_ROW, c, h, w).transpose(0, 3, 1, 4, 2)
    return rows.reshape(n // PER_ROW * h, PER_ROW * w, c)


def document(slots: Mapping[str, list[str]]) -> str:
    """toys.json, with the names of the colours of each kind in the order of its planes."""
    seen = cameras()
    kinds = {
        name: {"planes": slots[name], "colours": entry.colours, "front": entry.front} for name, entry in ENTRIES.items()
    }
    content = {
        "size": SIZE,
        "variants": VARIANTS,
        "rays": SAMPLES**2,
        "background": BACKGROUND,
        "azimuths": np.rint(seen.azimuth.numpy() % 360).tolist(),
        "elevations": np.rint(seen.elevation.numpy()).tolist(),
        "colours": COLOURS,
        "kinds": kinds,
    }
    return json.dumps(content, indent=1) + "\n"


def main(settings: Settings) -> None:
    """Render the bank and write it."""
    seen, slots, size = cameras(), {}, 0
    settings.out.mkdir(parents=True, exist_ok=True)
    with bar("bank") as on_step:
        for number, kind in enumerate(ENTRIES):
            names, stacks = zip(*(planes(kind, variant, seen) for variant in range(VARIANTS)), strict=True)
            slots[kind] = names[0]
            data = encode(np.concatenate(stacks))
            write(settings.out / f"{kind}.webp", data)
            size += len(data)
            on_step(number + 1, len(ENTRIES))
    write(settings.out / "toys.json", document(slots).encode())
    print(f"{len(ENTRIES)} kinds, {size:,} bytes in {settings.out}")


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
