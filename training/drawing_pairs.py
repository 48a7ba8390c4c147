"""The pairs of `potstill bench drawings`: those of `potstill bench edits` whose two ends are the same SVG elements.

Each end is the SVG of its emoji on a rectangle of its background, and a pair counts where both have the same numbers
but for their values, so that every element of the result has a true counterpart. In the group `part`, one of two emoji
side by side has another colour (the pairs of the group `two`). Up to 12 pairs of each group and split, evenly spaced.

    python -m training.drawing_pairs --folder build/emoji
"""

import csv
import json
import lzma
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import tyro

from potstill.bench.drawing_pairs import FILE
from potstill.bench.emoji_pairs import TABLE
from potstill.io.files import write
from potstill.io.svg import read_svg
from training.data import PACKS, draw, fetch
from training.icons import Icon, icons
from training.recolour import variants

GROUPS = {"colour": "colour", "background": "background", "skin": "skin", "recolour": "recolour", "two": "part"}
"""The groups of pictures, and what they are called here."""
EACH = 12
_END = re.compile(r"([^,@ ]+)(?: in (\w+))?(?:, (\w+) ([^,@ ]+)(?: in (\w+))?)?@\w+")
_SPOTS = {"left": ((0, 16), (32, 16)), "right": ((32, 16), (0, 16)), "above": ((16, 0), (16, 32))}
_SPOTS["below"] = _SPOTS["above"][::-1]
"""Where the two things of a pair are on a page of 64."""


def main(folder: Path = Path("build/emoji")) -> None:
    """Write the pairs."""
    packs = {style: fetch(pack, folder / "packs") for style, pack in PACKS.items()}
    with TABLE.open(newline="") as rows:
        found = list(drawn(packs, csv.DictReader(rows)))
    kinds = dict.fromkeys(map(_kind, found))
    kept = [pair for kind in kinds for pair in _evenly([pair for pair in found if _kind(pair) == kind])]
    lines = "\n".join(json.dumps(pair) for pair in kept)
    data = lzma.compress(lines.encode(), preset=9)
    write(FILE, data)
    print(f"{len(kept)} of {len(found)} pairs, {len(data):,} bytes: {FILE}")


def _kind(pair: dict[str, str]) -> str:
    return f"{pair['group']} {pair['split']}"


def _evenly(pairs: list[dict[str, str]]) -> list[dict[str, str]]:
    count = min(EACH, len(pairs))
    return [pairs[number * len(pairs) // count] for number in range(count)]


def drawn(packs: dict, table: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """The pairs of a table of pairs of pictures that can be drawn."""
    for row in table:
        if row["group"] not in GROUPS:
            continue
        names = row["name"].split(" > ")
        ends = [
            _svg(packs, name, row[f"{end}_background"]) for name, end in zip(names, ("source", "answer"), strict=True)
        ]
        if all(ends) and ends[0] != ends[1] and _numbers(ends[0]) == _numbers(ends[1]):
            prompts = {name: row[f"{name}_prompt"] for name in ("source", "target")}
            about = {"group": GROUPS[row["group"]], "split": row["split"], "name": row["name"]}
            yield about | prompts | {"drawing": ends[0], "answer": ends[1]}


def _numbers(text: str) -> tuple[object, ...]:
    """The kinds of the numbers of a drawing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a drawing with parts that cannot move
        try:
            return read_svg(text.encode()).sketch.kinds
        except Warning:
            return (object(),)


def _svg(packs: dict, name: str, background: str) -> str:
    """The SVG of one end of a pair; empty if it cannot be composed."""
    found = _END.fullmatch(name)
    if found is None:
        return ""
    one, colour, relation, other, other_colour = found.groups()
    if relation is None:
        left, top, side, body = _body(packs, one, colour)
    else:
        left = top = 0.0
        side, parts = 64.0, []
        for (x, y), key, tint in zip(_SPOTS[relation], (one, other), (colour, other_colour), strict=True):
            own_left, own_top, own_side, inner = _body(packs, key, tint)
            scale = 32 / own_side
            place = f"translate({x - scale * own_left:g} {y - scale * own_top:g}) scale({scale:g})"
            parts.append(f'<g transform="{place}">{inner}</g>')
        body = "".join(parts)
        if "id=" in body:  # two drawings might use the same
            return ""
    page = f'x="{left:g}" y="{top:g}" width="{side:g}" height="{side:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left:g} {top:g} {side:g} {side:g}">'
    return f'{head}<rect id="background" {page} fill="{background}"/>{body}</svg>'


def _body(packs: dict, key: str, colour: str | None) -> tuple[float, float, float, str]:
    """The left, top and side of an emoji's square, and its elements, in its own or in another colour."""
    icon = _by_key()[key]
    pack = packs[icon.style]
    about = pack["icons"][icon.source_name]
    width, height = (about.get(extent, pack.get(extent, 16)) for extent in ("width", "height"))
    side = max(width, height)
    body = about["body"]
    if colour:
        body = variants(icon, body, draw(pack, icon.source_name))[1][colour]
    return about.get("left", 0) - (side - width) / 2, about.get("top", 0) - (side - height) / 2, side, body


@cache
def _by_key() -> dict[str, Icon]:
    return {icon.key: icon for icon in icons()}


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
