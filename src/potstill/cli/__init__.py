"""The command line: `potstill COMMAND`. Each command is a module of this package, imported when it runs."""

import contextlib
import difflib
import errno
import importlib
import io
import os
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name of a file may be what a terminal cannot show
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _warn
            code = _dispatch(words)
            sys.stdout.flush()  # here a full disk is still a message
            sys.exit(code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read the output has gone
    except KeyboardInterrupt as stop:
        _fail(str(stop) or "interrupted; nothing was written", code=getattr(stop, "code", 130))
    except Exception as error:
        if debug or (reason := _reason(error)) is None:
            raise
        _fail(reason)


def _reason(error: Exception) -> str | None:
    """What the user can do something about, in words; None for a fault of potstill's."""
    from potstill.errors import PotstillError, shortage

    if isinstance(error, PotstillError):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try again at its end
        return "no space is left where the output goes: free some, or send it elsewhere"
    return shortage(error)


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

    from potstill.cli.flags import registry, stated
    from potstill.cli.parse_errors import told
    from potstill.errors import InputError
    from potstill.tasks.provenance import read_config

    command = importlib.import_module(f"potstill.cli.{name}").Command
    file = stated(words, "--config") if hasattr(command, "of") else None
    default = {"default": command.of(read_config(file, name))} if file else {}
    printed = io.StringIO()
    config = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes, tyro.conf.AvoidSubcommands)
    rules = registry(words, command)
    prog = f"potstill {name}"
    try:
        with contextlib.redirect_stderr(printed):
            return tyro.cli(command, args=words, prog=prog, config=config, registry=rules, **default).run
    except SystemExit as stop:
        if not stop.code:
            raise
        cause: BaseException | None = stop
        while cause := cause.__cause__ or cause.__context__:
            if isinstance(cause, InputError):  # what a value broke, before tyro drew a box around it
                raise cause from None

        def help() -> str:
            shown = io.StringIO()
            with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
                tyro.cli(command, args=["--help"], prog=prog, config=config, registry=rules, **default)
            return shown.getvalue()

        _fail(f"{told(printed.getvalue(), help)} (see potstill {name} --help)")


def _warn(message: Warning | str, *details: object, **more: object) -> None:
    """Print a warning as one line, without the place in the code."""
    print(f"potstill: warning: {_line(str(message))}", file=sys.stderr)


def _fail(message: str, code: int = 2) -> NoReturn:
    print(f"potstill: {_line(message)}", file=sys.stderr)
    sys.exit(code)


def _line(text: str) -> str:
    """Printable, on one line, and not endless: the value stands in front, and the fix at the end."""
    text = " ".join(text.split())
    text = text if len(text) <= 1200 else f"{text[:400]} [...] {text[-700:]}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
