"""Settings in the words of a command line: their options and placeholders, and the values that words stand for."""

import os
from collections.abc import Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from potstill.errors import InputError
from potstill.tasks.settings.kinds import NOTHING
from potstill.tasks.settings.numbers import INTEGER, check_range
from potstill.tasks.settings.parsing import from_text
from potstill.tasks.settings.schema import SchemaField, is_component, is_method, members

_RULES = {int: "a whole number", float: "a number", str: "a text", Path: "a path"}
_METAVARS = {int: "INT", float: "NUMBER", str: "TEXT", Path: "PATH"}
_COUNTS = {2: "two", 3: "three", 4: "four", 6: "six"}


class UsageError(InputError):
    """A command line does not follow the usage of its command."""


def option(setting: SchemaField) -> str:
    """`--guidance-scale`, `--no-gif` for what is on unless it is turned off; the placeholder of a positional one."""
    if setting.option.positional:
        return metavar(setting)
    return f"--{'no-' if setting.default is True and is_flag(setting) else ''}{setting.name.replace('_', '-')}"


def label(setting: SchemaField) -> str:
    """The option with the placeholder for its value."""
    return option(setting) if setting.option.positional or is_flag(setting) else f"{option(setting)} {metavar(setting)}"


def metavar(setting: SchemaField) -> str:
    """The placeholder for the value: PATH, INT INT, {adam,sgd}."""
    kind = _bare(setting.kind)
    each, length = _repeated(kind)
    if setting.option.positional:
        name = f"{place(setting)}{' ...' if length is None else ''}"
        return name if setting.required else f"[{name}]"
    if setting.option.metavar:
        return setting.option.metavar
    if get_origin(each) is Literal or each is bool:
        return f"{{{','.join(_literals(kind if length else each))}}}{'' if length else ' ...'}"
    if length is None:
        return f"{each.__name__.upper() if is_component(each) else _METAVARS[each]} ..."
    if is_component(each) or is_method(each):
        return "METHOD" if is_method(each) else each.__name__.upper()
    return " ".join([_METAVARS[each]] * length)


def place(setting: SchemaField) -> str:
    """How a positional setting is called."""
    return setting.option.metavar or setting.name.upper()


def is_flag(setting: SchemaField) -> bool:
    """Whether it takes no value."""
    return setting.kind is bool


def takes(kind: Any, words: Sequence[str]) -> int:
    """How many of the words are the value."""
    length = _repeated(_bare(kind))[1]
    if length is None:
        return len(words)
    return min(len(words), 1 if words[:1] == ["None"] and _bare(kind) is not kind else length)


def read(kind: Any, words: Sequence[str], name: str) -> Any:
    """The value that words stand for; `name` is how messages call it.

    Raises:
        UsageError: they are not of the kind.
        InputError: an expression is refused.
    """
    bare = _bare(kind)
    if bare is not kind and list(words) == ["None"] and bare not in NOTHING:
        return None
    if bare is not kind and list(words) == [""]:
        raise UsageError(f"{name} is empty: give {_RULES.get(bare, 'a value')}, or leave it out")
    each, length = _repeated(bare)
    if is_component(each) and length is None:
        return tuple(from_text(word, each) for word in words)
    if is_component(each) or is_method(each):
        return from_text(words[0], each)
    if length is None:
        return tuple(_one(each, word, name, f": each must be {_rule(each)}") for word in words)
    if len(words) != length:
        raise UsageError(f"{name} = {short(' '.join(words))!r} must be {_rule(kind)}")
    found = tuple(_one(each, word, name, f" must be {_rule(kind)}") for word in words)
    return found if get_origin(bare) is tuple else found[0]


def short(text: str) -> str:
    """A text as it is shown in a message."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _one(kind: Any, word: str, name: str, rule: str) -> Any:
    """The value of one word."""
    if get_origin(kind) is Literal or kind is bool:
        known = {str(value): value for value in (get_args(kind) or (True, False))}
        if word in known:
            return known[word]
    elif kind is not Path or word:  # the empty path would be the current folder
        try:
            value = _decoded(word) if kind is str else kind(word)
        except ValueError:
            if kind is int and word.strip().lstrip("+-").isdecimal():  # Python reads integers of up to 4,300 digits
                value = INTEGER + 1
            else:
                raise UsageError(f"{name} = {short(word)!r}{rule}") from None
        try:
            check_range(value, name)
        except InputError as error:
            raise UsageError(str(error)) from None
        return value
    raise UsageError(f"{name} = {short(word)!r}{rule}")


def _decoded(word: str) -> str:
    """A text as the UTF-8 that it is, where the locale, such as C, kept Python from decoding it."""
    try:
        return os.fsencode(word).decode()
    except UnicodeError:
        return word


def _rule(kind: Any) -> str:
    """What a value must be, in words."""
    bare = _bare(kind)
    each, length = _repeated(bare)
    if get_origin(each) is Literal or each is bool:
        return f"one of {', '.join(_literals(kind))}" if len(_literals(kind)) > 1 else _literals(kind)[0]
    rule = f"{_COUNTS[length]} {_RULES[each].removeprefix('a ')}s" if length in _COUNTS else _RULES[each]
    return rule if bare is kind else f"{rule} or None"


def _literals(kind: Any) -> list[str]:
    """The words of a choice."""
    each = _bare(kind)
    return [str(word) for word in get_args(each) or (True, False)] + ["None"] * (each is not kind)


def _bare(kind: Any) -> Any:
    """The kind without None; a text, if it may be one."""
    parts = [part for part in members(kind) if part is not NoneType]
    return parts[0] if len(parts) == 1 else str if str in parts else kind


def _repeated(kind: Any) -> tuple[Any, int | None]:
    """The kind of each word of a value, and how many words it has; None for any number."""
    if get_origin(kind) is not tuple:
        return kind, 1
    each, *others = get_args(kind)
    return each, None if others == [...] else 1 + len(others)
