"""The schema of settings: what each field of a dataclass is called, what it accepts and what it means.

Everything is read from the dataclass itself: annotations, defaults, and the docstrings below the fields. The command
line, a web form and a page of documentation can all be made from it. Nested dataclasses are flattened, so a command
that holds a task and a model has the settings of both. A field that holds a `Method` or a `Baseline` is followed by
the fields of the method chosen.
"""

import contextlib
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from functools import cache, partial
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import docstring_parser

from potstill.baselines import Baseline
from potstill.methods import Method
from potstill.tasks.settings.kinds import classes_of, named_presets
from potstill.tasks.settings.parsing import default_of, to_text

T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    """How a field is offered, as part of its annotation: `Annotated[Path, Option(positional=True)]`."""

    positional: bool = False
    """Recognised by its position, without a name."""
    metavar: str = ""
    """The placeholder for its value; by default its type, or the name of a positional one."""
    advanced: bool = False
    """Seldom needed: left out of short helps and simple forms."""


Positional = Annotated[T, Option(positional=True)]
Advanced = Annotated[T, Option(advanced=True)]


@dataclass(frozen=True)
class SchemaField:
    """One field, as it can be set from outside."""

    name: str
    """Unique in its schema: the field's own, with the method's in front (`csd_negative`) if that one is taken."""
    path: tuple[str, ...]
    """The fields that lead to it: ("task", "method", "noise")."""
    kind: Any
    """Its annotation, without the `Option`."""
    default: Any
    """`dataclasses.MISSING` if there is none and it must be given."""
    doc: str
    """Its docstring."""
    group: str
    """One sentence about the dataclass that it belongs to; empty for the fields of the outermost one."""
    option: Option = Option()
    of_method: bool = False
    """Whether it is a field of the method chosen."""

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is MISSING

    @property
    def choices(self) -> list[str]:
        """The names that it accepts: of literals, methods or components; empty if it is not chosen by name."""
        if is_method(self.kind):
            return list(named_presets(*members(self.kind)))
        names = [name for kind in members(self.kind) if is_component(kind) for name in classes_of(kind)]
        return names or _literals(self.kind)


def schema(kind: type, usual: Any = MISSING, method: Method | Baseline | None = None) -> tuple[SchemaField, ...]:
    """The settings of a dataclass, those of the most derived class first and those of a method last.

    Args:
        kind: the dataclass.
        usual: an instance of it, whose values are the defaults.
        method: the method whose fields are included; by default that of the instance, or the field's default.
    """
    found = list(_settings(kind, usual))
    held = next((setting for setting in found if is_method(setting.kind)), None)
    chosen = method or (held and held.default)
    if held and isinstance(chosen, Method | Baseline):
        about = f"The fields of {type(chosen).__name__}: {chosen.equation}."
        taken = {setting.name for setting in found}
        for setting in _settings(type(chosen), chosen, held.path, about):
            prefix = f"{type(chosen).__name__.lower()}_" if setting.name in taken else ""
            found.append(replace(setting, name=prefix + setting.name, of_method=True))
    return tuple(found)


def build(kind: Any, values: Mapping[tuple[str, ...], Any], usual: Any = MISSING) -> Any:
    """The dataclass with these values, by the paths of their settings; the others are those of `usual`.

    Raises:
        InputError: a value is refused by the dataclass.
    """
    usual = values.get((), usual)
    parts: dict[str, dict[tuple[str, ...], Any]] = {}
    for path, value in values.items():
        if path:
            parts.setdefault(path[0], {})[path[1:]] = value
    if usual is MISSING:
        hints = get_type_hints(kind)
        usuals = {field.name: default_of(field) for field in fields(kind)}
        bare = {name: {} for name, value in usuals.items() if value is MISSING and is_nested(hints[name])}
        return kind(**{name: build(hints[name], part, usuals[name]) for name, part in (bare | parts).items()})
    changed = {name: build(None, part, getattr(usual, name)) for name, part in parts.items()}
    return replace(usual, **changed) if changed else usual


def is_method(kind: Any) -> bool:
    """Whether it is a kind of method: its fields are settings of their own."""
    return all(inspect.isclass(each) and issubclass(each, Method | Baseline) for each in members(kind))


def is_component(kind: Any) -> bool:
    """Whether it is a part of methods, such as a noise source, written as an expression."""
    return inspect.isabstract(kind)


def is_nested(kind: Any) -> bool:
    """Whether it is a dataclass whose fields are settings in its place."""
    return is_dataclass(kind) and not is_component(kind)


def members(kind: Any) -> tuple[Any, ...]:
    """The members of a union, or the kind alone."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def explained(kind: Any) -> dict[str, str]:
    """The components of a kind: each as it is written with its defaults, and the first sentence about it."""
    parts = filter(is_component, members(kind))
    return {_written(cls): summary(cls) for part in parts for cls in classes_of(part).values()}


def summary(cls: type) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(cls) or "").split("\n")[0]


def first_sentence(text: str) -> str:
    """The first sentence of a docstring."""
    return re.split(r"(?<=\.)\s+(?=[A-Z])", text)[0]


def _settings(kind: type, usual: Any, path: tuple[str, ...] = (), group: str = "") -> Iterator[SchemaField]:
    """The settings of a dataclass and of those that it holds."""
    hints, docs = get_type_hints(kind, include_extras=True), _docs(kind)
    for field in sorted(fields(kind), key=partial(_order, kind)):
        annotation, option = _option(hints[field.name])
        value = default_of(field) if usual is MISSING else getattr(usual, field.name)
        here = (*path, field.name)
        if is_nested(annotation):
            yield from _settings(annotation, value, here, summary(annotation))
        else:
            yield SchemaField(field.name, here, annotation, value, docs.get(field.name, ""), group, option)


def _option(annotation: Any) -> tuple[Any, Option]:
    """The annotation without the `Option` in it, and that."""
    if get_origin(annotation) is not Annotated:
        return annotation, Option()
    kind, *notes = get_args(annotation)
    return kind, next((note for note in notes if isinstance(note, Option)), Option())


def _order(kind: type, field: Field[Any]) -> tuple[int, int]:
    """Where a field stands among the others: after those of more derived classes."""
    for index, base in enumerate(kind.__mro__):
        if field.name in (names := list(inspect.get_annotations(base))):
            return index, names.index(field.name)
    return 0, 0


def _literals(kind: Any) -> list[str]:
    return [str(word) for part in members(kind) if get_origin(part) is Literal for word in get_args(part)]


def _written(cls: type) -> str:
    """A component as an expression, with its defaults."""
    parts = {field.name: default_of(field) for field in sorted(fields(cls), key=lambda field: bool(field.kw_only))}
    stated = (name if usual is MISSING else f"{name}={to_text(usual)}" for name, usual in parts.items())
    return f"{cls.__name__}({', '.join(stated)})"


@cache
def _docs(cls: type) -> dict[str, str]:
    """The docstrings below the fields, of the class or of the one that it inherits a field from."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        with contextlib.suppress(TypeError, OSError):  # a class without source, such as one typed into a console
            parts = docstring_parser.parse_from_object(base).params
            docs |= {part.arg_name: " ".join(part.description.split()) for part in parts if part.description}
    return docs
