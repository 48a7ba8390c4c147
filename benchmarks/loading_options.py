"""The effect of the memory options of `potstill.load` on a small Stable Diffusion, one thread, one process.

Memory is the peak of torch's allocations beyond weights and arguments; time is the CPU time of this process. Each
number is a ratio to the same call without the option.
"""

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.small_unet import small_prior
from benchmarks.timing import cpu_seconds
from potstill.diffusion.prior import Query, predict
from potstill.priors.loading import save_memory

SIDE = 64
"""The side of the latents, for 512 pixels."""


def peak(function) -> int:
    """The peak of allocated bytes."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        function()
    events = [event for event in record.profiler.kineto_results.events() if event.name() == "[memory]"]
    now = highest = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        now += event.nbytes()
        highest = max(highest, now)
    return highest


torch.set_num_threads(1)
plain, sliced, tiled = small_prior(), small_prior(), small_prior()
save_memory(sliced.pipe, attention_slicing=True)
save_memory(tiled.pipe, vae_tiling=True)
latents, images = torch.randn(1, 4, SIDE, SIDE), torch.rand(1, 3, 8 * SIDE, 8 * SIDE)
t = torch.tensor([500.0])


def ask(prior):
    return lambda: predict(prior, Query(latents, t, prior.encode_prompt("target")))


def encode(prior):
    return lambda: prior.codec.encode(images)


def decode(prior):
    return lambda: prior.codec.decode(latents)


print("| option | call | peak memory | time |\n|---|---|---|---|")
with torch.no_grad():
    for option, call, prior in (
        ("attention_slicing", ask, sliced),
        ("vae_tiling", encode, tiled),
        ("vae_tiling", decode, tiled),
    ):
        before, after = call(plain), call(prior)
        before(), after()
        memory = peak(after) / peak(before)
        print(f"| `{option}` | {call.__name__} | {memory:.2f} | {cpu_seconds(after) / cpu_seconds(before):.2f} |")
