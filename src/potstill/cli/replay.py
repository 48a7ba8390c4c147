"""potstill replay."""

import sys
from dataclasses import dataclass
from pathlib import Path

from potstill.cli.console import step_progress, to_json
from potstill.io.files import writable_png
from potstill.tasks.replaying import replay
from potstill.tasks.schema import Positional


@dataclass(frozen=True)
class ReplayCommand:
    """Run a result again from the settings in its PNG or JSON, and say whether the bytes agree.

    They agree on the same machine with the same versions. If they do not, the largest pixel difference is printed
    with what has changed: versions, weights, threads. The exit code is 0 if the bytes agree, otherwise 1.

        potstill replay edit.png
    """

    file: Positional[Path]
    """A PNG or JSON that potstill wrote."""
    out: Path | None = None
    """Also write the new images to this PNG."""
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
