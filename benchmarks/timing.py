"""The timer of the benchmarks that compare calls by the CPU time of their process."""

import statistics
import time
from collections.abc import Callable


def cpu_seconds(function: Callable[[], object], repeats: int = 5) -> float:
    """The median of a few calls."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        function()
        times.append(time.process_time() - began)
    return statistics.median(times)
