"""What goes wrong, in words: every message names the value, the rule it broke and the fix."""

import torch
from torch import Tensor


class PotstillError(Exception):
    """Any error potstill raises on purpose; the command line prints it as one line and exits with 2."""


class InputError(PotstillError, ValueError):
    """A value from outside breaks a rule."""


class NotFiniteError(PotstillError, ArithmeticError):
    """A NaN or an infinity appeared during distillation."""


def check_finite(step: int, t: Tensor, **quantities: Tensor) -> None:
    """Raise at the first quantity, in the order given, that holds a NaN or an infinity.

    Raises:
        NotFiniteError: naming the step, the times of the affected samples and the quantity.
    """
    for name, value in quantities.items():
        finite = torch.isfinite(value)
        if not finite.all():
            bad = ~finite.flatten(1).all(1).cpu()
            times = ", ".join(f"{x:g}" for x in t.cpu()[bad][:5].tolist())
            raise NotFiniteError(
                f"{name.replace('_', ' ')} is not finite at step {step}, t = {times} ({int(bad.sum())} of "
                f"{len(bad)} samples, {value.dtype}): lower the learning rate or the guidance scale, "
                "narrow the range of t, or compute in float32"
            )
