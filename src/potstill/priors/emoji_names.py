"""Emoji characters as the names of the bundled model's drawings: "❤️" is "red heart".

The table is made by `python -m training.characters` from the icon packs that the drawings come from.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("emoji_characters.json")
"""The phrase of each character or sequence, without variation selectors and skin tones."""
TONES = dict(zip("🏻🏼🏽🏾🏿", ("light", "medium light", "medium", "medium dark", "dark"), strict=True))
"""The skin tones, by their modifiers."""
_TONE, _SELECTORS, _JOINER = f"[{''.join(TONES)}]", "\ufe0e\ufe0f", "\u200d"


def bare(text: str) -> str:
    """The text without variation selectors, which choose between a coloured and a black drawing."""
    return text.translate(dict.fromkeys(map(ord, _SELECTORS)))


def with_names(text: str) -> str:
    """The text with the names of the drawings in the place of emoji; others stay, set apart by spaces."""
    return text if text.isascii() else _pattern().sub(_named, bare(text))


def similar(emoji: str) -> list[str]:
    """Names near to an emoji without a drawing: that of its first character, or the words of its Unicode name."""
    first = emoji[:1]
    return [_table()[first]] if first in _table() else unicodedata.name(first, "").lower().split()


def _named(match: re.Match[str]) -> str:
    sequence = match.group()
    tones = [letter for letter in sequence if letter in TONES]
    name = _table().get(re.sub(_TONE, "", sequence))
    if name is None:
        return f" {sequence} "
    return f" {name} {TONES[tones[0]]} skin " if tones else f" {name} "


@cache
def _table() -> dict[str, str]:
    return json.loads(TABLE.read_text(encoding="utf-8"))


@cache
def _pattern() -> re.Pattern[str]:
    """An emoji with its skin tone, and all that are joined to it; a flag of two letters."""
    firsts = "".join(re.escape(letter) for letter in sorted({key[0] for key in _table()}))
    one = f"[{firsts}\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]{_TONE}?"
    return re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|{one}(?:{_JOINER}{one})*")
