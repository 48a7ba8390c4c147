"""The pairs of `potstill bench edits`: emoji that differ in one attribute, so an edit has a true answer.

| group | what must change | what must stay | minimum share of common outlines |
|---|---|---|---|
| skin | the skin tone of a hand or a person | everything else | 0.97 |
| hair | red, curly, white or no hair, or a beard | the face | 0.85 |
| colour | the colour of a heart, circle, square, diamond or book | the shape | 0.93 |
| background | the flat background colour | the emoji | 1 |
| style | fluent to noto or back | what it is, and where | 0.85 |

and the groups of `composed_pairs`, whose true answers are painted: recolour, place, size, two, both.

The source of a pair is in the training set of the bundled model. The answer of a `seen` pair is, too; that of a
`held-out` pair is not. Outlines are compared by intersection over union of the drawings' cover. A pair is left out if
the colours differ by over a tenth on less than 30 % of the drawing. Within a group and a split, pairs are chosen by the
hash of their name, and no answer appears twice.

    python -m training.pairs --drawings-file build/emoji/icons.safetensors
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import permutations
from pathlib import Path

import torch
import tyro
from PIL import Image

from potstill.bench.emoji_pairs import ATLAS, PAIR_COLUMNS, TABLE
from potstill.io.files import write
from training import composed_pairs, data
from training.captions import BACKGROUNDS, Picture, subject
from training.change import Change, name_of
from training.compose import backgrounds, inked, known
from training.data import Drawings
from training.heldout import heldout
from training.icons import Icon, concepts, icons

COUNTS = {  # seen, held-out
    "skin": (40, 40),
    "hair": (28, 12),
    "colour": (30, 30),
    "background": (50, 50),
    "style": (22, 18),
} | composed_pairs.COUNTS
SHARED = {"skin": 0.97, "hair": 0.85, "colour": 0.93, "background": 1.0, "style": 0.85}
_CHANGED, _BY = 0.3, 0.1
_HAIR = ("beard", "red-hair", "curly-hair", "white-hair", "bald")
_ALIKE = {"closed-book": "red-book", "large-blue-diamond": "blue-diamond", "large-orange-diamond": "orange-diamond"}


def group_of(one: Icon, other: Icon) -> str | None:
    """The attribute in which two icons differ, if it is a single one."""
    groups, changed = concepts(), [one.style != other.style, one.concept != other.concept, one.tone != other.tone]
    if sum(changed) != 1:
        return None
    if changed[0]:
        return "style"
    if changed[2]:
        return "skin"
    if groups[one.concept] == groups[other.concept] == "colours" and _shape(one) == _shape(other):
        return "colour"
    (person, hair), (other_person, other_hair) = (icon.concept.partition("-")[::2] for icon in (one, other))
    return "hair" if person == other_person and hair in _HAIR and other_hair in _HAIR else None


def _shape(icon: Icon) -> str:
    return _ALIKE.get(icon.concept, icon.concept).rpartition("-")[2]


def changes(drawings: Drawings) -> Iterator[Change]:
    """All pairs whose drawings are aligned and differ enough."""
    every = drawings.ink(torch.arange(len(icons())))
    ink, cover = every[:, :3], every[:, 3]
    places = {icon: index for index, icon in enumerate(icons())}
    for source in known():
        for behind in _behind(source):
            for ahead in sorted(set(BACKGROUNDS) - {behind} - set(subject(source.concept).split())):
                yield Change("background", Picture(source, behind), Picture(source, ahead))
    for source, answer in permutations(icons(), 2):
        group = group_of(source, answer)
        if group is None or source.key in heldout().variants:
            continue
        i, j = places[source], places[answer]
        union = torch.maximum(cover[i], cover[j])
        differs = (ink[i] - ink[j]).abs().amax(0) > _BY
        shared = torch.minimum(cover[i], cover[j]).sum() / union.sum()
        if shared >= SHARED[group] and differs.sum() >= _CHANGED * union.sum():
            both = [colour for colour in _behind(source) if colour in _behind(answer)]
            change = Change(group, Picture(source), Picture(answer))
            colour = both[change.order[0] % len(both)]
            yield Change(group, Picture(source, colour), Picture(answer, colour))
    yield from composed_pairs.composed(drawings)


@cache
def _behind(icon: Icon) -> tuple[str, ...]:
    """The backgrounds of an icon in training."""
    return ("white", *backgrounds(icon.concept))


def chosen(drawings: Drawings, further: int = 0) -> dict[str, list[Change]]:
    """The pairs of each split, by name; `further` held-out ones of each group follow those of the benchmark."""
    found: dict[str, list[Change]] = {"seen": [], "held-out": []}
    if further:
        found["further"] = []
    counts: dict[tuple[str, str], int] = {}
    answers = set()
    for change in sorted(changes(drawings), key=lambda change: change.order):
        split = "held-out" if change.answer in heldout() else "seen"
        wanted = COUNTS[change.group][split == "held-out"]
        if further and split == "held-out" and counts.get((change.group, split), 0) >= wanted:
            split, wanted = "further", further
        if counts.get((change.group, split), 0) < wanted and change.answer not in answers:
            counts[change.group, split] = counts.get((change.group, split), 0) + 1
            answers.add(change.answer)
            found[split].append(change)
    return {split: sorted(changes, key=lambda change: change.name) for split, changes in found.items()}


def table(splits: dict[str, list[Change]], order: list[Picture], drawings: Drawings) -> str:
    """The list as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(PAIR_COLUMNS)
    for split, changes in splits.items():
        for change in changes:
            prompts = composed_pairs.prompts(change, drawings)
            ends = (change.source, change.answer)
            shown = [value for end in ends for value in (order.index(bare(end)), _hex(end.background))]
            rows.writerow([change.group, split, change.name.removeprefix(f"{change.group} "), *prompts, *shown])
    return text.getvalue()


def bare(picture: Picture) -> Picture:
    """The picture without its background."""
    return replace(picture, background="white")


def _hex(background: str) -> str:
    return "#" + bytes(BACKGROUNDS[background]).hex()


def main(drawings_file: Path = Path("build/emoji/icons.safetensors")) -> None:
    """Write the list and the drawings."""
    drawings = data.load(drawings_file)
    splits = chosen(drawings)
    ends = {bare(end) for changes in splits.values() for change in changes for end in (change.source, change.answer)}
    order = sorted(ends, key=name_of)
    ink = inked(drawings, order)
    rgba = torch.cat([ink[:, :3] / ink[:, 3:].clamp(min=1 / 255), ink[:, 3:]], 1)
    rows = (rgba * 255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).reshape(-1, 64, 4)
    picture = io.BytesIO()
    Image.fromarray(rows.numpy(), "RGBA").save(picture, "PNG", optimize=True)
    write(ATLAS, picture.getvalue())
    write(TABLE, table(splits, order, drawings).encode())
    print(f"{sum(map(len, splits.values()))} pairs of {len(order)} drawings: {TABLE}, {ATLAS}")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
