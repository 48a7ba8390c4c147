"""potstill resume."""

import importlib
import os
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import tyro

from potstill.errors import InputError
from potstill.tasks.checkpoint import find, read
from potstill.tasks.state_file import damaged_file_errors

COMMANDS = ("edit", "generate", "compare", "invert", "world")
"""What keeps checkpoints."""


@dataclass(frozen=True)
class Command:
    """Go on with a command that was interrupted, killed, or stopped by an error, to the bytes it would have given.

    `edit`, `generate`, `compare`, `invert` and `world` save themselves every `--checkpoint-every` seconds and when
    they are interrupted, beside their results, in a file that is removed when these are written:

        potstill resume edit.png
        potstill resume world-moons

    A checkpoint of another potstill, other weights or another picture is refused.
    """

    path: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="PATH")]
    """The checkpoint, the folder it lies in, or the result beside it."""
    json: bool = False
    """Print the JSON of the command instead of a summary."""

    def run(self) -> None:
        """Go on."""
        place = find(self.path).absolute()
        saved = read(place)
        name = saved.record["command"]
        if name not in COMMANDS:
            raise InputError(f"{str(place)!r} is of potstill {name}: what can be resumed is {', '.join(COMMANDS)}")
        versions, ours = saved.record.get("versions"), version("potstill")
        theirs = versions.get("potstill") if isinstance(versions, dict) else None
        if theirs != ours:
            raise InputError(
                f"{str(place)!r} is of potstill {theirs}, and this is {ours}: install that one, or delete it and "
                "start anew"
            )
        if self.json:
            saved = replace(saved, options=saved.options | {"json": True})
        with damaged_file_errors(place):
            command = importlib.import_module(f"potstill.cli.{name}").Command.again(saved)
        if Path(saved.folder).is_dir():
            os.chdir(saved.folder)  # where relative paths of pictures and models begin
        command.run(resumed=place)
