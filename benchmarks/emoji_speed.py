"""Options that may make the bundled model faster on the CPU: bfloat16, channels_last, torch.compile.

    python benchmarks/emoji_speed.py [--compile]

One thread and one process; time is the CPU time of this process. Each number is the median ratio to the same call in
float32, with alternating calls. Compiling takes minutes, so it is optional.
"""

import statistics
import sys
import time

import torch

import potstill

BATCHES, TURNS = (2, 16), 9

torch.set_num_threads(1)
prior = potstill.load()
states = prior.encode_prompt("red heart")["encoder_hidden_states"]
networks = {"float32": potstill.load(channels_last=False).network}
networks["bfloat16"] = potstill.load(dtype=torch.bfloat16, channels_last=False).network
networks["channels_last"] = potstill.load(channels_last=True).network
if "--compile" in sys.argv:
    networks["torch.compile"] = potstill.load(channels_last=False, compile=True).network


@torch.no_grad()
def seconds(name: str, batch: int) -> float:
    network, dtype = networks[name], torch.bfloat16 if name == "bfloat16" else torch.float32
    layout = torch.channels_last if name == "channels_last" else torch.contiguous_format
    x_t = torch.randn(batch, prior.channels, 16, 16, dtype=dtype).contiguous(memory_format=layout)
    prompt = states.expand(batch, -1, -1).to(dtype)
    began = time.process_time()
    network(x_t, torch.tensor(500.0), prompt, return_dict=False)
    return time.process_time() - began


def ratios(batch: int) -> dict[str, float]:
    """The ratios to float32."""
    turns = [{name: seconds(name, batch) for name in networks} for _ in range(TURNS + 1)][1:]  # the first is slower
    return {name: statistics.median(turn[name] / turn["float32"] for turn in turns) for name in networks}


found = [ratios(batch) for batch in BATCHES]
print("| samples in a call |", " | ".join(map(str, BATCHES)), "|\n|---|" + "---|" * len(BATCHES))
for name in list(networks)[1:]:
    print(f"| {name} |", " | ".join(f"{row[name]:.2f}" for row in found), "|")
