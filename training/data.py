"""Download the two icon packs with npm and draw every icon as 64x64 RGBA into one safetensors file.

    python -m training.data --folder build/emoji

The background is transparent; `compose` paints it during training. Licences: see NOTICE.
"""

import io
import json
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from jaxtyping import UInt8
from PIL import Image
from rich.progress import track
from safetensors import safe_open
from safetensors.torch import save

from potstill.io.files import write
from training.icons import STYLES, icons

SIZE = 64
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


def draw(pack: dict, name: str, size: int = SIZE) -> UInt8[np.ndarray, "{size} {size} 4"]:
    """An icon as `size x size` RGBA bytes."""
    import resvg_py

    icon = pack["icons"][name]
    width, height = (icon.get(extent, pack.get(extent, 16)) for extent in ("width", "height"))
    side = max(width, height)
    left, top = icon.get("left", 0) - (side - width) / 2, icon.get("top", 0) - (side - height) / 2
    box = f"{left} {top} {side} {side}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{icon["body"]}</svg>'
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size)
    return np.array(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))


def load(path: Path) -> UInt8[torch.Tensor, "icons 4 64 64"]:
    """The drawings as RGBA bytes, in the order of `icons()`."""
    if not path.exists():
        raise FileNotFoundError(f"no drawings at {path}: make them with `make model-data`")
    with safe_open(path, "pt") as file:
        if json.loads(file.metadata()["keys"]) != [icon.key for icon in icons()]:
            raise ValueError(f"{path} holds other icons than concepts.txt: draw again with `make model-data`")
        return file.get_tensor("pixels")


def main(data: Data) -> None:
    """Download, draw and write `icons.safetensors`."""
    packs = {style: fetch(PACKS[style], data.folder / "packs") for style in STYLES}
    pixels = np.stack([draw(packs[i.style], i.source_name) for i in track(icons(), "drawing")])
    tensor = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    path = data.folder / "icons.safetensors"
    write(path, save({"pixels": tensor}, {"keys": json.dumps([icon.key for icon in icons()])}))
    print(f"{len(pixels)} icons in {path}")


if __name__ == "__main__":
    main(tyro.cli(Data, description=__doc__))
