"""Milliseconds per step of each method on a world of 1,000 points, on one thread, also relative to one softmax."""

import time

import torch

from potstill.methods import by_name
from potstill.worlds import EditStudy, load_world
from potstill.worlds.study import small_tensors

NAMES = ("sds", "dds", "pds", "pds-consistent", "sdi")
STEPS = 300


def best(function, repeats: int = 30) -> float:
    """The fastest of several calls, in milliseconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return 1e3 * min(times)


with small_tensors():
    logits = torch.randn(2000, 128)
    unit = best(lambda: logits.softmax(-1))
study = EditStudy(
    [(name, by_name(name)) for name in ("sds", *NAMES)], world=load_world("moons"), points=1000, steps=STEPS
)
runs = study.run()[1:]  # the first run includes torch's initialisation
print(f"one softmax of 2000 x 128: {unit:.3f} ms")
for run in runs:
    step = 1e3 * run.seconds / STEPS
    evaluations = run.evaluations / STEPS
    print(f"{run.method:15} {step:6.2f} ms per step, {step / unit:5.1f} softmaxes, {evaluations:.1f} evaluations")
print(f"1,000 steps of {', '.join(NAMES[:4])}: {sum(run.seconds for run in runs[:4]) * 1000 / STEPS:.1f} s")
