"""The range of numbers from outside: that of torch, so that no number overflows where it is used."""

import math

from potstill.errors import InputError

INTEGER = 2**64 - 1
"""Maximum size of a whole number, that of a seed of torch."""
NUMBER = 3.4028234663852886e38
"""Maximum size of a number, that of float32."""


def is_beyond(value: object) -> bool:
    """Whether it is a whole number beyond 64 bits, perhaps of more digits than Python writes out."""
    return isinstance(value, int) and abs(value) > INTEGER


def check_range(value: object, name: str) -> None:
    """Check that a number is within range; infinity and NaN are left to the rule of their field, as is no number.

    Raises:
        InputError: a whole number beyond 64 bits, or a number beyond float32.
    """
    if is_beyond(value):
        raise InputError(f"{name} has far too many digits: whole numbers are at most {INTEGER:,}")
    if isinstance(value, float) and math.isfinite(value) and abs(value) > NUMBER:
        raise InputError(f"{name} = {value:g} is beyond the range of float32: give at most {NUMBER:.1g} in size")
