"""Write the ONNX graphs of the bundled model's network and text encoder, without weights, beside their weights.

    python -m training.graphs

`potstill.load("emoji")` runs them with the weights in the safetensors files, so they change only with the structure of
the model.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from torch import Tensor

import potstill
from potstill.priors.bundled import GRAPH
from potstill.priors.loading import EMOJI
from potstill.priors.onnx_network import graph_of, network_graph


@dataclass(frozen=True)
class Graphs:
    """Input and output."""

    folder: Path = EMOJI
    """The folder of a model as `training.export` writes it."""


class _States(torch.nn.Module):
    """The states of a text encoder, from the ids of tokens."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor) -> Tensor:
        return self.network(ids)[0]


def write(folder: Path) -> None:
    """Write the graphs of the model in a folder."""
    pipe = potstill.load(folder, dtype=torch.float32, device="cpu").pipe
    ids = torch.zeros(2, pipe.tokenizer.model_max_length, dtype=torch.int64)
    (folder / "unet" / GRAPH).write_bytes(network_graph(pipe.unet))
    (folder / "text_encoder" / GRAPH).write_bytes(graph_of(_States(pipe.text_encoder), {"ids": ids}))


if __name__ == "__main__":
    write(tyro.cli(Graphs, description=__doc__).folder)
