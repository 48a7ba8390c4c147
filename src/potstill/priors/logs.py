"""The logs of diffusers and transformers, which say in many lines what potstill says in one."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from potstill.errors import check_room

_ROOM = 320_000_000
"""Bytes of address space that diffusers and transformers need to load."""


class _Loud:
    """How the logs were before the first of the threads that are quiet now."""

    lock = threading.Lock()
    quiet = 0
    before: tuple[tuple[int, bool], ...] = ()


@contextmanager
def quiet(bars: bool = False) -> Iterator[None]:
    """Silence the logs of diffusers and transformers, and their progress bars unless `bars` is set.

    The logs belong to the process: they come back when the last thread that is quiet has finished.
    """
    if "transformers" not in sys.modules:
        check_room(_ROOM, "diffusers")
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    logs = (diffusers_logging, transformers_logging)
    with _Loud.lock:
        if not _Loud.quiet:
            _Loud.before = tuple((log.get_verbosity(), log.is_progress_bar_enabled()) for log in logs)
        _Loud.quiet += 1
        for log in logs:
            log.set_verbosity(log.CRITICAL)
            if not bars:
                log.disable_progress_bar()
    try:
        yield
    finally:
        with _Loud.lock:
            _Loud.quiet -= 1
            for log, (level, bar) in zip(logs, _Loud.before, strict=True) if not _Loud.quiet else ():
                log.set_verbosity(level)
                if bar:
                    log.enable_progress_bar()
