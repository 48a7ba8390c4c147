"""The list of emoji, and their names in the two icon packs.

An icon is a concept ("waving-hand") drawn in a style ("fluent" or "noto") and, for hands and people, in a
skin tone. `concepts.txt` is the list of concepts; every one of them exists in both styles.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

STYLES = ("fluent", "noto")
TONES = ("light", "medium-light", "medium", "medium-dark", "dark")
# The attributes that noto writes after the skin tone: man-dark-skin-tone-red-hair.
_HAIR = ("beard", "red-hair", "curly-hair", "white-hair", "bald")


@dataclass(frozen=True, order=True)
class Icon:
    """One drawing: a concept in a style and, if it has one, a skin tone."""

    style: str
    concept: str
    tone: str | None = None

    @property
    def key(self) -> str:
        """The name in the data file and the held-out list: `noto/waving-hand-dark`."""
        return f"{self.style}/{self.concept}" + (f"-{self.tone}" if self.tone else "")

    @property
    def source_name(self) -> str:
        """The name in the icon pack of the style."""
        if self.tone is None:
            return self.concept
        if self.style == "fluent":
            return f"{self.concept}-{self.tone}"
        for hair in _HAIR:
            if self.concept.endswith(f"-{hair}"):
                return f"{self.concept.removesuffix(hair)}{self.tone}-skin-tone-{hair}"
        return f"{self.concept}-{self.tone}-skin-tone"


@cache
def concepts() -> dict[str, str]:
    """Every concept with its group, in the order of `concepts.txt`."""
    group, found = "", {}
    for line in Path(__file__).with_name("concepts.txt").read_text().splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            group = line.strip("[]")
        else:
            found |= dict.fromkeys(line.split(), group)
    return found


@cache
def icons() -> tuple[Icon, ...]:
    """Every icon, in a fixed order: the index of an icon here is its index in the data file."""
    return tuple(
        Icon(style, concept, tone)
        for concept, group in concepts().items()
        for style in STYLES
        for tone in (None, *(TONES if group == "tones" else ()))
    )
