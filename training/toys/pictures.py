"""Pictures of random toys from random cameras, rendered once, for a training that colours them as it goes.

    python -m training.toys.pictures --folder build/toys --shards 12

A shard holds `TOYS` toys of each kind from `VIEWS` cameras: 8,640 pictures, 106 MB, in six minutes of one core. It is a
function of its number, and shards that exist are kept, so several processes can share the work by `--first`.

A pixel is three bytes: its light, the numbers of the two parts that cover most of it, and how many of its nine rays hit
each. So colours and backgrounds are free (`potstill.bench.scene_pictures.paint`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import tyro
from jaxtyping import Float, UInt8
from safetensors import safe_open
from safetensors.torch import save as packed_tensors
from torch import Tensor

from potstill.cli.console import bar
from potstill.io.files import write
from potstill.scenes.cameras import Cameras
from training.toys.kinds import KINDS
from training.toys.looks import draw_missing, whole, without
from training.toys.parts import Drawn
from training.toys.render import Renderer, Shading

TOYS, VIEWS, SIZE, SAMPLES = 6, 32, 64, 3
LOWEST = -20.0
"""Degrees of elevation; cameras are spread evenly over the sphere above."""


@dataclass(frozen=True)
class Settings:
    """Which shards, and where to."""

    folder: Path = Path("build/toys")
    """The folder of the shards."""
    shards: int = 12
    """How many there are to be."""
    first: int = 0
    """The number of the first to make."""


@dataclass(frozen=True, eq=False)
class Rendered:
    """Pictures before they are coloured."""

    pixels: UInt8[Tensor, "n 3 64 64"]
    """Light, parts and counts; the larger part is in the low half of a byte."""
    azimuth: Float[Tensor, " n"]
    elevation: Float[Tensor, " n"]
    toys: Sequence[dict]
    """Of each toy, which has `VIEWS` pictures: its kind, the names of its parts, and the words of those missing."""


def cameras(count: int, rng: np.random.Generator) -> Cameras:
    """Cameras spread evenly over the sphere above `LOWEST`."""
    height = rng.uniform(np.sin(np.deg2rad(LOWEST)), 1, count)
    return Cameras.orbit(rng.uniform(-180, 180, count).tolist(), np.rad2deg(np.arcsin(height)).tolist(), size=SIZE)


def render(
    kind: str, rng: np.random.Generator, seen: Cameras | None = None
) -> tuple[dict, UInt8[np.ndarray, "n 3 h w"], Cameras]:
    """A random toy: what it is, its pictures, and their cameras, which are random if none are given."""
    toy, missing, seen = whole(kind, Drawn(rng)), draw_missing(kind, rng), seen or cameras(VIEWS, rng)
    shown = [replace(part, colour=part.name) for part in without(toy, kind, missing)]
    names = [part.name for part in shown]
    return {"kind": kind, "parts": names, "missing": sorted(missing)}, packed(Renderer(shown, toy)(seen, SAMPLES)), seen


def packed(shading: Shading) -> UInt8[np.ndarray, "n 3 h w"]:
    """Three bytes a pixel; rays that hit a third part count for the first."""
    counts = np.rint(SAMPLES**2 * np.stack([*shading.shares.values()], 1)).astype(np.uint8)
    counts = np.pad(counts, ((0, 0), (0, max(0, 2 - counts.shape[1])), (0, 0), (0, 0)))
    order = np.argsort(-counts.astype(np.int8), axis=1, kind="stable")[:, :2].astype(np.uint8)
    first, second = np.take_along_axis(counts, order.astype(np.int64), 1).swapaxes(0, 1)
    first = counts.sum(1).astype(np.uint8) - second
    one, other = order.swapaxes(0, 1)
    light = np.rint(255 * shading.light).astype(np.uint8)
    return np.stack([light, one | other << 4, first | second << 4], 1)


def path(folder: Path, number: int) -> Path:
    """The file of a shard."""
    return folder / f"pictures-{number:03d}.safetensors"


def make(rng: np.random.Generator, count: int, cameras: Cameras | None = None) -> Rendered:
    """Pictures of so many toys of each kind, from `VIEWS` random cameras or the same for all."""
    kinds = [kind for kind in KINDS for _ in range(count)]
    toys, pixels = [], torch.empty(len(kinds), VIEWS, 3, SIZE, SIZE, dtype=torch.uint8)
    azimuth, elevation = torch.empty(2, len(kinds), VIEWS)
    with bar("pictures") as on_step:
        for row, kind in enumerate(kinds):
            about, planes, seen = render(kind, rng, cameras)
            toys.append(about)
            pixels[row], azimuth[row], elevation[row] = torch.from_numpy(planes), seen.azimuth, seen.elevation
            on_step(row + 1, len(kinds))
    return Rendered(pixels.flatten(0, 1), azimuth.flatten(), elevation.flatten(), toys)


def load(folder: Path) -> Rendered:
    """All shards of a folder, one after the other.

    Raises:
        FileNotFoundError: there is none.
    """
    files = sorted(folder.glob("pictures-*.safetensors"))
    if not files:
        raise FileNotFoundError(f"no pictures in {folder}: render them with `python -m training.toys.pictures`")
    return read(files)


def read(files: Sequence[Path]) -> Rendered:
    """The pictures of some files, one after the other."""
    toys, tensors = [], {}
    for file in files:
        with safe_open(file, "pt") as opened:
            toys += json.loads(opened.metadata()["toys"])
            for name in ("pixels", "azimuth", "elevation"):
                tensors.setdefault(name, []).append(opened.get_tensor(name))
    return Rendered(**{name: torch.cat(parts) for name, parts in tensors.items()}, toys=toys)


def save(file: Path, made: Rendered) -> None:
    """Write pictures."""
    tensors = {"pixels": made.pixels, "azimuth": made.azimuth, "elevation": made.elevation}
    write(file, packed_tensors(tensors, {"toys": json.dumps(made.toys)}))


def main(settings: Settings) -> None:
    """Make the shards that are missing."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    for number in range(settings.first, settings.shards):
        if not (file := path(settings.folder, number)).exists():
            made = make(np.random.default_rng([20, number]), TOYS)
            save(file, made)
            print(f"{len(made.pixels)} pictures in {file}")


if __name__ == "__main__":
    main(tyro.cli(Settings, description=__doc__))
