"""The errors of potstill. Every message names the value, the rule it breaks and the fix."""

import difflib
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor


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


_SCARCE = (
    "bad_alloc",
    "PyObject pointer is null",
    "Cannot allocate memory",
    "failed to map segment",
    "could not create a primitive",
)
"""What the libraries say where there is no memory."""


def shortage(error: Exception) -> str | None:
    """A message if the error is due to a lack of memory, of file descriptors or of a compiler, else None."""
    text = str(error)
    if any(words in text for words in ("Too many open files", "start new thread")):
        return "too many files or threads are open: raise the limits (ulimit -n, ulimit -u), or close some"
    scarce = any(words in text for words in _SCARCE)
    if scarce or isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate" in text):
        return "there is not enough memory for this: choose a smaller size or count, or another model"
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        return f"the model cannot be compiled here ({str(error).strip().splitlines()[0]}): leave --compile out"
    return None


def not_finite(method: str, step: int, t: Float[Tensor, " b"], **quantities: Tensor | None) -> NotFiniteError:
    """An error that names the first of the quantities that holds a NaN or an infinity, or the last if none does.

    It also gives the method, the step, the times and number of the affected samples, the dtype, and what to try. If all
    quantities are finite, a mean over samples overflowed.
    """
    given = {name: value for name, value in quantities.items() if value is not None}
    name = next((name for name, value in given.items() if not torch.isfinite(value).all()), list(given)[-1])
    value = given[name]
    bad = ~torch.isfinite(value).flatten(1).all(1).cpu() if value.ndim > 1 else ~torch.isfinite(value).cpu()
    bad = bad if bad.any() else ~bad
    times = t.expand(len(bad)).cpu()[bad][:5].tolist()
    shown = ", ".join(f"{time:g}" for time in times) + (", ..." if int(bad.sum()) > 5 else "")
    return NotFiniteError(
        f"{method}: {name.replace('_', ' ')} is not finite at step {step}, t = {shown} ({int(bad.sum())} of "
        f"{len(bad)} samples, {value.dtype}): lower the learning rate or the guidance scale, "
        "narrow the range of t, or compute in float32"
    )
