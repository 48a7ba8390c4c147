"""potstill vocabulary."""

import shutil
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from potstill.cli.console import to_json
from potstill.priors.prompts import check_prompt
from potstill.priors.reading import names
from potstill.priors.reading.words import split
from potstill.priors.vocabulary import read_vocabulary
from potstill.tasks.settings.schema import Positional

_FORM = (
    "A prompt: [style] [size] [COLOUR] SUBJECT [skin tone] [at the place] [on a COLOUR background]\n"
    "Two things: [style] [COLOUR] SUBJECT to the left of a [COLOUR] SUBJECT [on a COLOUR background]"
)


@dataclass(frozen=True)
class VocabularyCommand:
    """List the words that the bundled model knows.

    With a word, list what contains it and its other names, or the known words nearest to an unknown one. With a prompt,
    in English or Korean, show what the model reads in it.

        potstill vocabulary
        potstill vocabulary apple
        potstill vocabulary "a puppy in the upper left"
    """

    word: Positional[str] = ""
    """A word, or several in quotes. Without one, everything is listed."""
    model: str = "emoji"
    """emoji (bundled), or the folder of a model with a vocabulary.json."""
    json: bool = False
    """Print JSON instead of the list."""

    def run(self) -> None:
        """Print."""
        check_prompt(self.word, "word")
        vocabulary = read_vocabulary(self.model)
        phrases, unknown = vocabulary.containing(self.word), vocabulary.unknown(self.word)
        read = " ".join(vocabulary.read(self.word).words)
        if self.json:
            found = {"word": self.word, "read_as": read, "names": names(read), "phrases": phrases, "unknown": unknown}
            print(to_json(found))
            return
        if read != " ".join(split(self.word)):
            print(f"{self.word!r} is read as {read!r}")
        if others := names(read):
            print(f"other names of {read!r}: {', '.join(others)}")
        for word, near in unknown.items():
            hint = f"nearest: {', '.join(near)}" if near else "nothing is like it"
            print(f"{word!r} is not known; {hint}")
        if not unknown and not phrases:
            print(f"every word of {self.word!r} is known, but no phrase has them all; a prompt may still join them")
        _print_groups(phrases)
        if not self.word:
            print(_FORM)


def _print_groups(groups: Mapping[str, Sequence[str]]) -> None:
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    for name, phrases in groups.items():
        print(name)
        text = ", ".join(phrases)
        print(textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False) + "\n")
