"""Milliseconds per step of each method on a world of 1,000 points, on one thread; 1,000 steps of four take at most 8 s.

Time is the CPU time of this thread.
"""

import sys
import time

import torch

from potstill.methods import by_name
from potstill.worlds import EditStudy, load_world
from potstill.worlds.study import MethodRun, small_tensors

NAMES = ("sds", "dds", "pds", "pds-consistent", "sdi")
STEPS, LIMIT = 300, 8


def milliseconds(function, repeats: int = 1) -> float:
    """The fastest of several calls."""
    times = []
    for _ in range(repeats):
        began = time.thread_time()
        function()
        times.append(time.thread_time() - began)
    return 1e3 * min(times)


def run(name: str, steps: int = STEPS) -> MethodRun:
    study = EditStudy([(name, by_name(name))], world=load_world("moons"), points=1000, steps=steps)
    return study.run()[0]


with small_tensors():
    logits = torch.randn(2000, 128)
    unit = milliseconds(lambda: logits.softmax(-1), repeats=30)
print(f"one softmax of 2000 x 128: {unit:.3f} ms")
run("sds", 30)  # torch's initialisation
total = 0.0
for name in NAMES:
    step = milliseconds(lambda name=name: run(name), repeats=3) / STEPS
    evaluations = run(name, 30).evaluations / 30
    total += step if name in NAMES[:4] else 0
    print(f"{name:15} {step:6.2f} ms per step, {step / unit:5.1f} softmaxes, {evaluations:.1f} evaluations")
print(f"1,000 steps of {', '.join(NAMES[:4])}: {total:.1f} s (limit {LIMIT})")
sys.exit(total > LIMIT)
