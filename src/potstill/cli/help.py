"""The helps of a command: the options people use on one screen, all of them by group, or one method explained."""

import inspect
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import is_dataclass

from potstill.baselines import Baseline
from potstill.cli.option_words import label, option, read
from potstill.methods import Method
from potstill.tasks.settings.parsing import to_text
from potstill.tasks.settings.schema import SchemaField, explained, first_sentence, is_method, schema

_COLUMN = 26
"""Where the descriptions start."""


def short_help(name: str, command: type, settings: Sequence[SchemaField]) -> str:
    """What the command does, its examples, and the options that are not advanced; at most a screen."""
    first, *others = _paragraphs(command)
    usual = [setting for setting in settings if not (setting.option.advanced or setting.of_method)]
    lines = [_usage(name, settings), "", *_prose(first)]
    for example in filter(_is_example, others):
        lines += ["", *example]
    lines += ["", *_options(usual, brief=True)]
    more = "More: --help-all shows every option and the details"
    if any(setting.name in ("method", "methods") and not setting.option.positional for setting in settings):
        more += "; --help METHOD explains a method, such as --help pds"
    return "\n".join([*lines, "", *_prose([f"{more}."])])


def full_help(name: str, command: type, settings: Sequence[SchemaField]) -> str:
    """What the command does, and every option by its group."""
    lines = [_usage(name, settings)]
    for paragraph in _paragraphs(command):
        lines += ["", *(paragraph if _is_example(paragraph) else _prose(paragraph))]
    for group in dict.fromkeys(setting.group for setting in settings):
        lines += ["", *_prose([group or "Options:"])]
        lines += _options([setting for setting in settings if setting.group == group])
    return "\n".join(lines)


def method_help(name: str, method: Method | Baseline, settings: Sequence[SchemaField]) -> str:
    """One method: its equation and reference, its fields as options of the command, the components they accept."""
    first, *others = _paragraphs(type(method))
    about = {"gradient": method.equation} if isinstance(method, Method) else {"how": method.equation}
    about |= {"compares with": method.comparison} if isinstance(method, Method) else {}
    about |= {"use it": method.advice} if method.advice else {}
    about |= {"reference": method.reference}
    lines = [*_prose([f"{type(method).__name__}:", *first]), "", *_rows(about.items())]
    for paragraph in others:
        lines += ["", *(paragraph if _is_example(paragraph) else _prose(paragraph))]
    own, heading = [setting for setting in settings if setting.of_method], f"Options of potstill {name} with it:"
    if not own:
        own, heading = schema(type(method), method), f"potstill {name} takes it as an expression, with the fields:"
    lines += ["", heading, *_options(own)]
    for setting in own:
        if components := explained(setting.kind):
            lines += ["", f"Choices for {option(setting)}:", *_rows(components.items())]
    return "\n".join(lines)


def _usage(name: str, settings: Sequence[SchemaField]) -> str:
    required = [label(each) for each in _positional_first(settings) if each.required or each.option.positional]
    return "\n".join(_wrapped(" ".join([f"usage: potstill {name}", *required, "[options]"]), "", "  "))


def _options(settings: Iterable[SchemaField], brief: bool = False) -> Iterator[str]:
    """Rows of options with their docstrings, or the first sentences of these, and their defaults."""
    for setting in _positional_first(settings):
        text = first_sentence(setting.doc) if brief else setting.doc
        if is_method(setting.kind) and not text:
            text = "A name from `potstill methods`, or an expression such as PDS(noise=Fixed())."
        default = "" if setting.required or setting.default is False else _shown(setting)
        yield from _rows([(label(setting), f"{text} (default: {default})" if default else text)])


def _shown(setting: SchemaField) -> str:
    """The default as it would be typed; empty if there is none to type."""
    value = setting.default
    if is_method(setting.kind):
        return next((name for name in setting.choices if read(setting.kind, [name], name) == value), to_text(value))
    if is_dataclass(value):
        return to_text(value)
    return " ".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)


def _positional_first(settings: Iterable[SchemaField]) -> list[SchemaField]:
    return sorted(settings, key=lambda setting: not setting.option.positional)


def _paragraphs(kind: type) -> list[list[str]]:
    """The paragraphs of a docstring, as lines."""
    found = [paragraph.split("\n") for paragraph in (inspect.getdoc(kind) or "").split("\n\n")]
    return [paragraph for paragraph in found if paragraph[0] != "Raises:"]


def _is_example(paragraph: Sequence[str]) -> bool:
    """Whether it is indented: a command to copy or an equation, which is not wrapped."""
    return all(line.startswith("    ") for line in paragraph)


def _rows(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Two columns; a long left side stands on a line of its own."""
    for left, right in pairs:
        left = f"  {left}"
        if len(left) > _COLUMN - 2:
            yield from _wrapped(left, "", " " * 6)
            left = ""
        yield from _wrapped(right, left.ljust(_COLUMN), " " * _COLUMN)


def _prose(paragraph: Sequence[str]) -> list[str]:
    return _wrapped(" ".join(paragraph), "", "")


def _wrapped(text: str, first: str, others: str) -> list[str]:
    """Lines no wider than the terminal, or 40 columns where that is narrower."""
    width = max(40, min(100, shutil.get_terminal_size((100, 24)).columns))
    lines = textwrap.wrap(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
    return lines or [first.rstrip()]
