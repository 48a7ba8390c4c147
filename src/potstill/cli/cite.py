"""potstill cite."""

from dataclasses import dataclass

import tyro

from potstill.tasks.bibtex import citation


@dataclass(frozen=True)
class Command:
    """Print BibTeX for a method, to cite its authors; without a name, for potstill itself."""

    method: tyro.conf.Positional[str] = "potstill"
    """A name from `potstill methods`, or potstill."""

    def run(self) -> None:
        """Print."""
        print(citation(self.method))
