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
"""Marks a name that is only near, or has other meanings, too: which a warning says."""


class Item(NamedTuple):
    """A part of a prompt: its kind, its words for the model, as said by the user, and whether that is only near."""

    kind: str
    words: str
    said: str = ""
    near: bool = False


Lexicon = dict[str, str]
"""The kind and the words of what is said, as one text: so many objects would cost a collection of the garbage."""


def entries(kind: str, names: Mapping[str, Iterable[str]]) -> Lexicon:
    """What is said for each of the model's words. A name that is given twice has its first meaning."""
    found: Lexicon = {}
    for words, said in names.items():
        for name in said:
            plain = name.removeprefix(NEAR)
            found.setdefault(plain, f"{kind}{words}" if plain == name else f"{kind}{NEAR}{words}")
    return found


def item(lexicon: Lexicon, said: str) -> Item | None:
    """What a word or phrase is, if the lexicon has it."""
    if not (found := lexicon.get(said)):
        return None
    words = found[1:]
    return Item(found[0], words.removeprefix(NEAR), said, words.startswith(NEAR))


def listed(names: str) -> list[str]:
    """The names in a text, between commas."""
    return [name for each in names.split(",") if (name := each.strip())]


def parsed(table: str) -> Lexicon:
    """The lexicon of lines such as `c blue: azure, ~navy`: a kind, the model's words and what else is said for them."""
    found: Lexicon = {}
    for line in table.strip().splitlines():
        kind, _, rest = line.partition(" ")
        words, _, said = rest.partition(":")
        found.update(entries(kind, {words: listed(f"{words}, {said}")}))
    return found


def things(language: str) -> dict[str, list[str]]:
    """The names of each thing in a language, "en" or "ko", the usual one first.

    The tables are made by `python -m training.readings`.
    """
    text = Path(__file__).with_name(f"things_{language}.json").read_text(encoding="utf-8")
    return {thing: listed(said) for thing, said in json.loads(text).items()}
