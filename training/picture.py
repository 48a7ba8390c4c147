"""One of the drawings as a PNG, to edit or to compare with.

python -m training.picture fluent/red-heart --out heart.png
python -m training.picture noto/cat-face --background green --out cat.png
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from potstill.errors import InputError
from potstill.files import write
from potstill.images import png_bytes
from training import data
from training.captions import BACKGROUNDS, Picture
from training.compose import paint
from training.icons import icons


@dataclass(frozen=True)
class Drawing:
    """What is drawn."""

    key: tyro.conf.Positional[str]
    """Style and name, such as fluent/red-heart."""
    background: str = "white"
    """A named colour."""
    out: Path = Path("picture.png")
    """The PNG."""
    data: Path = Path("build/emoji/icons.safetensors")
    """The drawings of `training.data`."""


def main(drawing: Drawing) -> None:
    """Draw it."""
    found = next((icon for icon in icons() if icon.key == drawing.key), None)
    if found is None or drawing.background not in BACKGROUNDS:
        raise InputError(
            f"there is no {drawing.key} on {drawing.background}: see training/concepts.txt and captions.py"
        )
    picture = Picture(found, drawing.background, None)
    write(drawing.out, png_bytes(paint(data.load(drawing.data), [picture])))


if __name__ == "__main__":
    main(tyro.cli(Drawing, description=__doc__))
