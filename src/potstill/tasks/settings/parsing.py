"""Values from text, tables, JSON and Python, and settings as text: the expression that builds a method or component.

>>> from potstill.methods import Method
>>> method = from_text("pds(coefficients=Identity(0.3))", Method)
>>> to_text(method)
'PDS(coefficients=Identity(strength=0.3))'
>>> from_text(to_text(method), Method) == from_text(repr(method), Method) == method
True

Nothing is evaluated: the syntax tree is read by hand, only the final classes of a kind can be named, and `coerce`
checks every value against the annotation of its field. So text from a file or a web page is safe.
"""

import ast
import dataclasses
import math
import re
import reprlib
import types
import warnings
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from potstill.baselines import BASELINES, INVERSIONS
from potstill.errors import InputError, did_you_mean
from potstill.fields import WORDS
from potstill.methods import named
from potstill.tasks.settings.kinds import EARLIER, KINDS, NOTHING, a_noun, classes_of, names_of, noun
from potstill.tasks.settings.numbers import check_range, is_beyond

T = TypeVar("T")

LONGEST = 10_000
"""Characters of an expression; a method with every field stated has some 500."""
DEEPEST = 60
"""Levels of nested expressions and tuples; a method has 3."""
_OWN = re.compile(r"[^\W\d]\w*(\.\w+)+\(.*\)", re.DOTALL)
_SPACE = re.compile(r"\s+(?![^()]*\))")  # not between parentheses
_OWN_CLASS = "a class that is not potstill's cannot be read from text: pass an instance in Python"
_hints = cache(get_type_hints)
_short = reprlib.Repr()
_short.maxstring = _short.maxlong = _short.maxother = 60


@dataclasses.dataclass(frozen=True)
class _Code:
    """A piece of an expression that is not a plain value: a call `name(...)`, or something that cannot be read."""

    source: str
    name: str = ""
    ordered: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()


def coerce(value: object, annotation: Any, name: str, default: object = dataclasses.MISSING) -> Any:
    """The value as the annotation of a field wants it; the only place where values from outside are converted.

    Numbers of NumPy count as Python's. A whole number may be a float without a fraction, as in a column of a table
    with gaps; a finite number may be whole; a tuple may be a list. Where the annotation is a kind of component, its
    instances pass, those of a user's own class too, and a text is read as an expression.

    Args:
        value: from JSON, a table, Python, or an expression.
        annotation: a class, a kind, a `Literal`, a tuple of these, or a union.
        name: what a message calls the field.
        default: its default, an example for the message.

    Raises:
        InputError: the value does not fit the annotation.
    """
    options, kinds = _options(annotation), _kinds(annotation)
    value = value.item() if isinstance(value, np.generic) else value
    check_range(value, name)
    if kinds and isinstance(value, tuple(kinds)):
        return value
    if kinds and isinstance(value, str):
        return from_text(value, annotation)
    if kinds and isinstance(value, _Code) and value.name:
        return _build(value, kinds)
    for option in options:
        if get_origin(option) is tuple and isinstance(value, tuple | list):
            rules = get_args(option)
            rules = rules[:1] * len(value) if rules[1:] == (...,) else rules
            if len(rules) == len(value):
                return tuple(coerce(part, rule, name) for part, rule in zip(value, rules, strict=True))
        elif (fitting := _fit(value, option)) is not ...:
            return fitting
    such = "" if default is dataclasses.MISSING else f", such as {to_text(default)}"
    own = f"; {_OWN_CLASS}" if isinstance(value, _Code) and _OWN.fullmatch(value.source) else ""
    raise InputError(f"{name} = {_shown(value)} must be {' or '.join(map(_say, options))}{such}{own}")


def from_text(text: str, annotation: Any, name: str = "", default: object = dataclasses.MISSING) -> Any:
    """The value that a text stands for, as the annotation wants it.

    A component is `Name`, or `Name(field=value, ...)` with values of the same form: numbers, quoted texts, True,
    False, None, tuples and nested expressions; without their names values follow the order of the fields. Names of
    classes may be in any case, and a method may have its name on the command line, such as `pds-consistent`. Where
    the annotation takes text, the text itself is the value; `none` is the finish that does nothing. A pair of numbers
    may be written `64x32` or `64 32`, and a tuple of any length as its parts with spaces between them, as on the
    command line.

    Args:
        text: from the command line, a cell of a table, or a record.
        annotation: as in `coerce`.
        name: what a message calls the field; not needed for a component.
        default: its default, an example for the message.

    Raises:
        InputError: the text breaks the form, a name or an annotation; what the component itself refuses.
    """
    options, kinds = _options(annotation), _kinds(annotation)
    if text.strip().lower() == "none":
        text = next((NOTHING[kind] for kind in kinds if kind in NOTHING), text)
    if text.strip() == "None" and types.NoneType in options:
        return None
    if any(option is str or any(isinstance(word, str) for word in get_args(option)) for option in options):
        return coerce(text, annotation, name, default)
    text = text.strip()
    if len(text) > LONGEST:
        raise InputError(f"{_quote(text)} has {len(text):,} characters: write at most {LONGEST:,}")
    if kinds:
        preset = (named() | BASELINES | INVERSIONS).get(text.lower())
        if isinstance(preset, tuple(kinds)):
            return preset
        code = _parsed(text)
        if not isinstance(code, _Code) or not code.name:
            fix = _OWN_CLASS if _OWN.fullmatch(text) else did_you_mean(text, names_of(*kinds))
            form = "write Name or Name(field=value, ...)"
            raise InputError(f"cannot read {_quote(text)} as {a_noun(kinds[0])}: {form}; {fix}")
        return coerce(code, annotation, name, default)
    value = _parsed(re.sub(r"(?<=\d)\s*[x\s]\s*(?=\d)", ", ", text) if any(map(get_args, options)) else text)
    rules: tuple[Any, ...] = next((get_args(option) for option in options if get_origin(option) is tuple), ())
    if rules[1:] == (...,) and not isinstance(value, tuple):
        return tuple(from_text(word, rules[0], name) for word in _SPACE.split(text))
    return coerce(text if isinstance(value, _Code) else value, annotation, name, default)


def from_values(cls: type[T], values: Mapping[str, Any], texts: bool = False) -> T:
    """The dataclass with these values for its fields, each through `coerce`; `texts` reads strings by `from_text`.

    Raises:
        InputError: a name is unknown, a field without a default is missing, or a value does not fit.
    """
    return _construct(cls, values.items(), cls.__name__, texts)


def to_text(value: object) -> str:
    """The shortest expression that `from_text` reads back to an equal value: a field at its default is left out.

    An instance of a class that is not potstill's has the module in front, and is not read back.
    """
    if isinstance(value, tuple(KINDS)) or dataclasses.is_dataclass(value):
        cls, fields = type(value), dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
        defaults = {field.name: default_of(field) for field in fields if field.init}
        parts = {name: getattr(value, name) for name, default in defaults.items() if getattr(value, name) != default}
        known = any(cls in classes for classes in KINDS.values())
        name = cls.__name__ if known else f"{cls.__module__}.{cls.__name__}"
        return f"{name}({', '.join(f'{name}={to_text(part)}' for name, part in parts.items())})"
    if isinstance(value, tuple):
        return f"({', '.join(map(to_text, value))}{',' * (len(value) == 1)})"
    return repr(value.item() if isinstance(value, np.generic) else value)  # a number of NumPy shows its type


def default_of(field: dataclasses.Field) -> Any:
    """The default of a dataclass field, `dataclasses.MISSING` if it has none."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


@lru_cache(maxsize=1000)  # thousands of rows of a table say the same
def _parsed(text: str) -> Any:
    """The value of an expression, before any annotation is known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # Python's own, about a text that is not a program
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two from thousands of nested signs
        return _Code(text)
    if any(isinstance(node, ast.Constant) and is_beyond(node.value) for node in ast.walk(tree)):
        raise InputError(f"cannot read {_quote(text)}: a number in it has far too many digits")
    return _value(tree, text, 1)


def _value(node: ast.expr, text: str, depth: int) -> Any:
    """The plain value of a node of the syntax tree: a constant, a number with a sign, a tuple; `_Code` for the rest."""
    if depth > DEEPEST + 1:
        raise InputError(f"cannot read {_quote(text)}: its expressions are nested more than {DEEPEST} deep")
    if isinstance(node, ast.Constant) and _plain(node.value):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and _plain(value):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_value(part, text, depth + 1) for part in node.elts)
    source = ast.get_source_segment(text, node) or text
    if isinstance(node, ast.Name):
        return _Code(source, node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        ordered = tuple(_value(part, text, depth + 1) for part in node.args)
        named = tuple((word.arg or "**", _value(word.value, text, depth + 1)) for word in node.keywords)
        return _Code(source, node.func.id, ordered, named)
    return _Code(source)


def _plain(value: object) -> bool:
    """Whether a constant is one that a field can have; the rest keep their source for the message."""
    return isinstance(value, bool | int | str | None) or (isinstance(value, float) and math.isfinite(value))


def _build(code: _Code, kinds: list[type]) -> Any:
    """The instance of a class of these kinds, with the arguments of the call."""
    known = {name.lower(): cls for kind in kinds for name, cls in classes_of(kind).items()}
    written = code.name.lower()
    if (cls := known.get(EARLIER.get(written, written))) is None:
        raise InputError(f"unknown {noun(kinds[0])} {_quote(code.name)}: {did_you_mean(code.name, names_of(*kinds))}")
    ordered = [field.name for field in dataclasses.fields(cls) if field.init and not field.kw_only]
    if len(code.ordered) > len(ordered):
        many = f"has {len(code.ordered)} values, but {_takes(cls)}"
        raise InputError(f"{_quote(code.source)} {many}: name them or leave some out")
    return _construct(cls, [*zip(ordered, code.ordered, strict=False), *code.named], _quote(code.source))


def _construct(cls: type[T], pairs: Iterable[tuple[str, Any]], source: str, texts: bool = False) -> T:
    """The instance with these values; `source` is what a message calls their whole."""
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    hints, values = _hints(cls), {}
    for written, value in pairs:
        name = EARLIER.get(written, written) if written not in fields else written
        if name not in fields:
            fix = did_you_mean(name[:60], fields) if name != "**" and fields else _takes(cls)
            raise InputError(f"unknown field {_quote(name)} of {cls.__name__}: {fix}")
        if name in values:
            raise InputError(f"{name} of {cls.__name__} is given twice in {source}: keep one")
        read = from_text if texts and isinstance(value, str) else coerce
        values[name] = read(value, hints[name], f"{name} of {cls.__name__}", default_of(fields[name]))
    if missing := [name for name in fields.keys() - values if default_of(fields[name]) is dataclasses.MISSING]:
        raise InputError(f"{source} must state {', '.join(sorted(missing, key=[*fields].index))}: {_takes(cls)}")
    return cls(**values)


def _takes(cls: type) -> str:
    names = ", ".join(field.name for field in dataclasses.fields(cls) if field.init)
    return f"{cls.__name__} takes {names or 'nothing'}"


def _fit(value: Any, rule: Any) -> Any:
    """The value in the type of the rule, `...` if it does not fit."""
    if get_origin(rule) is Literal:
        return value if any(type(value) is type(word) and value == word for word in get_args(rule)) else ...
    if rule is float and type(value) in (int, float):
        try:
            return float(value) if math.isfinite(value) else ...
        except OverflowError:
            return ...
    if rule is int and type(value) is float and value.is_integer():
        return int(value)
    return value if type(value) is rule else ...


def _say(rule: Any) -> str:
    """An annotation in words."""
    if get_origin(rule) is Literal:
        return f"one of {', '.join(map(repr, get_args(rule)))}"
    if get_origin(rule) is tuple:
        parts = get_args(rule)
        return f"a tuple of any length, each {_say(parts[0])}" if ... in parts else f"({', '.join(map(_say, parts))})"
    if _kinds(rule):
        return f"{a_noun(rule)} ({', '.join(names_of(rule))})"
    return WORDS.get(rule, str(rule))


def _shown(value: object) -> str:
    """A value that was refused, as it was written."""
    if isinstance(value, _Code):
        return _quote(value.source, str)
    return _quote(repr(value) if isinstance(value, str | float) else _short.repr(value), str)


def _options(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _kinds(annotation: Any) -> list[Any]:
    """The options of an annotation that are kinds of components, or final classes of them."""
    return [each for each in _options(annotation) if isinstance(each, ABCMeta) or dataclasses.is_dataclass(each)]


def _quote(text: str, form: Callable[[str], str] = repr) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return form(text if len(text) <= 60 else f"{text[:57]}...")
