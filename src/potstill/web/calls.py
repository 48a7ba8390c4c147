"""Questions of the page to the server: checked mappings in, plain values out, and each error as one line."""

import base64
import binascii
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from potstill.errors import InputError, PotstillError
from potstill.io.files import write
from potstill.io.printable import printable
from potstill.tasks.settings.parsing import from_values
from potstill.web import limits

T = TypeVar("T")
Answer = dict[str, Any]
Question = Callable[[Any], Answer]
_log = logging.getLogger(__name__)


def question(cls: type[T]) -> Callable[[Callable[[T], Answer]], Question]:
    """Make a server function of the page: what it was sent becomes an instance of `cls`, as strictly as a setting.

    An error that its visitor can act on is the answer {"error": one line}. Any other is logged, and the visitor learns
    only that there was one.
    """

    def decorate(function: Callable[[T], Answer]) -> Question:
        @wraps(function, assigned=("__name__", "__doc__"), updated=())
        def answer(data: Any) -> Answer:
            try:
                if not isinstance(data, Mapping) or not all(isinstance(name, str) for name in data):
                    raise InputError(f"{function.__name__} takes a mapping of names to values: send a JSON object")
                return function(from_values(cls, data))
            except PotstillError as error:
                return {"error": printable(" ".join(str(error).split())[:600])}
            except Exception:
                _log.exception("%s failed", function.__name__)
                return {"error": "something went wrong on the server, and its log says what: try other settings"}

        del answer.__wrapped__  # type: ignore[attr-defined]  # gradio would read the parameters of the inner function
        return answer

    return decorate


def decoded(text: str, what: str) -> bytes:
    """The bytes of a data URL or of base64.

    Raises:
        InputError: the text is not base64, or too long.
    """
    if len(text) > limits.UPLOAD * 1.4:
        raise InputError(f"{what} is too large: give at most {limits.UPLOAD / 1e6:g} MB")
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{what} cannot be read: upload it again") from None


def encoded(data: bytes, name: str) -> Answer:
    """A file for the visitor to save."""
    return {"name": name, "data": base64.b64encode(data).decode()}


@contextmanager
def uploaded(data: bytes, name: str) -> Iterator[Path]:
    """A file with what was uploaded, deleted afterwards; errors about it do not reveal its path.

    Raises:
        InputError: what reading it raises, or it is too large.
    """
    if len(data) > limits.UPLOAD:
        raise InputError(f"{name} has {len(data):,} bytes: give at most {limits.UPLOAD:,}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path, data)
        try:
            yield path
        except PotstillError as error:
            raise InputError(str(error).replace(f"{folder}/", "")) from None
