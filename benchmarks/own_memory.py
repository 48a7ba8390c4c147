"""The cost and the effect of giving loaded weights memory of their own, in one process and on one thread.

    python -m benchmarks.own_memory [--gigabytes 1]

Prints the time of the copy as a ratio to the rest of loading the bundled model and a file of that size, the peak of
memory, and the time of the bundled network with its own memory as a ratio to mapped weights, A B A B.
"""

import argparse
import resource
import statistics
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from benchmarks.timing import cpu_seconds
from potstill.diffusion.prior import Query, predict
from potstill.priors.loading import EMOJI, load
from potstill.priors.weights import own_memory
from potstill.tensors import owned

parser = argparse.ArgumentParser()
parser.add_argument("--gigabytes", type=float, default=1.0)
chosen = parser.parse_args()
torch.set_num_threads(1)

prior = load(channels_last=False)
parts = [part for part in prior.pipe.components.values() if isinstance(part, torch.nn.Module)]
copy = cpu_seconds(lambda: [own_memory(part) for part in parts])
again = cpu_seconds(lambda: load(backend="torch"))
print(f"bundled model: the copy takes {copy / again:.3f} of loading it a second time")

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "weights.safetensors")
    count, side = max(1, round(chosen.gigabytes * 2**30 / 4 / 4096**2)), 4096
    save_file({f"w{number}": torch.ones(side, side) for number in range(count)}, file)
    read = cpu_seconds(lambda: [value.sum() for value in load_file(file).values()], 3)
    mapped = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    own = cpu_seconds(lambda: [owned(value) for value in load_file(file).values()], 3)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = count * side * side * 4 / 1e6
    print(f"{size:,.0f} MB: {own:.2f} s to copy, {read:.2f} s to read once; peak {(after - mapped) / 1e3:,.0f} MB more")

network = prior.network
own = {name: value.data for name, value in network.named_parameters()}
views = load_file(EMOJI / "unet" / "diffusion_pytorch_model.safetensors")
with tempfile.TemporaryDirectory() as folder:  # as a float32 file of the same weights would be mapped
    save_file({name: value.float() for name, value in views.items()}, Path(folder, "unet.safetensors"))
    mapped = load_file(Path(folder, "unet.safetensors"))


def use(weights) -> None:
    for name, value in network.named_parameters():
        value.data = weights[name]


x_t = torch.randn(2, prior.channels, 16, 16)
told = {name: value.expand(2, *value.shape[1:]) for name, value in prior.encode_prompt("red heart").items()}
query, ratios = Query(x_t, torch.tensor([500.0, 500.0]), told), []
with torch.no_grad():
    for _ in range(10):
        took = []
        for weights in (mapped, own):
            use(weights)
            predict(prior, query)
            took.append(cpu_seconds(lambda: predict(prior, query), 3))
        ratios.append(took[1] / took[0])
print(f"the network with its own memory: {statistics.median(ratios):.3f} of the time with mapped weights")
