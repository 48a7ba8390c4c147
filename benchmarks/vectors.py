"""The speed and memory of the vector renderer, forward and backward, on one thread.

    python -m benchmarks.vectors

Prints the best of several runs, in time on the clock and of the processor, and the memory that a run adds at most.
"""

import argparse
import resource
import time

import torch
from torch import Generator

from potstill.io.svg import random_paths, random_strokes
from potstill.vectors import Renderer

CASES = (
    ("50 paths of 4 cubics", random_paths, 50, 64, 0.2),
    ("50 paths of 4 cubics", random_paths, 50, 256, 0.2),
    ("500 paths of 4 cubics", random_paths, 500, 256, 0.1),
    ("500 paths of 4 cubics", random_paths, 500, 256, 0.2),
    ("50 strokes of 2 cubics", random_strokes, 50, 64, 0.2),
    ("500 strokes of 2 cubics", random_strokes, 500, 256, 0.2),
)
"""Name, start, count, side in pixels, radius in sides of the page."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print(f"best of {repeats}, {torch.get_num_threads()} thread, float32")
    for name, start, count, side, radius in CASES:
        sketch = start(count, Generator().manual_seed(0), radius=radius).sketch
        render = Renderer(sketch, side, side)
        numbers, white = sketch.numbers.float()[None].requires_grad_(), torch.ones(1, 3)
        clock, processor = [], []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(repeats):
            began = time.perf_counter(), time.process_time()
            render(numbers, white).square().sum().backward()
            clock.append(time.perf_counter() - began[0])
            processor.append(time.process_time() - began[1])
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"{name:24} {side:4} px  {1000 * min(clock):7.1f} ms on the clock  "
            f"{1000 * min(processor):7.1f} ms of the processor  {more:6.0f} MiB more than before"
        )


if __name__ == "__main__":
    main()
