"""potstill replay."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from potstill.cli.console import step_progress, to_json
from potstill.io.files import writable_png
from potstill.tasks.replaying import replay


@dataclass(frozen=True)
class Command:
    """Make a result of `edit` or `generate` again, from the settings in its PNG or in the JSON beside it.

    Says whether the bytes agree. On the same machine with the same versions they do; where they do not, it
    says how far the pixels are apart and what has changed: versions, weights, threads. The exit code is 0
    if the bytes agree, else 1.
    """

    file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]
    """A PNG or JSON that potstill wrote."""
    out: Path | None = None
    """Keep the new images, too: a PNG."""
    json: bool = False
    """Print JSON."""

    def run(self) -> None:
        """Replay, compare, print."""
        if self.out:
            writable_png(self.out)
        with step_progress() as show:
            found = replay(self.file, on_step=lambda step: show("replay", step))
        if self.out:
            found.result.save(self.out)
        if self.json:
            print(to_json({"agree": found.agree, "largest_difference": found.largest, "changes": found.changes}))
        elif found.agree:
            print("the same, to the byte")
        else:
            changes = "; ".join(found.changes) or "nothing else changed"
            print(f"different: pixels by up to {found.largest} of 255; {changes}")
        sys.exit(0 if found.agree else 1)
