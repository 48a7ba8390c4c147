"""The words of a lexicon: what a user may say, and the kind and the model's own words of each.

A kind is a letter, so that the order of a caption's parts can be matched like text (`potstill.priors.reading.order`):

    n thing   c colour   s size   t skin tone   y style   p place   r relation   d "and"
    b "background"   k "the background is"   o "on", "with"   i "in"   a "at"   j the subject ends here (Korean)
    q a place without a preposition   , a comma   g nothing   w any other word
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

NEAR = "~"
"""Marks a name that is only near, or has other meanings, too: the user is told of it."""


class Item(NamedTuple):
    """A part of a prompt: its kind, its words for the model, as said by the user, and whether that is only near."""

    kind: str
    words: str
    said: str = ""
    near: bool = False


Lexicon = dict[str, Item]


def entries(kind: str, names: Mapping[str, Iterable[str]]) -> Lexicon:
    """What is said for each of the model's words. A name that is given twice has its first meaning."""
    found: Lexicon = {}
    for words, said in names.items():
        for name in said:
            plain = name.removeprefix(NEAR)
            found.setdefault(plain, Item(kind, words, plain, plain != name))
    return found


def parsed(table: str) -> Lexicon:
    """The lexicon of lines such as `c blue: azure, ~navy`: a kind, the model's words and what else is said for them."""
    found: Lexicon = {}
    for line in table.strip().splitlines():
        kind, _, rest = line.partition(" ")
        words, _, said = rest.partition(":")
        names = [words, *said.strip().split(", ")] if words else said.strip().split(", ")
        found.update(entries(kind, {words: filter(None, names)}))
    return found


def things(language: str) -> dict[str, list[str]]:
    """The names of each thing in a language, "en" or "ko", the usual one first.

    The tables are made by `python -m training.readings`.
    """
    return json.loads(Path(__file__).with_name(f"things_{language}.json").read_text(encoding="utf-8"))
