"""What mixing the self-attention of source and target brings to the default edit of pictures.

    python -m benchmarks.family_attention [--pairs 24]

The network sees source and target in one batch, so its self-attention layers can give the target what they find in the
source: its queries and keys, that is, which places belong together (plug-and-play, arXiv 2211.12572), or its keys and
values, so that the target is made of the source's features (MasaCtrl, arXiv 2304.08465). Prints the PSNR to the true
edit on validation pairs and the paired difference to the default with its 95 % interval.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from benchmarks.family import choosing
from benchmarks.family_ablation import measured, row
from benchmarks.finish import edited
from potstill import load
from potstill.bench.settings import new_task
from potstill.methods.finish import TwoScales


@dataclass(frozen=True)
class Run:
    """The size of the measurement."""

    pairs: int = 24
    """Validation pairs, spread evenly over the groups."""


@dataclass(frozen=True)
class Mixed:
    """A self-attention layer where the target's rows take some of the source's queries, keys or values.

    The rows are (branches of guidance) x (target, source) x pairs.
    """

    taken: str
    """Of q, k and v, those that move from the source's share `share` to the target."""
    share: float = 1.0

    def __call__(self, attn: Any, hidden_states: Tensor, encoder_hidden_states: None = None, **_: Any) -> Tensor:
        """The layer's output [rows, places, channels]."""
        found = {name: getattr(attn, f"to_{name}")(hidden_states) for name in "qkv"}
        for name in self.taken:
            rows = found[name].unflatten(0, (-1, 2, PAIRS))
            rows[:, 0] = rows[:, 0].lerp(rows[:, 1], self.share)
        q, k, v = (each.unflatten(2, (attn.heads, -1)).transpose(1, 2) for each in found.values())
        out = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return attn.to_out[1](attn.to_out[0](out.contiguous()))


PAIRS = 8
WAYS: dict[str, tuple[str, str, float]] = {
    "nothing mixed": ("up_blocks", "", 0.0),
    "queries and keys, upward": ("up_blocks", "qk", 1.0),
    "queries and keys, half, everywhere": ("", "qk", 0.5),
    "queries and keys, everywhere": ("", "qk", 1.0),
    "keys and values, upward": ("up_blocks", "kv", 1.0),
    "keys and values, half, upward": ("up_blocks", "kv", 0.5),
    "keys and values, everywhere": ("", "kv", 1.0),
}
"""The part of the network, what is taken, and how much."""


def main(run: Run) -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    prior = load("emoji", backend="torch")
    network = prior.pipe.unet
    usual, before = [], dict(network.attn_processors)
    pairs, _ = choosing(run.pairs)
    sources = torch.cat([pair.source for pair in pairs])
    for name, (part, taken, share) in WAYS.items():
        inside = {key for key in before if key.startswith(part) and ".attn1." in key}
        network.set_attn_processor({key: Mixed(taken, share) if key in inside else old for key, old in before.items()})
        images = torch.cat([edited(new_task(), pairs[at : at + PAIRS], prior) for at in range(0, len(pairs), PAIRS)])
        each = measured(TwoScales()(images, sources), pairs)
        usual = usual or each
        found = row(each, usual, pairs)
        print(f"{name}: {found['psnr']:.2f} dB, {found['difference']:+.2f} ± {found['half_interval']:.2f}", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Run, description=__doc__))
