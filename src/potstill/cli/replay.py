"""potstill replay."""

import sys
from dataclasses import dataclass
from pathlib import Path

from potstill.cli.console import step_progress, to_json
from potstill.cli.interrupts import note
from potstill.io.claims import Claim, check_outputs
from potstill.tasks.files.provenance import read_record
from potstill.tasks.files.scenes import outputs_of
from potstill.tasks.runs.replaying import replay
from potstill.tasks.settings.schema import Positional
from potstill.tasks.subjects import subject_of_record


@dataclass(frozen=True)
class ReplayCommand:
    """Run a result again from the settings in its PNG or JSON, and say whether the bytes agree.

    They agree on the same machine with the same versions. If they do not, the largest pixel difference is printed
    with what has changed: versions, weights, threads. The exit code is 0 if the bytes agree, otherwise 1.

        potstill replay edit.png
    """

    file: Positional[Path]
    """A result of potstill: a PNG or its JSON, an SVG, or a scene (.ply or .glb)."""
    out: Path | None = None
    """Also write the new result to this file. If a file of that name exists, the next free name is taken."""
    overwrite: bool = False
    """Replace existing files instead of taking the next free name."""
    json: bool = False
    """Print JSON instead of a sentence."""

    def run(self) -> None:
        """Replay, compare, print."""
        if self.out:
            outputs = outputs_of(subject_of_record(read_record(self.file)).name, self.out)
            check_outputs(outputs, [self.file], self.overwrite)
        with step_progress() as show:
            found = replay(self.file, on_step=lambda step: show("replay", step))
        if self.out:
            outputs = outputs_of(found.result.subject, self.out, len(found.result.images))
            inputs = [self.file, *found.result.inputs]
            with Claim(outputs, inputs, self.overwrite, say=note) as claim:
                found.result.write(claim.outputs.path)
        if self.json:
            print(to_json({"agree": found.agree, "largest_difference": found.largest, "changes": found.changes}))
        elif found.agree:
            print("the same, to the byte")
        else:
            changes = "; ".join(found.changes) or "nothing else changed"
            print(f"different: pixels by up to {found.largest} of 255; {changes}")
        sys.exit(0 if found.agree else 1)
