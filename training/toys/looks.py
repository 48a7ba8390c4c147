"""How one toy looks: its kind, its colours and its missing parts; its caption, and whether training leaves it out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from training.heldout import chosen
from training.toys.kinds import KINDS
from training.toys.parts import COLOURS, MAIN, Part, Proportions, Toy
from training.toys.surfaces import Surface, cylinder
from training.toys.words import Named, Word, named


@dataclass(frozen=True)
class Look:
    """A toy without its proportions."""

    kind: str
    colour: str
    """Of the whole."""
    colours: Mapping[str, str] = field(default_factory=dict)
    """Of the words whose colour is not the usual one."""
    missing: frozenset[str] = frozenset()
    """The words of the parts that are not there."""

    @property
    def about(self) -> Named:
        """What captions say of the kind."""
        return named()[self.kind]

    @property
    def facts(self) -> list[str]:
        """What is not as usual, each as a short text that the rule of held-out toys rests on."""
        words = self.about.words
        found = [f"{self.colour} {self.kind}"] if self.colour != self.about.natural else []
        found += [f"{self.kind} without {name}" for name in sorted(self.missing) if not words[name].on]
        found += [f"{self.kind} with {colour} {name}" for name, colour in sorted(self.colours.items())]
        return found

    @property
    def held_out(self) -> bool:
        """Whether training leaves this look out: one of the facts falls into the held-out tenth."""
        return any(chosen(f"toy {fact}") for fact in self.facts)

    def caption(self, colour: bool = True, background: str = "") -> str:
        """In plain words, such as "green mug with a red handle on a white background"."""
        words = self.about.words
        with_ = [
            f"{_a(tint)}{tint} {name}" if _one(words[name]) else f"{tint} {name}" for name, tint in self.colours.items()
        ]
        without = [words[name].phrase for name in sorted(self.missing) if not words[name].on]
        return " ".join(
            [
                *([self.colour] if colour else []),
                self.kind,
                *(["with", " and ".join(with_)] if with_ else []),
                *(["without", " and ".join(without)] if without else []),
                *([f"on {_a(background)}{background} background"] if background else []),
            ]
        )

    def palette(self, toy: Toy) -> dict[str, str]:
        """The name of the colour of each part, by its name."""
        about = self.about
        usual = {part: word.colour for word in about.words.values() for part in word.parts if word.colour}
        unusual = {part: tint for name, tint in self.colours.items() for part in about.words[name].parts}
        whole = {part.name for part in toy if part.colour == MAIN} | {*about.body}
        own = {part.name: self.colour if part.name in whole else part.colour for part in toy}
        return {name: unusual.get(name, usual.get(name, tint)) for name, tint in own.items()}


def _one(word: Word) -> bool:
    return word.phrase != word.name


def _a(words: str) -> str:
    return "an " if words[0] in "aeiou" else "a "


def whole(kind: str, proportions: Proportions) -> Toy:
    """A toy with all that it can have; its size and middle are those of all looks."""
    toy = KINDS[kind](proportions)
    by_name = {part.name: part.surface for part in toy}
    extra = [word for word in named()[kind].words.values() if word.on]
    return toy + [Part(word.name, _hat(by_name[str(word.on)]), "red") for word in extra]


def without(toy: Toy, kind: str, missing: Collection[str]) -> Toy:
    """The toy without the parts of these words."""
    gone = {part for name in missing for part in named()[kind].words[name].parts}
    return [part for part in toy if part.name not in gone]


def _hat(below: Surface) -> Surface:
    """A hat on the highest point in the middle of a surface."""
    low, high = below.vertices.min(0), below.vertices.max(0)
    x, y, _ = (low + high) / 2
    wide = 0.36 * float(min((high - low)[:2]))
    near = np.linalg.norm(below.vertices[:, :2] - (x, y), axis=1) < 0.3 * wide
    top = float(below.vertices[near, 2].max()) - 0.16 * wide
    brim = cylinder(wide, 0.16 * wide).at(x, y, top)
    return brim + cylinder(0.62 * wide, 0.95 * wide, 0.56 * wide).at(x, y, top + 0.1 * wide)


def optional(kind: str) -> list[Word]:
    """The words of a kind whose parts can be missing."""
    return [word for word in named()[kind].words.values() if word.optional]


def draw_missing(kind: str, rng: np.random.Generator) -> frozenset[str]:
    """Which parts are missing: none that is always there, at most one that is usual, most hats."""
    while True:
        usual = [word.name for word in optional(kind) if not word.on]
        gone = {str(rng.choice(usual))} if usual and rng.random() < 0.4 else set()
        gone |= {word.name for word in optional(kind) if word.on and rng.random() < 0.6}
        plain = Look(kind, named()[kind].natural or "red", missing=frozenset(gone))
        if not any(chosen(f"toy {fact}") for fact in plain.facts if "without" in fact):
            return plain.missing


def draw_look(kind: str, missing: frozenset[str], rng: np.random.Generator) -> Look:
    """Random colours that are not held out; half of the toys with a natural colour have another one."""
    about = named()[kind]
    while True:
        plain = about.natural and rng.random() < 0.3
        look = Look(kind, str(about.natural) if plain else _any(COLOURS, rng), missing=missing)
        free = [word.name for word in about.words.values() if word.name not in missing]
        added = [name for name in free if about.words[name].on]
        count = int(rng.choice(3, p=[0.5, 0.38, 0.12]))
        picked = {*added, *rng.permutation([name for name in free if name not in added])[:count].tolist()}
        look = replace(look, colours={name: _any(COLOURS, rng) for name in about.words if name in picked})
        if not look.held_out:
            return look


def _any(values: Sequence[str] | Mapping[str, object], rng: np.random.Generator) -> str:
    return str(rng.choice([*values]))
