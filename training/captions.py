"""Captions: plain English from style, emoji, colour, size, place, a second emoji and background.

    fluent small woman red hair light skin at the left on a blue background
    noto blue apple to the left of a pizza on a yellow background

A caption is always true of its image, so a few drawings give many true captions. The style may be omitted, and an
unnamed background is white.
"""

from dataclasses import dataclass

from training.icons import Icon

# RGB in bytes. Flat and well separated, so that a background can be recognised by its colour.
BACKGROUNDS = {
    "white": (255, 255, 255),
    "grey": (158, 158, 158),
    "black": (16, 16, 16),
    "red": (214, 40, 40),
    "orange": (247, 138, 30),
    "yellow": (255, 221, 64),
    "green": (56, 160, 80),
    "turquoise": (64, 205, 200),
    "blue": (42, 98, 214),
    "purple": (130, 62, 178),
    "pink": (250, 160, 196),
    "brown": (122, 78, 48),
}
PLACES = ("middle", "left", "right", "top", "bottom", "top left", "top right", "bottom left", "bottom right")
SIZES = {"small": 32, "medium": 48}
"""Pixels of a drawing that leaves room; "big" is the whole image, which needs no word."""
RELATIONS = {"left": "to the left of", "right": "to the right of", "above": "above", "below": "below"}
# Common words for concepts that the packs name differently.
_PLAIN = {
    "automobile": "car",
    "backhand-index-pointing-left": "hand pointing left",
    "backhand-index-pointing-up": "hand pointing up",
    "black-large-square": "black square",
    "closed-book": "red book",
    "doughnut": "donut",
    "ear-of-corn": "corn",
    "evergreen-tree": "fir tree",
    "globe-showing-europe-africa": "globe",
    "high-voltage": "lightning bolt",
    "honeybee": "bee",
    "hot-beverage": "coffee",
    "hourglass-done": "hourglass",
    "jack-o-lantern": "halloween pumpkin",
    "lady-beetle": "ladybug",
    "large-blue-diamond": "blue diamond",
    "large-orange-diamond": "orange diamond",
    "magnifying-glass-tilted-left": "magnifying glass",
    "pile-of-poo": "poo",
    "poultry-leg": "chicken leg",
    "soft-ice-cream": "ice cream cone",
    "sport-utility-vehicle": "suv",
    "steaming-bowl": "bowl of noodles",
    "white-large-square": "white square",
    "womans-hat": "hat",
    "wrapped-gift": "gift",
}


@dataclass(frozen=True)
class Thing:
    """An icon in its own colour, or in another one."""

    icon: Icon
    colour: str | None = None


@dataclass(frozen=True)
class Picture:
    """An icon on a background: over the whole image, or smaller at a place, or at half size beside another thing."""

    icon: Icon
    background: str = "white"
    place: str | None = None
    """One of the nine places of a small or medium icon, or None for a big one."""
    colour: str | None = None
    """One of the colours of backgrounds, if it is not the icon's own."""
    size: str = "small"
    """The size at a place."""
    relation: str | None = None
    """Where the icon is, relative to the other thing."""
    other: Thing | None = None

    @property
    def things(self) -> tuple[Thing, ...]:
        """The icon, and what is beside it."""
        return (Thing(self.icon, self.colour), *((self.other,) if self.other else ()))


def subject(concept: str, tone: str | None = None) -> str:
    """The plain name: `subject("woman-red-hair", "light")` is "woman red hair light skin"."""
    name = _PLAIN.get(concept, concept).replace("-", " ")
    return f"{name} {tone.replace('-', ' ')} skin" if tone else name


def noun(concept: str) -> str:
    """The plain name without the colour at its beginning: `noun("red-apple")` is "apple"."""
    first, _, rest = subject(concept).partition(" ")
    return rest if first in BACKGROUNDS and rest else subject(concept)


def named(thing: Thing) -> str:
    """The name of a thing in its colour."""
    return (
        f"{thing.colour} {noun(thing.icon.concept)}" if thing.colour else subject(thing.icon.concept, thing.icon.tone)
    )


def parts(picture: Picture, *, style: bool = True, background: bool = True) -> tuple[str, str, str]:
    """What a caption says: of the things, of the place, and of the background; empty where it says nothing."""
    if not background and picture.background != "white":
        raise ValueError(f"the background {picture.background} must be named: only white may be omitted")
    what = [
        picture.icon.style if style else "",
        picture.size if picture.place else "",
        named(picture.things[0]),
        *((RELATIONS[picture.relation], _a(named(picture.other))) if picture.other and picture.relation else ()),
    ]
    return (
        " ".join(word for word in what if word),
        f"at the {picture.place}" if picture.place and picture.place != "middle" else "",
        f"on {_a(picture.background)} background" if background else "",
    )


def caption(picture: Picture, *, style: bool = True, background: bool = True) -> str:
    """The caption of a picture, with or without the style and the background."""
    return " ".join(part for part in parts(picture, style=style, background=background) if part)


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
