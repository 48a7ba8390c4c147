"""What a user writes, read by rule as a caption of the kind that the emoji model was trained on.

"a gray-coloured automobile in the upper left corner" is "grey car at top left", and 파란 배경의 빨간 사과 is "red apple
on blue background". Names come from Unicode's CLDR and two lists, `training/names_en.txt` and `training/names_ko.txt`;
what is only near, as "cat" is for "kitten", is said.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from potstill.priors.reading import english, korean
from potstill.priors.reading.lexicon import NEAR, Item, things
from potstill.priors.reading.order import arranged
from potstill.priors.reading.training import untrained
from potstill.priors.reading.words import DROPPED, written

__all__ = ["STYLES", "Reading", "names", "read"]

STYLES = ("fluent", "noto")
"""The styles of the drawings, which a caption names first."""
_ENDS = re.compile(r"[,;!?\n\uff0c\u3001\u3002]|\.(?!\d)")
_AND = re.compile(r"\s[&+]\s")


@dataclass(frozen=True)
class Reading:
    """A prompt as read."""

    words: tuple[str, ...]
    near: tuple[tuple[str, str], ...] = ()
    """What is only near, as (said, read)."""
    untrained: tuple[str, ...] = ()
    """What no caption of the training asks for."""

    @property
    def style(self) -> str:
        """The style that is named, or nothing."""
        return next((word for word in self.words if word in STYLES), "")


@lru_cache(256)
def read(prompt: str) -> Reading:
    """The caption that a prompt stands for; words that are in no list stay as they are, in their place."""
    items: list[Item] = []
    for part in _ENDS.split(_AND.sub(" and ", prompt)):
        items += [Item(",", ""), *_items(written(part))]
    order = arranged(items[1:], korean.is_korean(unicodedata.normalize("NFC", prompt)))
    near = dict.fromkeys((item.said, item.words) for item in order if item.near and item.said != item.words)
    words = [word for item in order for word in ([item.words] if item.kind == "w" else item.words.split())]
    return Reading(tuple(word for word in words if word not in DROPPED), tuple(near), untrained(order))


def names(thing: str) -> list[str]:
    """Other names of a thing, in English, then in Korean; those that are only near are left out."""
    found = [name for language in ("en", "ko") for name in things(language).get(thing, ())]
    return [name for name in found if not name.startswith(NEAR)]


def _items(tokens: list[str]) -> list[Item]:
    """What the words are, in their order."""
    found: list[Item] = []
    while tokens:
        if korean.is_korean(tokens[0]):
            length, items = korean.match(tokens)
        else:
            length, one = english.match(tokens)
            items = [one]
        found += items
        tokens = tokens[length:]
    return found
