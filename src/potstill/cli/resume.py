"""potstill resume."""

import os
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from potstill.cli.commands import find_command
from potstill.errors import InputError
from potstill.tasks.runs.checkpoint import find, read
from potstill.tasks.runs.state_file import damaged_file_errors
from potstill.tasks.settings.schema import Positional
from potstill.tasks.subjects import subject_of_record

COMMANDS = ("edit", "generate", "compare", "invert", "world")
"""The commands that write checkpoints."""


@dataclass(frozen=True)
class ResumeCommand:
    """Continue a run that was interrupted, killed or stopped by an error. Its result has the bytes it would have had.

    `edit`, `generate`, `compare`, `invert` and `world` write a checkpoint beside their results every
    `--checkpoint-every` seconds and when they are interrupted. It is removed when the results are written.

        potstill resume edit.png
        potstill resume world-moons

    A checkpoint of another version of potstill, other weights or another picture is refused.
    """

    path: Positional[Path]
    """The checkpoint, its folder, or the result beside it."""
    json: bool = False
    """Print the JSON of the command instead of a summary."""

    def run(self) -> None:
        """Resume the command."""
        place = find(self.path).absolute()
        saved = read(place)
        name = saved.record["command"]
        if name not in COMMANDS:
            raise InputError(f"{str(place)!r} belongs to potstill {name}: only {', '.join(COMMANDS)} can be resumed")
        versions, ours = saved.record.get("versions"), version("potstill")
        theirs = versions.get("potstill") if isinstance(versions, dict) else None
        if theirs != ours:
            raise InputError(
                f"{str(place)!r} is from potstill {theirs}, and this is {ours}: install that version, or delete it and "
                "start anew"
            )
        if self.json:
            saved = replace(saved, options=saved.options | {"json": True})
        with damaged_file_errors(place):
            command = find_command(name, subject_of_record(saved.record).name).from_checkpoint(saved)
        if Path(saved.folder).is_dir():
            os.chdir(saved.folder)  # where relative paths of pictures and models begin
        command.run(resumed=place)
