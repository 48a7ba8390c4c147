"""Checks of values from outside: of the fields of a dataclass by their annotations, of counts and of numbers."""

import abc
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from potstill.errors import InputError

F = TypeVar("F", bound=Callable[..., Any])

WORDS = {int: "a whole number", float: "a finite number", str: "a quoted text", bool: "True or False", NoneType: "None"}
"""What a value of each type is called."""


class Checked:
    """A dataclass whose fields hold what they are annotated with: numbers, choices and components.

    Raises:
        InputError: a field does not.
    """

    def __post_init__(self) -> None:
        """Check the types; a subclass with ranges checks these as well."""
        for name, options in _rules(type(self)):
            value = getattr(self, name)
            if not any(_fits(value, option) for option in options):
                wanted = " or ".join(map(_say, options))
                brackets = isinstance(value, type) and issubclass(value, tuple(filter(_is_kind, options)))
                fix = f": write {value.__name__}(), with brackets" if brackets else ""
                raise InputError(f"{name} = {shown(value)} of {type(self).__name__} must be {wanted}{fix}")


@dataclass(frozen=True)
class Weighted(Checked):
    """A loss beside the distilled one, with its weight.

    Raises:
        InputError: the weight is not a number from 0 to a million.
    """

    weight: float = 1.0
    """What the loss is multiplied by."""

    def __post_init__(self) -> None:
        """Check the weight."""
        super().__post_init__()
        check_number("weight", self.weight, 0.0, 1e6, usual="1")


def is_count(value: object, most: int, least: int = 1) -> bool:
    """Whether the value is a whole number from `least` to `most`."""
    return bool(_fits(value, int) and least <= value <= most)  # type: ignore[operator]


def check_count(name: str, value: object, most: int, least: int = 1, usual: str = "") -> None:
    """Raise unless `is_count`; `usual` ends the message.

    Raises:
        InputError: it is not.
    """
    if not is_count(value, most, least):
        hint = f"; {usual} is usual" if usual else ""
        raise InputError(f"{name} = {shown(value)} must be a whole number from {least} to {most:,}{hint}")


def is_number(value: object, low: float, high: float) -> bool:
    """Whether the value is a finite number from `low` to `high`."""
    return bool(_fits(value, float) and low <= value <= high)  # type: ignore[operator]


def check_number(name: str, value: object, low: float, high: float, usual: str = "") -> None:
    """Raise unless `is_number`; `usual` ends the message.

    Raises:
        InputError: it is not.
    """
    if not is_number(value, low, high):
        hint = f"; {usual} is usual" if usual else ""
        raise InputError(f"{name} = {shown(value)} must be a finite number from {low:,.15g} to {high:,.15g}{hint}")


def shown(value: object) -> str:
    """A refused value in a message, on one line and not too long."""
    try:
        text = value.__name__ if isinstance(value, type) else " ".join(repr(value).split())
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def no_type_check(function: F) -> F:
    """Mark a function that checks its arguments itself; the type checker of the tests goes by this name."""
    return function


@cache
def _rules(cls: type) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """The fields that can be checked, each with the members of its annotation."""
    try:
        hints = get_type_hints(cls)
    except NameError:  # of a class that was defined within a function
        return ()
    found = {field.name: _members(hints[field.name]) for field in fields(cls)}  # type: ignore[arg-type]
    return tuple((name, options) for name, options in found.items() if all(map(_checkable, options)))


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _checkable(option: Any) -> bool:
    return option in WORDS or get_origin(option) is Literal or _is_kind(option)


def _is_kind(option: Any) -> bool:
    return isinstance(option, abc.ABCMeta)


def _fits(value: object, option: Any) -> bool:
    if option is float:
        try:
            return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
        except OverflowError:
            return False
    if option is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if get_origin(option) is Literal:
        return any(type(value) is type(word) and value == word for word in get_args(option))
    return isinstance(value, option)


def _say(option: Any) -> str:
    if get_origin(option) is Literal:
        return f"one of {', '.join(map(repr, get_args(option)))}"
    return WORDS.get(option) or f"a {option.__name__}"
