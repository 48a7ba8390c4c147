"""What is held out: variants and pairs that never appear in training, so that edits have unseen true answers.

A tenth of the variants, chosen by a hash of their names: a skin tone of a hand or a person, a colour of a heart,
circle, square, diamond or book, the noto drawing of an emoji whose fluent drawing is in training; and a tenth of the
pairs of an emoji and a background colour. `heldout.json` is the committed list of these; this file is the rule that
made it. The same rule without a list, because there are so many, holds out a tenth of the pairs of a thing and a colour
that is not its own, of an emoji and a place, and of two emoji side by side.

    python -m training.heldout
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from potstill.io.files import write
from training.captions import BACKGROUNDS, Picture, noun
from training.icons import Icon, concepts, icons

PATH = Path(__file__).with_name("heldout.json")
SHARE = 0.1


@dataclass(frozen=True)
class HeldOut:
    """Icons, by key, and pairs of concept and background, such as `heart@blue`."""

    variants: frozenset[str]
    pairs: frozenset[str]

    def __contains__(self, picture: Picture) -> bool:
        """Whether the picture is held out of training."""
        concepts = [thing.icon.concept for thing in picture.things]
        return (
            any(thing.icon.key in self.variants for thing in picture.things)
            or any(pair(concept, picture.background) in self.pairs for concept in concepts)
            or any(thing.colour and unseen_colour(thing.icon.concept, thing.colour) for thing in picture.things)
            or bool(picture.place and unseen_place(picture.icon.concept, picture.place))
            or (len(concepts) > 1 and unseen_together(*concepts))
        )


def pair(concept: str, background: str) -> str:
    """The name of an emoji on a background."""
    return f"{concept}@{background}"


@cache
def unseen_colour(concept: str, colour: str) -> bool:
    """Whether a thing in a colour that is not its own is held out, in every style."""
    return chosen(f"{noun(concept)} in {colour}")


@cache
def unseen_place(concept: str, place: str) -> bool:
    """Whether an emoji at a place is held out, in every style and size."""
    return chosen(f"{concept} at the {place}")


@cache
def unseen_together(one: str, other: str) -> bool:
    """Whether two emoji side by side are held out, in every order and colour."""
    return chosen(" beside ".join(sorted((one, other))))


def chosen(name: str) -> bool:
    """Whether the hash of a name falls into the held-out tenth."""
    digest = hashlib.sha256(f"potstill held-out: {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < SHARE * 2**64


def is_variant(icon: Icon) -> bool:
    """Whether another icon differs from this one in a single attribute and is never held out itself."""
    group = concepts()[icon.concept]
    if group == "tones":
        return icon.tone is not None
    return group == "colours" or icon.style == "noto"


def rule() -> HeldOut:
    """The list from the hashes. White, the background that needs no word, is never held out."""
    return HeldOut(
        frozenset(icon.key for icon in icons() if is_variant(icon) and chosen(icon.key)),
        frozenset(
            name
            for concept in concepts()
            for colour in BACKGROUNDS
            if colour != "white" and chosen(name := pair(concept, colour))
        ),
    )


@cache
def heldout() -> HeldOut:
    """The committed list."""
    lists = json.loads(PATH.read_text())
    return HeldOut(frozenset(lists["variants"]), frozenset(lists["pairs"]))


if __name__ == "__main__":
    found = rule()
    lists = {"variants": sorted(found.variants), "pairs": sorted(found.pairs)}
    write(PATH, (json.dumps(lists, indent=1) + "\n").encode())
    print(f"{len(found.variants)} of {sum(map(is_variant, icons()))} variants, {len(found.pairs)} pairs: {PATH}")
