"""What every load is wrapped in: one at a time, quietly, with one line for whatever goes wrong."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from potstill.errors import InputError, shortage
from potstill.priors.logs import quiet

_LOCK = threading.RLock()
"""diffusers, transformers and accelerate change torch's own classes while they build a network: two at once would
leave every later module of the process on the meta device."""


@contextmanager
def loading(name: str, how: str = "", bars: bool = False, logs: bool = True) -> Iterator[None]:
    """Load one model at a time, without logs, and report whatever the libraries raise as one InputError.

    Args:
        name: of the model, for the message.
        how: where and as what it is loaded, for the message.
        bars: whether progress bars are shown.
        logs: whether diffusers and transformers take part, which are imported to be silenced.

    Raises:
        InputError: the model is broken. A lack of memory or of file descriptors is raised as it is.
    """
    try:
        with _LOCK, quiet(bars) if logs else nullcontext():
            yield
    except (InputError, Warning):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # of tokenizers, in Rust
            raise
        cause: BaseException | None = error
        while cause is not None:  # diffusers wraps what its imports raise
            if shortage(cause):
                raise (cause if isinstance(cause, Exception) else MemoryError(str(cause))) from None
            cause = cause.__cause__
        reason = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        reason = reason.split(" If you want to")[0]  # options of diffusers that do not exist here
        reason = re.sub(r"<class '(.*?)'>", r"\1", re.sub(r"\b\w+Error: ", "", reason))
        raise InputError(f"{name} cannot be loaded{how}: {reason[:300] or type(error).__name__}") from error
