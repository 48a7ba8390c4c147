"""What a prompt asks for that no caption of the training did, so that the emoji model may well get it wrong."""

import json
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from potstill.priors.reading.lexicon import Item

FIXED = Path(__file__).with_name("things_fixed.json")
"""Things that the training shows in their own colours alone; written by `python -m training.readings`."""


@cache
def fixed() -> frozenset[str]:
    """The things whose colour never changes in the training, such as a rainbow."""
    return frozenset(json.loads(FIXED.read_text(encoding="utf-8")))


def untrained(items: Sequence[Item]) -> tuple[str, ...]:
    """What is asked for beyond the captions of the training.

    Args:
        items: the parts of a prompt in the order of a caption (`potstill.priors.reading.order.arranged`).
    """
    kinds = "".join(item.kind for item in items)
    if not set(kinds) & set("cnstpb"):
        return ()  # of unknown words alone, another message speaks
    things, behind = kinds.count("n"), kinds.partition("n")[2]
    joined = set("rd") & set(behind[: behind.rfind("n")])
    recoloured = [thing.words for colour, thing in pairwise(items) if colour.kind + thing.kind == "cn"]
    names = " and ".join(item.words for item in items if item.kind == "n")
    found = {
        "a prompt without a subject": not set(kinds) & set("nwt"),
        f"{things} things in one picture": things > 2,
        f"{names} without a word such as 'above' between them": things == 2 and not joined,
        "two things and a size or a place": things == 2 and bool(set(kinds) & set("sp")),
        "two colours of one thing": "cc" in kinds.replace("cb", "").replace("w", ""),
        "two sizes": kinds.count("s") > 1,
        "two places": kinds.count("p") > 1,
        "a big thing at a place": "p" in kinds and any(item.words == "big" for item in items),
        **{f"other colours of {name!r}": True for name in recoloured if name in fixed()},
    }
    return tuple(what for what, asked in found.items() if asked)
