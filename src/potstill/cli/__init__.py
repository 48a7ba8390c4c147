"""The command line: `potstill COMMAND`. Each command is a module of this package, imported when it runs."""

import contextlib
import difflib
import importlib
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn

COMMANDS = {
    "edit": "Edit a picture with two prompts: what it shows, and what it should show.",
    "generate": "Generate pictures from a prompt by score distillation.",
    "compare": "Edit or generate with several methods, and see the results side by side.",
    "batch": "Do thousands of edits and generations, a row of a table each; what is done stays done.",
    "invert": "Find the noise that makes a picture, and see how well the picture comes back.",
    "resume": "Go on with a command that was interrupted or killed, to the same bytes.",
    "replay": "Make a result again from the settings it carries, and say whether the bytes agree.",
    "bench": "Measure every method on edits whose true answers are known.",
    "world": "Compare methods on an exact 2-D world: a picture, an animation, a table.",
    "theorem": "Show that DDIM sampling is score distillation, for every sigma from 0 to its maximum.",
    "sample": "Draw pictures of a prompt with plain sampling: what the model knows.",
    "vocabulary": "List the words that the bundled model knows, or those nearest to a word.",
    "methods": "List the methods: equation, noise source, comparison, reference.",
    "cite": "Print the BibTeX entry of a method, or of potstill.",
}

USAGE = f"""\
usage: potstill COMMAND [options]

Score distillation with diffusion models: one core for SDS, SDI, DDS, PDS and what lies between.

commands:
{chr(10).join(f"  {name:<12}{text}" for name, text in COMMANDS.items())}

options:
  --help    this text; `potstill COMMAND --help` explains a command and its options
  --version
  --debug   show the traceback of an error

examples:
  potstill edit photo.png --source "a red heart" --target "a blue heart"
  potstill world moons                                  SDS collapses, DDS drifts, PDS keeps its shape
  potstill world rings --methods sds dds pds sdi --out rings
  potstill resume world-moons                           goes on with what was interrupted there
  potstill theorem --steps 20
  potstill sample "red apple on a blue background"
  potstill vocabulary apple"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 a mistake in the input (one line on stderr), 130 interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _warn
            sys.exit(_dispatch(words))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read the output has gone
    except KeyboardInterrupt as stop:
        _fail(str(stop) or "interrupted; nothing was written", code=getattr(stop, "code", 130))
    except Exception as error:
        from potstill.errors import PotstillError

        if debug or not isinstance(error, PotstillError):
            raise
        _fail(str(error))


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if words else 2
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"potstill {version('potstill')}")
        return 0
    name, *rest = words
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"choose {', '.join(COMMANDS)}"
        _fail(f"unknown command {name!r}: {hint}")
    _parse(name, rest)()
    return 0


def _parse(name: str, words: list[str]) -> Callable[[], None]:
    """Build the command from its options and return what runs it; a mistake is one line."""
    import tyro

    from potstill.cli.fields import registry, stated
    from potstill.record import read_config

    command = importlib.import_module(f"potstill.cli.{name}").Command
    file = stated(words, "--config") if hasattr(command, "of") else None
    default = {"default": command.of(read_config(file, name))} if file else {}
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            config = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes, tyro.conf.AvoidSubcommands)
            rules = registry(words, command)
            prog = f"potstill {name}"
            return tyro.cli(command, args=words, prog=prog, config=config, registry=rules, **default).run
    except SystemExit as stop:
        if not stop.code:
            raise
        text = re.sub(r"[─-╿]|\x1b\[[0-9;]*m", " ", printed.getvalue())
        text = re.split("Argument helptext|Got errors|For full helptext", " ".join(text.split()))[0]
        text = re.sub("^(Value error|Unrecognized options|Required options|Parsing error) ", "", text)
        _fail(f"{text.strip(' .')}: see potstill {name} --help")


def _warn(message: Warning | str, *details: object, **more: object) -> None:
    """Print a warning as one line, without the place in the code."""
    print(f"potstill: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _fail(message: str, code: int = 2) -> NoReturn:
    print(f"potstill: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)
