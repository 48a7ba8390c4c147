"""A toy is a list of parts, each a surface with a name and a colour; a kind of toy is a function of proportions."""

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from training.toys.surfaces import Surface

Colour = tuple[float, float, float]
MAIN = "main"
"""The name of the colour that a caption states: "red" in "red teapot"."""
COLOURS: dict[str, Colour] = {
    "red": (0.88, 0.16, 0.15),
    "orange": (0.98, 0.55, 0.10),
    "yellow": (0.99, 0.83, 0.18),
    "green": (0.22, 0.66, 0.27),
    "turquoise": (0.15, 0.74, 0.72),
    "blue": (0.16, 0.38, 0.88),
    "purple": (0.55, 0.27, 0.78),
    "pink": (0.97, 0.55, 0.74),
    "brown": (0.55, 0.34, 0.18),
    "grey": (0.56, 0.58, 0.62),
    "white": (0.98, 0.98, 0.97),
    "black": (0.14, 0.14, 0.17),
}
"""The colours that a prompt can name; a part's colour is one of them, or the main one."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a toy."""

    name: str
    surface: Surface
    colour: str = MAIN


Toy = list[Part]


class Proportions(abc.ABC):
    """The continuous proportions of a toy, and its optional parts, by name."""

    @abc.abstractmethod
    def share(self, name: str) -> float:
        """A number in [0, 1] for this name: where a proportion lies between its ends."""

    def __call__(self, name: str, low: float, high: float) -> float:
        """The proportion of this name, from low to high."""
        return low + (high - low) * self.share(name)

    def has(self, name: str, chance: float = 0.5) -> bool:
        """Whether an optional part of this name is there."""
        return self.share(name) < chance


@dataclass(frozen=True)
class Drawn(Proportions):
    """Independent uniform draws, except for those that are given."""

    rng: np.random.Generator
    given: Mapping[str, float] = field(default_factory=dict)

    def share(self, name: str) -> float:
        """The given number, or a draw."""
        return self.given[name] if name in self.given else float(self.rng.random())


@dataclass(frozen=True)
class Spread(Proportions):
    """Variant `number` of `count`, as different as possible: each proportion takes every stratum once, in random order.

    The order is drawn with the name, so all variants together are a Latin hypercube, the same in every run.
    """

    number: int
    count: int

    def share(self, name: str) -> float:
        """The middle of the variant's stratum, from 0 for the first to 1 for the last."""
        order = np.random.default_rng([*name.encode()]).permutation(self.count)
        return float(order[self.number]) / max(self.count - 1, 1)


Kind = Callable[[Proportions], Toy]
