"""The vocabulary of a model with few words: the phrases of its prompts, in groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from potstill.errors import InputError
from potstill.io.files import there
from potstill.priors.loading import BUNDLED
from potstill.priors.prompts import neighbours, reading
from potstill.priors.reading import Reading
from potstill.priors.reading.words import split
from potstill.priors.safety import read_json

NAME = "vocabulary.json"


@dataclass(frozen=True)
class Vocabulary:
    """Phrases, by group: `groups["skin tones"]` or `groups["subjects: food"]`."""

    groups: Mapping[str, Sequence[str]]

    @cached_property
    def words(self) -> list[str]:
        """Every word of every phrase, sorted."""
        return sorted({word for group in self.groups.values() for phrase in group for word in split(phrase)})

    def read(self, text: str) -> Reading:
        """What a text is read as; some words have names of their own, such as "kitten" or 사과."""
        return reading(self.words, text)

    def containing(self, text: str) -> dict[str, list[str]]:
        """The phrases that hold every word of `text`, by group. Groups without one are left out."""
        wanted = {*self.read(text).words}
        held = {name: [text for text in group if wanted <= set(split(text))] for name, group in self.groups.items()}
        return {name: phrases for name, phrases in held.items() if phrases}

    def unknown(self, text: str) -> dict[str, list[str]]:
        """The words of `text` that are in no phrase, each with the most similar known words."""
        return {word: neighbours(word, self.words) for word in self.read(text).words if word not in self.words}


def read_vocabulary(model: str | Path = "emoji") -> Vocabulary:
    """The vocabulary in a model's folder.

    Raises:
        InputError: it has none (models that take any text have none), or the file is broken.
    """
    path = BUNDLED.get(str(model), Path(model)) / NAME
    if not there(path):
        raise InputError(
            f"there is no list of words at {str(path)!r}: only models with few words have one, such as emoji and toys"
        )
    groups = read_json(path)
    listed = groups.pop("subjects", None)
    lists = [*groups.values(), *(listed.values() if isinstance(listed, dict) else [None])]
    if not all(isinstance(group, list) and all(isinstance(text, str) for text in group) for group in lists):
        raise InputError(f"{path} is not a list of words: it must hold lists of texts by group, and subjects by kind")
    subjects = {f"subjects: {name}": tuple(phrases) for name, phrases in (listed or {}).items()}
    return Vocabulary(subjects | {name: tuple(phrases) for name, phrases in groups.items()})
