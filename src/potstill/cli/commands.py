"""The commands. `GROUPS` is the only list; the module of a command is imported when it runs."""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple


class CommandEntry(NamedTuple):
    """A command in the list."""

    kind: str
    """Its class, in the module of its name."""
    summary: str
    others: Mapping[str, str] = {}
    """The classes that do the same with other subjects than pictures, by its name, in the module of that name."""


GROUPS = {
    "edit and generate": {
        "edit": CommandEntry(
            "EditCommand",
            "Edit a picture, an SVG or a 3-D scene with two prompts.",
            {"scene": "EditSceneCommand", "drawing": "EditDrawingCommand"},
        ),
        "generate": CommandEntry(
            "GenerateCommand",
            "Generate pictures, SVG or 3-D scenes.",
            {"scene": "GenerateSceneCommand", "drawing": "GenerateDrawingCommand"},
        ),
        "batch": CommandEntry("BatchCommand", "Edit and generate thousands of pictures, SVG or scenes."),
        "resume": CommandEntry("ResumeCommand", "Continue a run that was interrupted or killed."),
    },
    "measure and compare": {
        "compare": CommandEntry(
            "CompareCommand",
            "Show the results of several methods side by side.",
            {"scene": "CompareScenesCommand", "drawing": "CompareDrawingsCommand"},
        ),
        "bench": CommandEntry("BenchCommand", "Measure every method on edits with known answers."),
        "invert": CommandEntry("InvertCommand", "Find the noise that makes a picture, and reconstruct it."),
        "replay": CommandEntry("ReplayCommand", "Rerun a result from its settings and compare the bytes."),
    },
    "learn": {
        "app": CommandEntry("AppCommand", "See it move: a playground in the browser."),
        "methods": CommandEntry("MethodsCommand", "List the methods: equation, noise, cost, reference."),
        "world": CommandEntry("WorldCommand", "Compare methods on 2-D points with an exact score."),
        "theorem": CommandEntry("TheoremCommand", "Show that DDIM sampling is score distillation."),
    },
    "utilities": {
        "view": CommandEntry("ViewCommand", "Show a 3-D scene in the browser."),
        "sample": CommandEntry("SampleCommand", "Draw pictures of a prompt with plain sampling."),
        "vocabulary": CommandEntry("VocabularyCommand", "List the words that the bundled model knows."),
        "cite": CommandEntry("CiteCommand", "Print the BibTeX entry of a method."),
    },
}
"""The commands by their names, under the headings of `potstill --help`."""
COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}
"""All of them."""


def find_command(name: str, subject: str = "") -> Any:
    """The class of a command, on pictures or on another subject, such as "scene"."""
    if subject in COMMANDS[name].others:
        return getattr(importlib.import_module(f"potstill.cli.{subject}"), COMMANDS[name].others[subject])
    return getattr(importlib.import_module(f"potstill.cli.{name}"), COMMANDS[name].kind)


def _listed(group: dict[str, CommandEntry]) -> str:
    return "\n".join(f"  {name:<12}{entry.summary}" for name, entry in group.items())


USAGE = f"""\
usage: potstill COMMAND [options]

Edit and generate pictures by score distillation with diffusion models (SDS, SDI, DDS, PDS and more).
{chr(10).join(f"{chr(10)}{heading}:{chr(10)}{_listed(group)}" for heading, group in GROUPS.items())}

options:
  --help      Show this text. `potstill COMMAND --help` explains a command.
  --version   Show the version.
  --debug     Show the full traceback of an error.
  --plugin FILE
              Run a Python file that defines methods of your own; goes with any command.

examples:
  potstill edit heart.png --source "red heart" --target "blue heart"
  potstill generate "red apple on a blue background"
  potstill generate "red teapot" --scene gaussians
  potstill world moons"""
