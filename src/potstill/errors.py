"""What goes wrong, in words: every message names the value, the rule it broke and the fix."""

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
    """A NaN or an infinity appeared in a run, which is as it was before the step."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The fix for an unknown word: the nearest name, and all there are."""
    by_lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f"{f'did you mean {by_lower[close[0]]!r}? ' if close else ''}choose from {', '.join(by_lower.values())}"


def shortage(error: Exception) -> str | None:
    """What the machine is short of, in words: memory, or a compiler; None where the error says something else."""
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate" in str(error)):
        return "there is not enough memory for this: choose a smaller size or count, or another model"
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        return f"the model cannot be compiled here ({str(error).strip().splitlines()[0]}): leave --compile out"
    return None


def not_finite(method: str, step: int, t: Float[Tensor, " b"], **quantities: Tensor | None) -> NotFiniteError:
    """The error that names the first quantity, in the order given, that holds a NaN or an infinity.

    With it the method, the step, the times of the affected samples, their number and dtype, and what to try. Where
    every quantity is finite, their mean over samples is not, and the last one is named.
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
