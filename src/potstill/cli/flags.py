"""Settings as flags: a field of an abstract kind takes an expression, and a `Method` brings its own fields.

A command states `method: Method = PDS()`. Then `--method` takes a name or an expression, and every field of
the method it names is a flag, with that method's value as default: `--noise "Inverted(steps=5)"`.
"""

import contextlib
import dataclasses
import functools
import inspect
import itertools
from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import docstring_parser
import tyro
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from potstill.baselines import Baseline
from potstill.diffusion.guidance import GuidanceRule
from potstill.errors import InputError, PotstillError
from potstill.methods import Coefficients, Method
from potstill.methods.noise import NoiseSource
from potstill.methods.render_model import RenderModel
from potstill.methods.times import TimestepSampler
from potstill.methods.weighting import Weight
from potstill.tasks.text import choices, default, parse, presets, show

T = TypeVar("T")

COMPONENTS = (NoiseSource, Weight, TimestepSampler, Coefficients, RenderModel, GuidanceRule)


def registry(words: Sequence[str], command: type) -> ConstructorRegistry:
    """What tyro is to know of settings; the flags of a `Method` depend on the words of the command line."""
    rules = ConstructorRegistry()
    rules.primitive_rule(lambda info: _flag(info.type) if info.type in COMPONENTS else None)
    rules.struct_rule(functools.partial(_method, words, _taken(command)))
    return rules


def _method(words: Sequence[str], kind: Any, info: StructTypeInfo) -> StructConstructorSpec | None:
    """--method, and the fields of the method or baseline it names."""
    if not (inspect.isclass(info.type) and issubclass(info.type, Method | Baseline)):  # tyro knows the default's class
        return None
    text = stated(words, "--method")
    chosen = info.default if text is None else _read(text, kind)
    known = presets(*(get_args(kind) or (kind,)))
    written = "PDS(noise=Fixed())" if "pds" in known else "DDPMInversion(skip=0.2)"
    names = f"A name ({', '.join(known)}) or an expression, {written}; the flags below change its fields."
    flags = [_field("method", Annotated[Method | Baseline, _flag(kind)], info.default, names)]

    def build(method: Method | Baseline, **fields: Any) -> Method | Baseline:
        return dataclasses.replace(method, **fields)

    if isinstance(chosen, Method | Baseline):
        build.__doc__ = f"The fields of {type(chosen).__name__}: {chosen.equation}."  # below the heading of the flags
        kinds, docs = get_type_hints(type(chosen)), _docs(type(chosen))
        for field in dataclasses.fields(chosen):
            kind = kinds[field.name]
            lines = [_summary(cls) for cls in choices(kind).values()] if kind in COMPONENTS else []
            text = "\n".join([docs.get(field.name, ""), *lines])
            flags.append(_field(field.name, kind, getattr(chosen, field.name), text))
    return StructConstructorSpec(build, tuple(flags))


def _taken(command: type) -> Any:
    """What --method of a command takes, as its field or that of its task is annotated."""
    hints = get_type_hints(command)
    return hints.get("method") or get_type_hints(hints.get("task", object)).get("method")


def stated(words: Sequence[str], flag: str) -> str | None:
    """The last value of a flag, written `flag value` or `flag=value`."""
    spread = [part for word in words for part in (word.split("=", 1) if word.startswith(f"{flag}=") else [word])]
    values = [value for word, value in itertools.pairwise(spread) if word == flag]
    return values[-1] if values else None


def _field(name: str, kind: Any, usual: Any, text: str) -> StructFieldSpec:
    """A flag whose --help shows the default as an expression, without a shell's quotes."""
    if isinstance(usual, (Method, Baseline, *COMPONENTS)):
        kind = Annotated[kind, tyro.conf.arg(help_behavior_hint=f"(default: {show(usual)})")]
    return StructFieldSpec(name, kind, usual, text)


def _flag(kind: Any) -> PrimitiveConstructorSpec:
    return PrimitiveConstructorSpec(
        nargs=1,
        metavar=kind.__name__.upper() if kind in COMPONENTS else "METHOD",
        instance_from_str=lambda words: _read(words[0], kind),
        is_instance=lambda value: isinstance(value, kind),
        str_from_instance=lambda value: [show(value)],
    )


def _read(text: str, kind: type[T] | UnionType) -> T:
    try:
        return parse(text, kind)
    except InputError as error:
        raise PotstillError(*error.args) from None  # a ValueError would come back broken into the lines of a box


def _summary(cls: type) -> str:
    """How a class is written, with its defaults, and the first sentence of its definition."""
    fields = sorted(dataclasses.fields(cls), key=lambda field: bool(field.kw_only))
    defaults = {field.name: default(field) for field in fields}
    stated = (name if usual is dataclasses.MISSING else f"{name}={show(usual)}" for name, usual in defaults.items())
    return f"{cls.__name__}({', '.join(stated)}): {(inspect.getdoc(cls) or '').split(chr(10))[0]}"


def _docs(cls: type) -> dict[str, str]:
    """What the docstrings below the fields say, here or in the class where a field was first stated."""
    docs = {}
    for base in reversed(cls.__mro__):
        with contextlib.suppress(TypeError, OSError):  # a class without source, such as one typed into a console
            fields = docstring_parser.parse_from_object(base).params
            docs |= {field.arg_name: field.description for field in fields if field.description}
    return docs
