"""potstill cite."""

from dataclasses import dataclass

from potstill.tasks.bibtex import citation
from potstill.tasks.settings.schema import Positional


@dataclass(frozen=True)
class CiteCommand:
    """Print the BibTeX entry of a method.

        potstill cite pds

    Without a name, the entry of potstill itself is printed.
    """

    method: Positional[str] = "potstill"
    """A name from `potstill methods`, or potstill."""

    def run(self) -> None:
        """Print."""
        print(citation(self.method))
