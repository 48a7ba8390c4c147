"""Export the model: the averaged weights in half precision, in the folder layout of diffusers.

    python -m training.export --checkpoint build/emoji/last/step-046000

`potstill.load("emoji")` reads the folder, and so does `DiffusionPipeline.from_pretrained(out, vae=None)`.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from diffusers import DiffusionPipeline

from potstill.priors.loading import EMOJI
from potstill.priors.logs import quiet
from potstill.priors.vocabulary import NAME
from training import checkpoint
from training.captions import BACKGROUNDS, PLACES, RELATIONS, SIZES, subject
from training.icons import STYLES, TONES, concepts
from training.model import pipeline
from training.sheet import read

_README = """\
# potstill's text-to-emoji model

Draws 64x64 emoji from captions such as "red apple on a blue background". It was trained from scratch and is part of the
Python package potstill, Apache-2.0. The drawings it was trained on: Fluent Emoji (flat), Copyright (c) Microsoft
Corporation, MIT; Noto Emoji, Copyright Google Inc., Apache-2.0. See docs/results/emoji-model.md and NOTICE in the
repository. `vocabulary.json` lists the words it knows. These are the weights after {steps:,} steps of training.

    potstill.load("emoji")
    diffusers.DiffusionPipeline.from_pretrained(folder, vae=None)

There is no autoencoder: latents are the pixels, `pixel_unshuffle(2 * images - 1, 4)`.
"""
# Readable names for groups of concepts.txt.
_GROUPS = {
    "places": "places and vehicles",
    "colours": "in several colours",
    "tones": "in several skin tones",
}


@dataclass(frozen=True)
class Export:
    """Input and output."""

    checkpoint: Path
    """Folder of a checkpoint, whose averaged weights are exported."""
    out: Path = EMOJI
    """The folder, which is replaced."""


def vocabulary() -> dict[str, dict[str, list[str]] | list[str]]:
    """The vocabulary of the model, as phrases for prompts."""
    subjects: dict[str, list[str]] = {}
    for concept, group in concepts().items():
        subjects.setdefault(_GROUPS.get(group, group), []).append(subject(concept))
    return {
        "subjects": subjects,
        "backgrounds": [f"on {'an' if colour == 'orange' else 'a'} {colour} background" for colour in BACKGROUNDS],
        "colours": [f"{colour} ..." for colour in BACKGROUNDS],
        "sizes": [f"{size} ..." for size in (*SIZES, "big")],
        "places": [f"small ... at the {place}" for place in PLACES if place != "middle"],
        "two things": [*(f"... {relation} a ..." for relation in RELATIONS.values()), "... and a ..."],
        "styles": list(STYLES),
        "skin tones": [subject("", tone).strip() for tone in TONES],
    }


def size(folder: Path) -> float:
    """The size of all files in a folder, in megabytes (10^6 bytes)."""
    return sum(file.stat().st_size for file in _files(folder)) / 1e6


def save(pipe: DiffusionPipeline, out: Path, steps: int) -> None:
    """Write the folder of a pipeline, after `steps` of training."""
    with quiet():
        pipe.to(torch.float16).save_pretrained(out)
    for path in (out / "model_index.json", out / "tokenizer" / "tokenizer_config.json"):
        # the name of this class in every version of transformers
        path.write_text(path.read_text().replace('"TokenizersBackend"', '"PreTrainedTokenizerFast"'))
    (out / "README.md").write_text(_README.format(steps=steps))
    (out / NAME).write_text(json.dumps(vocabulary(), indent=1) + "\n")
    for file in _files(out):
        file.chmod(0o644)


def main(export: Export) -> None:
    """Write the folder and print its size."""
    pipe, steps = pipeline(read(export.checkpoint)), checkpoint.read(export.checkpoint)["step"]
    beside = export.out.with_name(f".{export.out.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    save(pipe, beside, steps)
    shutil.rmtree(export.out, ignore_errors=True)
    beside.replace(export.out)
    print(f"{size(export.out):.1f} MB in {export.out}")


def _files(folder: Path) -> Iterable[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    main(tyro.cli(Export, description=__doc__))
