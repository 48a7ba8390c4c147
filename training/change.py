"""A picture and its true edit."""

import hashlib
from dataclasses import dataclass

from training.captions import Picture, Thing


@dataclass(frozen=True)
class Change:
    """A picture and its true edit, in one of the groups of pairs."""

    group: str
    source: Picture
    answer: Picture

    @property
    def name(self) -> str:
        """`colour fluent/red-heart@white > fluent/blue-heart@white`."""
        return f"{self.group} {name_of(self.source)} > {name_of(self.answer)}"

    @property
    def order(self) -> bytes:
        """A hash of the name."""
        return hashlib.sha256(f"potstill pairs: {self.name}".encode()).digest()

    def choose(self, count: int, part: int) -> int:
        """A number below `count`, from one of the bytes of the hash."""
        return self.order[part] % count


def name_of(picture: Picture) -> str:
    """`fluent/car in blue, small at the left@white`, with only what is not as usual."""
    name = _thing(Thing(picture.icon, picture.colour))
    if picture.place:
        name += f", {picture.size} at the {picture.place}"
    if picture.other:
        name += f", {picture.relation} {_thing(picture.other)}"
    return f"{name}@{picture.background}"


def _thing(thing: Thing) -> str:
    return f"{thing.icon.key} in {thing.colour}" if thing.colour else thing.icon.key
