"""Download the two icon packs with npm and draw every icon as 64x64 RGBA, in its own and in all other colours.

    python -m training.data --folder build/emoji

Two safetensors files: `icons.safetensors` has every icon once, `colours.safetensors` beside it those that can have
another colour (see `recolour`), once for each. The background is transparent; `compose` paints it during training.
Licences: see NOTICE.
"""

import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import tyro
from jaxtyping import Float, Int, UInt8
from PIL import Image
from rich.progress import track
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from potstill.io.files import write
from training.captions import Thing
from training.heldout import unseen_colour
from training.icons import STYLES, Icon, icons
from training.recolour import variants

SIZE = 64
COLOURS = "colours.safetensors"
PACKS = {"fluent": "@iconify-json/fluent-emoji-flat@1.2.6", "noto": "@iconify-json/noto@1.2.9"}


@dataclass(frozen=True)
class Data:
    """Outputs."""

    folder: Path = Path("build/emoji")
    """Folder for the packs and for `icons.safetensors`."""


def fetch(pack: str, folder: Path) -> dict:
    """The JSON of an icon pack, downloaded once."""
    folder.mkdir(parents=True, exist_ok=True)
    name, version = pack.removeprefix("@").rsplit("@", 1)
    archive = folder / f"{name.replace('/', '-')}-{version}.tgz"
    if not archive.exists():
        with tempfile.TemporaryDirectory(dir=folder) as beside:
            subprocess.run(["npm", "pack", "--silent", pack], cwd=beside, check=True, stdout=subprocess.DEVNULL)
            Path(beside, archive.name).replace(archive)
    with tarfile.open(archive) as tar:
        return json.load(tar.extractfile("package/icons.json"))


@dataclass(frozen=True, eq=False)
class Drawings:
    """Every icon, and every variant in another colour."""

    pixels: UInt8[Tensor, "drawings 4 64 64"]
    """RGBA bytes: the icons in the order of `icons()`, then the variants."""
    places: Mapping[Thing, int]
    """The index of a thing."""
    own: Mapping[Icon, str]
    """The name of the colour that an icon has by itself, where there is one."""

    @cached_property
    def colours(self) -> dict[Icon, list[str]]:
        """The other colours that an icon can have and that are not held out."""
        found: dict[Icon, list[str]] = {}
        for thing in self.places:
            if thing.colour and not unseen_colour(thing.icon.concept, thing.colour):
                found.setdefault(thing.icon, []).append(thing.colour)
        return found

    def ink(self, index: Int[Tensor, " n"]) -> Float[Tensor, "n 4 64 64"]:
        """Drawings in [0, 1] with premultiplied colours, which can be averaged."""
        rgba = self.pixels[index].float() / 255
        return torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)

    def to(self, device: torch.device) -> "Drawings":
        """The same on a device."""
        return replace(self, pixels=self.pixels.to(device))


def draw(pack: dict, name: str, size: int = SIZE, body: str | None = None) -> UInt8[np.ndarray, "{size} {size} 4"]:
    """An icon as `size x size` RGBA bytes, or another body of an SVG in its box."""
    import resvg_py

    icon = pack["icons"][name]
    width, height = (icon.get(extent, pack.get(extent, 16)) for extent in ("width", "height"))
    side = max(width, height)
    left, top = icon.get("left", 0) - (side - width) / 2, icon.get("top", 0) - (side - height) / 2
    box = f"{left} {top} {side} {side}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{body or icon["body"]}</svg>'
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size)
    return np.array(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def load(path: Path) -> Drawings:
    """The drawings of `icons.safetensors`, and the variants beside it."""
    pixels, keys, _ = _read(path)
    if keys != [icon.key for icon in icons()]:
        raise ValueError(f"{path} holds other icons than concepts.txt: draw again with `make model-data`")
    variants, names, own = _read(path.with_name(COLOURS))
    by_key = {icon.key: icon for icon in icons()}
    things = [Thing(icon) for icon in icons()]
    things += [Thing(by_key[key], colour) for key, _, colour in (name.rpartition("@") for name in names)]
    places = {thing: index for index, thing in enumerate(things)}
    return Drawings(torch.cat([pixels, variants]), places, {by_key[key]: colour for key, colour in own.items()})


def _read(path: Path) -> tuple[UInt8[Tensor, "n 4 64 64"], list[str], dict[str, str]]:
    """The pixels of a file, their keys, and the names of the icons' own colours."""
    if not path.exists():
        raise FileNotFoundError(f"no drawings at {path}: make them with `make model-data`")
    with safe_open(path, "pt") as file:
        about = file.metadata()
        return file.get_tensor("pixels"), json.loads(about["keys"]), json.loads(about.get("own", "{}"))


def main(data: Data) -> None:
    """Download, draw and write."""
    packs = {style: fetch(PACKS[style], data.folder / "packs") for style in STYLES}
    pixels = np.stack([draw(packs[i.style], i.source_name) for i in track(icons(), "drawing")])
    _write(data.folder / "icons.safetensors", pixels, {"keys": [icon.key for icon in icons()]})
    keys, own, drawn = [], {}, []
    for icon, image in track(list(zip(icons(), pixels, strict=True)), "recolouring"):
        pack = packs[icon.style]
        name, bodies = variants(icon, pack["icons"][icon.source_name]["body"], image)
        own |= {icon.key: name} if name else {}
        keys += [f"{icon.key}@{colour}" for colour in bodies]
        drawn += [draw(pack, icon.source_name, body=body) for body in bodies.values()]
    _write(data.folder / COLOURS, np.stack(drawn), {"keys": keys, "own": own})
    print(f"{len(pixels)} icons and {len(keys)} in other colours in {data.folder}")


def _write(path: Path, pixels: UInt8[np.ndarray, "n 64 64 4"], about: dict) -> None:
    tensor = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    write(path, save({"pixels": tensor}, {name: json.dumps(value) for name, value in about.items()}))


if __name__ == "__main__":
    main(tyro.cli(Data, description=__doc__))
