"""The time of a step of `distill` relative to the bare U-Net at the same batch size, on one thread: at most 1.03.

Steps and bare calls alternate, and the median ratio of neighbours is reported. Time is the CPU time of this process, so
other load on the machine affects both alike. SDS with guidance is a batch of 2, DDS and PDS of 4.
"""

import statistics
import sys
import time

import torch
from small_unet import small_prior
from torch import Generator

from potstill import DDS, PDS, SDS, distill
from potstill.diffusion.guidance import with_scale
from potstill.scenes import Latents

LIMIT, REPEATS = 1.03, 20


def seconds(function) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


torch.set_num_threads(1)
prior = small_prior()
print(f"U-Net of {sum(weight.numel() for weight in prior.network.parameters()) / 1e6:.1f} M parameters, one thread")
x0 = torch.randn(1, 4, *[prior.network.config.sample_size] * 2)
slow = False
for method, batch in ((SDS(), 2), (DDS(), 4), (PDS(), 4)):
    source = prior.encode_prompt("source") if method.edits else None
    steps = distill(
        Latents(x0, prior.codec),
        with_scale(prior, 7.5),
        method,
        target=prior.encode_prompt("target"),
        source=source,
        steps=REPEATS + 3,
        rng=Generator().manual_seed(0),
    )
    x_t, t = torch.randn(batch, *x0.shape[1:]), torch.full((batch,), 500.0)
    states = torch.randn(batch, 77, prior.network.config.cross_attention_dim)

    @torch.no_grad()
    def bare(x_t=x_t, t=t, states=states):
        prior.network(x_t, t, states, return_dict=False)

    for _ in range(3):
        bare()
        next(steps)
    ratios, calls = [], []
    for _ in range(REPEATS):
        before, step, after = seconds(bare), seconds(lambda steps=steps: next(steps)), seconds(bare)
        calls.append((before + after) / 2)
        ratios.append(step / calls[-1])
    ratio = statistics.median(ratios)
    slow |= ratio > LIMIT
    print(
        f"{type(method).__name__}: {ratio:.3f} of a forward at batch {batch} "
        f"({1e3 * statistics.median(calls):.0f} ms; limit {LIMIT})"
    )
sys.exit(slow)
