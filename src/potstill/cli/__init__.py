"""The command line: `potstill COMMAND`."""

import dataclasses
import difflib
import errno
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from potstill.cli.commands import COMMANDS, USAGE, find_command
from potstill.cli.process import drop_output, prepare_streams, stoppable
from potstill.errors import Note, PotstillError, check_room, shortage

_ROOM = 600_000_000
"""Bytes of address space that numpy and torch need to load."""

if TYPE_CHECKING:
    from potstill.cli.parser import Line


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with 0 (done), 2 (an input error, one line on stderr) or 130 (interrupted)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    prepare_streams()
    signals: list[int] = []
    try:
        with stoppable() as signals, warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = partial(_warn, set())
            code = _dispatch(words)
            sys.stdout.flush()  # a full disk must be noticed while it can still be reported
            sys.exit(code)
    except BrokenPipeError:
        drop_output()  # its reader has gone
    except KeyboardInterrupt as stop:
        _fail(str(stop) or "interrupted; nothing was written", code=getattr(stop, "code", 130))
    except Exception as error:
        if signals and not debug:
            _fail("interrupted; nothing was written", 128 + signals[0])
        if debug or (reason := _reason(error)) is None:
            raise
        _fail(reason)


def _reason(error: Exception) -> str | None:
    """An error that the user can act on, in words; None for a bug of potstill."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        drop_output()
    if isinstance(error, PotstillError):
        return str(error)
    if (reason := shortage(error)) or not isinstance(error, OSError) or error.errno is None:
        return reason
    return f"{str(error.filename or 'a file')!r} cannot be used: {error.strerror}; check it and its permissions"


def _dispatch(words: list[str]) -> int:
    words = _load_plugins(words)
    if not words or words[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if words else 2
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"potstill {version('potstill')}")
        return 0
    name, *rest = words
    try:
        os.getcwd()
    except OSError:
        _fail("the current folder does not exist any more: change to another one")
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, [*COMMANDS, "--help", "--version"], n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"choose {', '.join(COMMANDS)}"
        _fail(f"unknown command {name!r}: {hint}")
    _parse(name, rest)()
    return 0


def _load_plugins(words: list[str]) -> list[str]:
    """The words without each `--plugin FILE`, whose file is loaded."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        option, _, file = word.partition("=")
        if word == "--":
            kept += [word, *rest]
        elif option != "--plugin":
            kept.append(word)
        elif file := file or next(rest, ""):
            check_room(_ROOM, "potstill")
            from potstill.tasks.settings.plugins import load_plugin

            load_plugin(file)
        else:
            _fail("--plugin needs a value: write --plugin FILE, a Python file that defines a method")
    return kept


def _parse(name: str, words: list[str]) -> Callable[[], None]:
    """The command with its settings, ready to run, or what prints one of its helps."""
    check_room(_ROOM, "potstill")
    from potstill.baselines import Baseline
    from potstill.cli import help, parser
    from potstill.cli.option_words import UsageError, read
    from potstill.methods import Method
    from potstill.tasks.files.provenance import read_config
    from potstill.tasks.settings.schema import build, is_method, schema

    command, line, usual = find_command(name), parser.split(words), dataclasses.MISSING
    file = line.last("--config") if hasattr(command, "from_record") else None
    record = read_config(file, name) if file else None
    if COMMANDS[name].others:
        command = find_command(name, subject := _subject(name, line, record))
        line = _with_model(command, line) if subject == "scene" and not record else line
    if record:
        usual = command.from_record(record)
    preset = _preset(command, line, record)
    settings = schema(command, usual)
    held = next((setting for setting in settings if is_method(setting.kind)), None)
    text, asked = (held and line.last("--method")) or preset.get("method"), line.last("--help", "-h")
    method = None
    if text := asked or text:
        method = read(held.kind if held else Method | Baseline, [text], "--method")
        settings = schema(command, usual, method)
    if line.last("--help-all") is not None:
        return partial(print, help.full_help(name, command, settings))
    if asked is not None:
        shown = help.method_help(name, method, settings) if method else help.short_help(name, command, settings)
        return partial(print, shown)
    try:
        values = parser.values(line, settings)
        told = command.task_values(preset) if preset else {}
        values = told | values
        parser.check_complete(values, settings)
    except UsageError as error:
        reason = isinstance(error, parser.UnknownOption) and _of_another_subject(name, command, error.option)
        raise UsageError(f"{reason or error} (see potstill {name} --help)") from None
    return build(command, values, usual).run


def _subject(name: str, line: "Line", record: Mapping[str, Any] | None) -> str:
    """The name of what a command is about: by its file, by --scene, or by the settings that it takes."""
    from potstill.cli.parser import positional_words
    from potstill.errors import InputError
    from potstill.tasks.settings.schema import schema
    from potstill.tasks.subjects import PICTURE, SCENE, SUBJECTS, subject_of, subject_of_file, subject_of_record

    if name != "generate" and (words := positional_words(line, schema(find_command(name)))):
        found = next((each for each in map(subject_of_file, words) if each is not PICTURE), PICTURE)
        if found is not PICTURE or name == "edit":
            return found.name
    if (kind := line.last("--scene")) is not None:
        kinds = [each for subject in COMMANDS[name].others for each in SUBJECTS[subject].kinds]
        if name != "edit" and kind not in kinds:
            raise InputError(f"--scene = {kind!r} must be one of {', '.join(kinds)}")
        return (SCENE if (found := subject_of({"scene": kind})) is PICTURE else found).name
    return PICTURE.name if record is None else subject_of_record(record).name


def _with_model(command: Any, line: "Line") -> "Line":
    """The line with the model that the file of a scene was made with, if it states none and asks for no help."""
    from potstill.cli.parser import Group, positional_words
    from potstill.tasks.files.provenance import model_of_scene
    from potstill.tasks.settings.schema import schema
    from potstill.tasks.subjects import SCENE, subject_of_file

    settings = schema(command)
    file = next((each for each in positional_words(line, settings) if subject_of_file(each) is SCENE), None)
    if file is None or line.last("--model", "--help", "-h", "--help-all") is not None:
        return line
    usual = next(each.default for each in settings if each.path == ("model", "model"))
    name = model_of_scene(file, usual)
    return line if name == usual else dataclasses.replace(line, groups=[*line.groups, Group("--model", [name])])


def _of_another_subject(name: str, command: Any, wanted: str) -> str:
    """What is wrong with an option that a command has for another subject; empty if it has none of that name."""
    from potstill.cli.option_words import option
    from potstill.tasks.settings.schema import schema
    from potstill.tasks.subjects import SUBJECTS

    having = []
    for subject in ("picture", *COMMANDS[name].others):
        other = find_command(name, subject)
        if other is not command and wanted in {option(each) for each in schema(other) if not each.option.positional}:
            having.append(subject)
    if not having:
        return ""
    fix = f"give the file of a {' or '.join(having)}, or leave it out"
    if "picture" in having:
        fix = "leave it out"
    elif name == "generate":
        fix = f"give {' or '.join(f'--scene {SUBJECTS[subject].kinds[0]}' for subject in having)}, or leave it out"
    return f"{wanted} is an option for {' and '.join(f'{subject}s' for subject in having)}: {fix}"


def _preset(command: Any, line: "Line", record: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of the preset that is asked for, or of the model's own unless a record has all settings."""
    if not hasattr(command, "presets"):
        return {}
    from potstill.tasks.scenes.presets import default_preset, with_preset

    name = line.last("--preset") or (None if record else default_preset(line.last("--model")))
    return with_preset(name, command.presets, {})


def _warn(said: set[str], message: Warning | str, category: type[Warning], *details: object, **more: object) -> None:
    """Print a warning or a note as one line, without the place in the code, unless it was said before."""
    line = f"potstill: {'note' if issubclass(category, Note) else 'warning'}: {_line(str(message))}"
    if line not in said:
        said.add(line)
        print(line, file=sys.stderr)


def _fail(message: str, code: int = 2) -> NoReturn:
    print(f"potstill: {_line(message)}", file=sys.stderr)
    sys.exit(code)


def _line(text: str) -> str:
    """One printable line of limited length: the value is at its beginning, the fix at its end."""
    from potstill.io.printable import printable

    text = " ".join(text.split())
    return printable(text if len(text) <= 1200 else f"{text[:400]} [...] {text[-700:]}")
