"""Captions: plain English from style, emoji, size, place and background.

    fluent small woman red hair light skin at the left on a blue background

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
PLACES = ("middle", "left", "right", "top", "bottom")
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
class Picture:
    """An icon on a background, at full size, or at half size at a place."""

    icon: Icon
    background: str = "white"
    place: str | None = None


def subject(concept: str, tone: str | None = None) -> str:
    """The plain name: `subject("woman-red-hair", "light")` is "woman red hair light skin"."""
    name = _PLAIN.get(concept, concept).replace("-", " ")
    return f"{name} {tone.replace('-', ' ')} skin" if tone else name


def caption(picture: Picture, *, style: bool = True, background: bool = True) -> str:
    """The caption of a picture, with or without the style and the background."""
    icon, place = picture.icon, picture.place
    if not background and picture.background != "white":
        raise ValueError(f"the background {picture.background} must be named: only white may be omitted")
    words = [
        icon.style if style else "",
        "small" if place else "",
        subject(icon.concept, icon.tone),
        f"at the {place}" if place and place != "middle" else "",
        f"on {'an' if picture.background == 'orange' else 'a'} {picture.background} background" if background else "",
    ]
    return " ".join(word for word in words if word)
