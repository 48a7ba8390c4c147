"""What evaluates the bundled network fastest on a CPU: torch, its options, or ONNX Runtime, the default.

    python -m benchmarks.emoji_speed [--compile]

One thread and one process; time is the CPU time of this process. Each number is the median ratio to the same call in
torch as `backend="torch"` loads it (float32, channels_last), with alternating calls. Compiling takes minutes, so it is
optional. Exits with 1 if ONNX Runtime takes over 0.6 of the time at 1 or 2 samples or over 0.7 at 4.
"""

import statistics
import sys
import time

import torch

import potstill

BATCHES, TURNS, LIMITS = (1, 2, 4, 16), 25, {1: 0.6, 2: 0.6, 4: 0.7}

torch.set_num_threads(1)
states = potstill.load().encode_prompt("red heart")["encoder_hidden_states"]
priors = {
    "torch": potstill.load(backend="torch"),
    "onnx": potstill.load(),
    "contiguous": potstill.load(backend="torch", channels_last=False),
    "bfloat16": potstill.load(dtype=torch.bfloat16),
}
if "--compile" in sys.argv:
    priors["torch.compile"] = potstill.load(compile=True)
networks = {name: prior.network for name, prior in priors.items()}


def inputs(name: str, batch: int) -> tuple[torch.Tensor, ...]:
    """Latents, times and states in what the network computes in."""
    dtype = priors[name].dtype
    x_t = torch.randn(batch, 48, 16, 16, generator=torch.Generator().manual_seed(0)).to(dtype)
    return x_t, torch.full((batch,), 500.0), states.expand(batch, -1, -1).to(dtype)


@torch.no_grad()
def seconds(name: str, batch: int) -> float:
    given = inputs(name, batch)
    began = time.process_time()
    networks[name](*given, return_dict=False)
    return time.process_time() - began


def ratios(batch: int) -> dict[str, float]:
    """The ratios to torch; its own entry in milliseconds."""
    turns = [{name: seconds(name, batch) for name in networks} for _ in range(TURNS + 2)][2:]  # the first are slower
    found = {name: statistics.median(turn[name] / turn["torch"] for turn in turns) for name in networks}
    return found | {"torch": 1e3 * statistics.median(turn["torch"] for turn in turns)}


found = {batch: ratios(batch) for batch in BATCHES}
print("| samples in a call |", " | ".join(map(str, BATCHES)), "|\n|---|" + "---:|" * len(BATCHES))
for name in networks:
    unit = " ms" if name == "torch" else ""
    print(f"| {name} |", " | ".join(f"{row[name]:.{1 if unit else 2}f}{unit}" for row in found.values()), "|")
with torch.no_grad():
    fast, slow = (networks[name](*inputs(name, 4), return_dict=False)[0] for name in ("onnx", "torch"))
print(f"largest difference between onnx and torch: {float((fast - slow).abs().max()):.1e}")
sys.exit(any(found[batch]["onnx"] > limit for batch, limit in LIMITS.items()))
