"""Write the table of emoji characters that the prompts of the emoji model may hold, from the names in the icon packs.

    python -m training.characters

A character stands for the drawing of its name: "❤" is "red heart". Variation selectors and skin tones are left out of
the table; `potstill.priors.emoji_names` reads them.
"""

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import tyro

from potstill.io.files import write
from potstill.priors.emoji_names import TABLE, TONES, bare
from training.captions import subject
from training.data import PACKS, fetch
from training.icons import STYLES, concepts


@dataclass(frozen=True)
class Characters:
    """Input and output."""

    folder: Path = Path("build/emoji")
    """Folder of the icon packs, which are downloaded once."""
    out: Path = TABLE
    """The table."""


def table(packs: list[dict[str, str]]) -> dict[str, str]:
    """The phrase of each character whose drawing the model knows, from the packs' names by code points."""
    found = {}
    for names in packs:
        for points, name in names.items():
            characters = bare("".join(chr(int(point, 16)) for point in points.split("-")))
            if name in concepts() and not set(characters) & TONES.keys():
                found[characters] = subject(name)
    return dict(sorted(found.items()))


def main(characters: Characters) -> None:
    """Download, write and count."""
    packs = []
    for style in STYLES:
        fetch(PACKS[style], characters.folder / "packs")
        name, version = PACKS[style].removeprefix("@").rsplit("@", 1)
        archive = characters.folder / "packs" / f"{name.replace('/', '-')}-{version}.tgz"
        with tarfile.open(archive) as tar:
            packs.append(json.load(tar.extractfile("package/chars.json")))
    found = table(packs)
    write(characters.out, (json.dumps(found, ensure_ascii=False, indent=0) + "\n").encode())
    print(f"{len(found)} characters of {len(concepts())} concepts in {characters.out}")


if __name__ == "__main__":
    main(tyro.cli(Characters, description=__doc__))
