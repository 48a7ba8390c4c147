"""A command line against the schema of its command; a mistake is one line with the value, the rule and the fix.

The words are grouped by the option before them, and each group is held against the setting of that name. argparse
would take -inf and -1e5 for options, fill an optional positional too early and treat `--` differently from one release
of Python to the next, and its messages would have to be taken apart again.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from potstill.cli.option_words import UsageError, is_flag, label, metavar, option, place, read, short, takes
from potstill.tasks.settings.kinds import named_presets
from potstill.tasks.settings.schema import SchemaField, first_sentence, is_method, members


class UnknownOption(UsageError):
    """An option that the command does not have."""

    def __init__(self, option: str, message: str) -> None:
        """With its name, and what is wrong with it."""
        super().__init__(message)
        self.option = option


@dataclass(frozen=True)
class Group:
    """An option, and the words that follow it up to the next one."""

    option: str
    """Empty for the words before any option."""
    words: list[str]
    attached: bool = False
    """Whether the first word was joined to the option by an equals sign."""


@dataclass(frozen=True)
class Line:
    """The words of a command line."""

    groups: list[Group]
    behind: list[str]
    """What follows `--`: positional values, whatever they begin with."""

    def last(self, *options: str) -> str | None:
        """The value that an option was given last: empty if it has none, None if the option is not given."""
        found = [group.words for group in self.groups if group.option in options]
        return next(iter(found[-1]), "") if found else None


def split(words: Sequence[str]) -> Line:
    """Group the words of a command line by the options before them."""
    words = list(words)
    end = words.index("--") if "--" in words else len(words)
    groups = [Group("", [])]
    for word in words[:end]:
        name, equals, value = word.partition("=")
        if _is_option(name):
            groups.append(Group(name.replace("_", "-"), [value] if equals else [], bool(equals)))
        else:
            groups[-1].words.append(word)
    return Line(groups, words[end + 1 :])


def values(line: Line, settings: Sequence[SchemaField]) -> dict[tuple[str, ...], Any]:
    """What a command line says of the settings, by their paths.

    Raises:
        UnknownOption: an option is unknown.
        UsageError: a value is missing or not of its kind, a word belongs to nothing.
        InputError: an expression is refused.
    """
    options = {option(setting): setting for setting in settings if not setting.option.positional}
    found: dict[tuple[str, ...], Any] = {}
    rest: list[tuple[str, Group]] = []
    for group in line.groups:
        count = 0
        if group.option:
            if group.option not in options:
                raise UnknownOption(group.option, _unknown(group.option, settings))
            setting = options[group.option]
            found[setting.path], count = _value(setting, group)
        rest += [(word, group) for word in group.words[count:]]
    rest += [(word, Group("--", line.behind)) for word in line.behind]
    for setting in settings:
        if setting.option.positional and (count := takes(setting.kind, [word for word, _ in rest])):
            found[setting.path] = read(setting.kind, [word for word, _ in rest[:count]], place(setting))
            rest = rest[count:]
    if rest:
        raise _unexpected(*rest[0], options)
    return found


def positional_words(line: Line, settings: Iterable[SchemaField]) -> list[str]:
    """The words that are no value of an option, as far as the options are those of the settings."""
    flags = {"", *(option(setting) for setting in settings if is_flag(setting))}
    words = [group.words if group.option in flags else group.words[1:] for group in line.groups]
    return [word for part in words for word in part] + line.behind


def check_complete(found: Mapping[tuple[str, ...], Any], settings: Iterable[SchemaField]) -> None:
    """Raise unless every setting without a default has a value.

    Raises:
        UsageError: which have none.
    """
    lacking = [setting for setting in settings if setting.required and setting.path not in found]
    if lacking:
        about = f" ({first_sentence(lacking[0].doc).rstrip('.')})" if len(lacking) == 1 else ""
        raise UsageError(f"missing: {', '.join(map(label, lacking))}{about}")


def _value(setting: SchemaField, group: Group) -> tuple[Any, int]:
    """The value of an option, and how many words it took."""
    if is_flag(setting):
        if group.attached:
            raise UsageError(f"{group.option} takes no value: leave {short('=' + group.words[0])!r} out")
        return not setting.default, 0
    count = takes(setting.kind, group.words)
    if not group.words and "..." not in metavar(setting):
        example = f"write {label(setting)}, or {group.option}=-... for a value that starts with -"
        raise UsageError(f"{group.option} needs a value: {example}")
    return _read(setting, group.words[:count], group.option), count


def _read(setting: SchemaField, words: Sequence[str], name: str) -> Any:
    """The value of an option; what is wrong with one of several words ends with their names."""
    try:
        return read(setting.kind, words, name)
    except UsageError as error:
        if " " not in setting.option.metavar:
            raise
        raise UsageError(f"{error}: {label(setting)}") from None


def _is_option(name: str) -> bool:
    """Whether a word is the name of an option: a minus or two and a letter, but no number (-inf) and no sentence."""
    if not (name.startswith("-") and name.lstrip("-")[:1].isalpha()) or any(map(str.isspace, name)):
        return False
    try:
        float(name)
    except ValueError:
        return True
    return False


def _unknown(name: str, settings: Sequence[SchemaField]) -> str:
    """What is wrong with an option that the command does not have, or not with this method."""
    known = [option(setting) for setting in settings if not setting.option.positional]
    field = name.removeprefix("--").replace("-", "_")
    for setting in (setting for setting in settings if is_method(setting.kind)):
        presets = named_presets(*members(setting.kind)).items()
        having = {word: method for word, method in presets if field in {each.name for each in fields(method)}}
        owners = {type(method): word for word, method in reversed(having.items())}
        if owners:
            among = " or ".join(reversed(owners.values()))
            return f"{name} is an option of --method {among}: choose that method, or leave it out"
    close = difflib.get_close_matches(name, [*known, "--help", "--help-all"], n=1)
    fix = f": did you mean {close[0]}?" if close else "; a file whose name starts with - is written ./-name"
    return f"unknown option {short(name)}{fix}"


def _unexpected(word: str, group: Group, options: Mapping[str, SchemaField]) -> UsageError:
    """The error for a word that belongs to nothing."""
    if group.option == "--" and word.partition("=")[0] in options:
        return UsageError(f"{word} comes after --, where only positional arguments are allowed: move it before --")
    if group.option in options and takes(options[group.option].kind, group.words) > 1:
        _read(options[group.option], group.words, group.option)  # which refuses their number
    if group.option in options and group.words and not is_flag(options[group.option]):
        said = f"{group.option} takes one value, {label(options[group.option]).partition(' ')[2]}"
        return UsageError(f"unexpected {short(word)!r} after {group.option} {short(group.words[0])}: {said}")
    return UsageError(f"unexpected {short(word)!r}: leave it out, or put a text of several words in quotes")
