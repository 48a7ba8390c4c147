"""Settings as text: the text form of a method or component is the Python expression that builds it.

>>> method = parse("pds(coefficients=Identity(0.3))", Method)
>>> show(method)
'PDS(coefficients=Identity(strength=0.3))'
>>> parse(show(method), Method) == parse(repr(method), Method) == method
True

Nothing is evaluated: the syntax tree is walked by hand, only final subclasses of the kind may be named, and
every value is held against its field's annotation, so text from a file or a web page is safe.
"""

import ast
import dataclasses
import inspect
import math
import re
import types
import warnings
from abc import ABCMeta
from collections.abc import Callable
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from potstill.baselines import BASELINES, INVERSIONS, Baseline, InversionBaseline
from potstill.errors import InputError, did_you_mean
from potstill.methods import Method, named  # which also defines every component there is
from potstill.methods.bank import DrawBank  # noqa: F401  a component, too

T = TypeVar("T")

LONGEST = 10_000
"""Characters of a text; a method with every field stated has some 500."""
EARLIER = {
    "bank": "drawbank",
    "exact": "empirical",
    "lowrank": "loramodel",
    "lowrankorexact": "defaultrendermodel",
    "mixedeta": "ddimnoise",
    "narrowing": "shrinkingrange",
    "perpendicular": "perpneg",
    "releaseoridentity": "defaultcoefficients",
    "renders": "render_model",
    "rescale": "rescaled",
    "within": "interval",
}
"""Earlier names of classes, in lower case, and of fields: they stand in recorded results."""
_WORDS = {
    int: "a whole number",
    float: "a finite number",
    str: "a quoted text",
    bool: "True or False",
    types.NoneType: "None",
}


def parse(text: str, kind: type[T] | types.UnionType, longest: int = LONGEST) -> T:
    """The instance of `kind` that the text builds: `Name`, or `Name(field=value, ...)` with values of the same form.

    Values are numbers, quoted texts, True, False, None, tuples and nested expressions; without their names
    they follow the order of the fields. Names of classes may be in any case, and a method may be called by
    its name on the command line, such as `pds-consistent`. `longest` is the most characters that are read.

    Raises:
        InputError: the text breaks the form, a name or an annotation; what the component itself refuses.
    """
    text = text.strip()
    if len(text) > longest:
        raise InputError(f"{_quote(text)} has {len(text):,} characters: write at most {longest:,}")
    preset = (named() | BASELINES | INVERSIONS).get(text.lower())
    if isinstance(preset, kind):
        return preset  # type: ignore[return-value]  it is of the kind
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # of Python, about a text that is none of its programs
            tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two from thousands of nested signs
        _refuse_form(text, kind)
    try:
        return _read(tree, kind, text)
    except RecursionError:
        _refuse_form(text, kind)


def show(value: object) -> str:
    """The shortest expression that `parse` reads back to an equal value: a field at its default is left out."""
    if dataclasses.is_dataclass(value):
        fields = {field.name: default(field) for field in dataclasses.fields(value) if field.init}
        parts = {name: getattr(value, name) for name, usual in fields.items() if getattr(value, name) != usual}
        return f"{type(value).__name__}({', '.join(f'{name}={show(part)}' for name, part in parts.items())})"
    if isinstance(value, tuple):
        return f"({', '.join(map(show, value))}{',' * (len(value) == 1)})"
    return repr(float(value) if isinstance(value, float) else value)  # a float of NumPy shows its type


def presets(*kinds: type) -> dict[str, Method | Baseline]:
    """What has a name on the command line and is of the kinds."""
    everything = named() | (INVERSIONS if kinds == (InversionBaseline,) else BASELINES)
    return {name: method for name, method in everything.items() if isinstance(method, kinds)}


def choices(kind: type) -> dict[str, type]:
    """The final classes of a kind by their names, in the order of their definition."""
    if subclasses := kind.__subclasses__():
        return {name: cls for subclass in subclasses for name, cls in choices(subclass).items()}
    return {kind.__name__: kind} if dataclasses.is_dataclass(kind) and not inspect.isabstract(kind) else {}


def default(field: dataclasses.Field) -> Any:
    """The default of a dataclass field, `dataclasses.MISSING` if it has none."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _read(node: ast.expr, rule: Any, text: str, field: str = "", usual: Any = dataclasses.MISSING) -> Any:
    """The value of a node of the text's tree, which must follow the rule: an annotation, for the field named."""
    options = _options(rule)
    kinds = [option for option in options if _is_kind(option)]
    if kinds and isinstance(node, ast.Name | ast.Call):
        return _build(node, kinds, text)
    for option in options:
        if get_origin(option) is tuple and isinstance(node, ast.Tuple):
            rules = get_args(option)
            rules = rules[:1] * len(node.elts) if rules[1:] == (...,) else rules
            if len(rules) == len(node.elts):
                return tuple(_read(part, rule, text, field) for part, rule in zip(node.elts, rules, strict=True))
        elif (value := _fit(_literal(node), option)) is not ...:
            return value
    if not field:
        _refuse_form(text, rule)
    such = "" if usual is dataclasses.MISSING else f", such as {show(usual)}"
    raise InputError(f"{field} = {_quote(_source(node, text), str)} must be {' or '.join(map(_say, options))}{such}")


def _build(node: ast.Name | ast.Call, kinds: list[type], text: str) -> Any:
    """The instance of a class of these kinds, with the arguments of the call."""
    call = ast.Call(node, [], []) if isinstance(node, ast.Name) else node
    if not isinstance(call.func, ast.Name):
        _refuse_form(_source(node, text), kinds[0])
    known = {name.lower(): cls for kind in kinds for name, cls in choices(kind).items()}
    written = call.func.id.lower()
    if (cls := known.get(EARLIER.get(written, written))) is None:
        raise InputError(
            f"unknown {_noun(kinds[0])} {_quote(call.func.id)}: {did_you_mean(call.func.id, _names(*kinds))}"
        )
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    stated = f"{cls.__name__} takes {', '.join(fields) or 'nothing'}"
    ordered = [name for name, field in fields.items() if not field.kw_only]
    if len(call.args) > len(ordered):
        raise InputError(
            f"{_quote(_source(node, text))} has {len(call.args)} values, but {stated}: name them or leave some out"
        )
    hints, values = get_type_hints(cls), {}
    for name, part in [*zip(ordered, call.args, strict=False), *((word.arg, word.value) for word in call.keywords)]:
        name = EARLIER.get(name or "", name) if name not in fields else name
        if name not in fields:
            fix = did_you_mean(name, fields) if name and fields else stated
            raise InputError(f"unknown field {_quote(name or '**')} of {cls.__name__}: {fix}")
        if name in values:
            raise InputError(f"{name} of {cls.__name__} is given twice in {_quote(_source(node, text))}: keep one")
        values[name] = _read(part, hints[name], text, f"{name} of {cls.__name__}", default(fields[name]))
    if missing := [name for name in fields if name not in values and default(fields[name]) is dataclasses.MISSING]:
        raise InputError(f"{_quote(_source(node, text))} must state {', '.join(missing)}: {stated}")
    return cls(**values)


def _literal(node: ast.expr) -> Any:
    """A constant, or a number with a sign; `...` for all else."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value if isinstance(node.op, ast.USub) else value
    return ...


def _is_kind(rule: Any) -> bool:
    return isinstance(rule, ABCMeta) or dataclasses.is_dataclass(rule)


def _fit(value: Any, rule: Any) -> Any:
    """The value in the type of the rule, `...` if it does not follow the rule."""
    if get_origin(rule) is Literal:
        return value if any(value == word and type(value) is type(word) for word in get_args(rule)) else ...
    if rule is float and type(value) in (int, float):
        try:
            return float(value) if math.isfinite(value) else ...
        except OverflowError:
            return ...
    return value if type(value) is rule else ...


def _say(rule: Any) -> str:
    """An annotation in words."""
    if get_origin(rule) is Literal:
        return f"one of {', '.join(map(repr, get_args(rule)))}"
    if get_origin(rule) is tuple:
        parts = get_args(rule)
        return f"a tuple of any length, each {_say(parts[0])}" if ... in parts else f"({', '.join(map(_say, parts))})"
    if _is_kind(rule):
        return f"{_a(rule)} ({', '.join(_names(rule))})"
    return _WORDS.get(rule, str(rule))


def _refuse_form(text: str, rule: Any) -> NoReturn:
    kinds = _options(rule)
    raise InputError(
        f"cannot read {_quote(text)} as {_a(kinds[0])}: write Name or Name(field=value, ...); "
        f"{did_you_mean(text, _names(*kinds))}"
    )


def _options(rule: Any) -> tuple[Any, ...]:
    """The members of a union, or the rule itself."""
    return get_args(rule) if get_origin(rule) in (Union, types.UnionType) else (rule,)


def _names(*kinds: type) -> list[str]:
    """What may be written for the kinds: class names, and for methods their names on the command line."""
    classes = {name: cls for kind in kinds for name, cls in choices(kind).items() if not issubclass(cls, Baseline)}
    lower = {name.lower() if issubclass(cls, Method) else name for name, cls in classes.items()}
    return sorted({*presets(*kinds), *lower})


def _noun(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower() if inspect.isabstract(kind) else kind.__name__


def _a(kind: type) -> str:
    return _noun(kind) if _noun(kind)[-1] in "sS" else f"a {_noun(kind)}"


def _source(node: ast.expr, text: str) -> str:
    return ast.get_source_segment(text, node) or text


def _quote(text: str, form: Callable[[str], str] = repr) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return form(text if len(text) <= 60 else f"{text[:57]}...")
