"""The commands. `COMMANDS` is the only list; the module of a command is imported when it runs."""

import importlib
from typing import Any, NamedTuple


class CommandEntry(NamedTuple):
    """A command in the list."""

    group: str
    """Its heading in `potstill --help`."""
    path: str
    """Module and class, below `potstill.cli`."""
    summary: str


COMMANDS = {
    "edit": CommandEntry("edit and generate", "edit:EditCommand", "Edit a picture with two prompts."),
    "generate": CommandEntry("edit and generate", "generate:GenerateCommand", "Generate pictures from a prompt."),
    "batch": CommandEntry(
        "edit and generate", "batch:BatchCommand", "Edit and generate thousands of pictures from a table."
    ),
    "resume": CommandEntry(
        "edit and generate", "resume:ResumeCommand", "Continue a run that was interrupted or killed."
    ),
    "compare": CommandEntry(
        "measure and compare", "compare:CompareCommand", "Show the results of several methods side by side."
    ),
    "bench": CommandEntry(
        "measure and compare", "bench:BenchCommand", "Measure every method on edits with known answers."
    ),
    "invert": CommandEntry(
        "measure and compare", "invert:InvertCommand", "Find the noise that makes a picture, and reconstruct it."
    ),
    "replay": CommandEntry(
        "measure and compare", "replay:ReplayCommand", "Rerun a result from its settings and compare the bytes."
    ),
    "methods": CommandEntry("learn", "methods:MethodsCommand", "List the methods: equation, noise, cost, reference."),
    "world": CommandEntry("learn", "world:WorldCommand", "Compare methods on 2-D points with an exact score."),
    "theorem": CommandEntry("learn", "theorem:TheoremCommand", "Show that DDIM sampling is score distillation."),
    "sample": CommandEntry("utilities", "sample:SampleCommand", "Draw pictures of a prompt with plain sampling."),
    "vocabulary": CommandEntry(
        "utilities", "vocabulary:VocabularyCommand", "List the words that the bundled model knows."
    ),
    "cite": CommandEntry("utilities", "cite:CiteCommand", "Print the BibTeX entry of a method."),
}
"""The commands by their names, in the order in which they are listed."""


def find_command(name: str) -> Any:
    """The class of a command."""
    module, _, kind = COMMANDS[name].path.partition(":")
    return getattr(importlib.import_module(f"potstill.cli.{module}"), kind)


def _listed() -> str:
    lines = []
    for group in dict.fromkeys(entry.group for entry in COMMANDS.values()):
        lines.append(f"\n{group}:")
        lines += [f"  {name:<12}{entry.summary}" for name, entry in COMMANDS.items() if entry.group == group]
    return "\n".join(lines)


USAGE = f"""\
usage: potstill COMMAND [options]

Edit and generate pictures by score distillation with diffusion models (SDS, SDI, DDS, PDS and more).
{_listed()}

options:
  --help      Show this text. `potstill COMMAND --help` explains a command.
  --version   Show the version.
  --debug     Show the full traceback of an error.

examples:
  potstill edit heart.png --source "red heart" --target "blue heart"
  potstill generate "red apple on a blue background"
  potstill world moons"""
