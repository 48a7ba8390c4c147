"""The errors of potstill. Every message names the value, the rule it breaks and the fix.

This file needs nothing but Python: it must still say what is lacking where torch cannot be loaded.
"""

import difflib
import errno
import sys
from collections.abc import Iterable
from pathlib import Path


class PotstillError(Exception):
    """Any error potstill raises on purpose; the command line prints it as one line and exits with 2."""


class InputError(PotstillError, ValueError):
    """A value from outside breaks a rule."""


class NotFiniteError(PotstillError, ArithmeticError):
    """A NaN or an infinity appeared in a run, whose state is still the one before the step."""


class Note(UserWarning):
    """Something was decided for the user that a result depends on; nothing is wrong."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The fix for an unknown name: the most similar name, if any, and a list of all."""
    by_lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f"{f'did you mean {by_lower[close[0]]!r}? ' if close else ''}choose from {', '.join(by_lower.values())}"


_MEMORY = "there is not enough memory for this: choose a smaller size or count, or another model"
_FILES = "too many files or threads are open: raise the limits (ulimit -n, -u or -v), or close some"
_SCARCE = {
    "bad_alloc": _MEMORY,
    "PyObject pointer is null": _MEMORY,
    "Cannot allocate memory": _MEMORY,
    "failed to map segment": _MEMORY,
    "could not create a primitive": _MEMORY,
    "Too many open files": _FILES,
    "start new thread": _FILES,
}
"""What the libraries say where something is lacking."""
_ERRNO = {
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: _FILES,
    errno.ENFILE: "too many files are open on this machine: close other programs",
    errno.ENOSPC: "no space is left for the output: free some, or write it elsewhere",
}


def shortage(error: BaseException) -> str | None:
    """A message if the error is due to a lack of memory, of disk, of files or of a compiler, else None."""
    text, number = str(error), getattr(error, "errno", 0)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate" in text):
        return _MEMORY
    if found := _ERRNO.get(number or 0) or next((said for words, said in _SCARCE.items() if words in text), None):
        return found
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        return f"the model cannot be compiled here ({text.strip().splitlines()[0]}): leave --compile out"
    return None


def check_room(needed: int, what: str) -> None:
    """Raise if the limit of this process (`ulimit -v`) leaves less address space than libraries need to load.

    Some of them do not report that: OpenBLAS tries for ever, C++ aborts. On Linux only; elsewhere nothing is checked.

    Args:
        needed: bytes.
        what: needs them, for the message.

    Raises:
        InputError: there is less.
    """
    if sys.platform != "linux":
        return
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    if (room := limit - int(pages) * resource.getpagesize()) < needed:
        raise InputError(
            f"there is not enough memory: {what} needs {needed // 10**6:,} MB of address space to load, and "
            f"ulimit -v leaves {max(room, 0) // 10**6:,} MB; raise it"
        )
