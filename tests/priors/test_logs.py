"""The logs of other libraries, in several threads."""

from potstill.priors.logs import quiet


def test_the_logs_come_back_when_the_last_thread_is_done():
    from diffusers.utils import logging

    level = logging.get_verbosity()
    first, second = quiet(), quiet()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert logging.get_verbosity() == logging.CRITICAL
    second.__exit__(None, None, None)
    assert logging.get_verbosity() == level
