"""JSON from outside: what is ambiguous, such as a key that is named twice, is refused."""

import json
from collections.abc import Sequence
from typing import Any

from potstill.errors import InputError


def parse_json(data: str | bytes, what: str) -> Any:
    """The value of a JSON text; `what` is what messages call it.

    Raises:
        InputError: it is not valid JSON, is nested too deeply, names a key twice, or has a number of thousands of
            digits.
    """
    try:
        return json.loads(data, object_pairs_hook=_object)
    except InputError as error:
        raise InputError(f"{what} {error}") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{what} is not valid JSON ({error.msg}): correct it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{what} is not UTF-8 (byte {error.start}): save it in UTF-8") from None
    except RecursionError:
        raise InputError(f"{what} is nested too deeply: flatten it") from None
    except ValueError:  # Python reads integers of up to 4,300 digits
        raise InputError(f"{what} has a number with far too many digits: give a smaller one") from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without repeated keys, which would be ambiguous."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(f"names {name[:60]!r} twice: keep one of them")
        found[name] = value
    return found
