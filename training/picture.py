"""A drawing as PNG, to edit or to compare with.

python -m training.picture fluent/red-heart --out heart.png
python -m training.picture noto/cat-face --background green --out cat.png
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from potstill.errors import InputError
from potstill.io.files import write
from potstill.io.images import png_bytes
from potstill.tensors import Images
from training import data
from training.captions import BACKGROUNDS, Picture
from training.compose import paint
from training.icons import icons


@dataclass(frozen=True)
class Drawing:
    """The settings of the drawing."""

    key: tyro.conf.Positional[str]
    """Style and name, such as fluent/red-heart."""
    background: str = "white"
    """A named colour."""
    out: Path = Path("picture.png")
    """The PNG."""
    data: Path = Path("build/emoji/icons.safetensors")
    """The drawings of `training.data`."""


def draw(key: str, background: str, file: Path) -> Images:
    """A drawing on a background, from the file of all drawings.

    Raises:
        InputError: the drawing or the background does not exist.
    """
    found = next((icon for icon in icons() if icon.key == key), None)
    if found is None or background not in BACKGROUNDS:
        raise InputError(f"there is no {key} on {background}: see training/concepts.txt and captions.py")
    return paint(data.load(file), [Picture(found, background, None)])


def main(drawing: Drawing) -> None:
    """Write the PNG."""
    write(drawing.out, png_bytes(draw(drawing.key, drawing.background, drawing.data)))


if __name__ == "__main__":
    main(tyro.cli(Drawing, description=__doc__))
