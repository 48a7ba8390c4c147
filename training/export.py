"""Export a model: the averaged weights in half precision, in the folder layout of diffusers, with its ONNX graphs.

    python -m training.export --checkpoint build/emoji/last/step-046000
    python -m training.export --checkpoint build/toys/last/step-030000 data:toys

`potstill.load("emoji")` reads the folder, and so does `DiffusionPipeline.from_pretrained(out, vae=None)`.
"""

import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
import tyro
from diffusers import DiffusionPipeline

from potstill.priors.loading import BUNDLED
from potstill.priors.logs import quiet
from potstill.priors.vocabulary import NAME
from training import checkpoint, graphs
from training.examples import Emoji, Examples
from training.model import pipeline
from training.sheet import read
from training.toys.examples import Toys

_README = """\
# potstill's model of {name}

{about} It is part of the Python package potstill, Apache-2.0. `vocabulary.json` lists the words it knows.
These are the weights after {steps:,} steps of training.

    potstill.load("{name}")
    diffusers.DiffusionPipeline.from_pretrained(folder, vae=None)

There is no autoencoder: latents are the pixels, `pixel_unshuffle(2 * images - 1, 4)`.
"""


@dataclass(frozen=True)
class Export:
    """Input and output."""

    checkpoint: Path
    """Folder of a checkpoint, whose averaged weights are exported."""
    data: Emoji | Toys = field(default_factory=Emoji)
    """What the model was trained on."""
    out: Path | None = None
    """The folder, which is replaced; by default that of the bundled model."""


def size(folder: Path) -> float:
    """The size of all files in a folder, in megabytes (10^6 bytes)."""
    return sum(file.stat().st_size for file in _files(folder)) / 1e6


def steps_of(folder: Path) -> int:
    """How many steps the weights in a folder were trained, which its README.md says and no other file."""
    about = (folder / "README.md").read_text()
    return int(about.split("after ")[1].split(" steps of training")[0].replace(",", ""))


def save(pipe: DiffusionPipeline, out: Path, steps: int, data: Examples) -> None:
    """Write the folder of a pipeline, after `steps` of training on these examples."""
    with quiet():
        pipe.to(torch.float16).save_pretrained(out)
    for path in (out / "model_index.json", out / "tokenizer" / "tokenizer_config.json"):
        # the name of this class in every version of transformers
        path.write_text(path.read_text().replace('"TokenizersBackend"', '"PreTrainedTokenizerFast"'))
    (out / "README.md").write_text(_README.format(name=data.name, about=data.about, steps=steps))
    (out / NAME).write_text(json.dumps(data.phrases(), indent=1) + "\n")
    for file in _files(out):
        file.chmod(0o644)


def main(export: Export) -> None:
    """Write the folder and print its size."""
    model, out = read(export.checkpoint), export.out or BUNDLED[export.data.name]
    if model.camera != export.data.camera:
        sys.exit(f"{export.checkpoint} was not trained on {export.data.name}: choose another `data`")
    beside = out.with_name(f".{out.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    save(pipeline(model), beside, checkpoint.read(export.checkpoint)["step"], export.data)
    graphs.write(beside)
    shutil.rmtree(out, ignore_errors=True)
    beside.replace(out)
    print(f"{size(out):.1f} MB in {out}")


def _files(folder: Path) -> Iterable[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main(tyro.cli(Export, description=__doc__))
