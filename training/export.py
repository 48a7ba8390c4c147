"""Write the model that ships: the averaged weights in half precision, in the folder layout of diffusers.

    python -m training.export --checkpoint build/emoji/last/step-046000 --out src/potstill/models/emoji

Every part loads on its own with `from_pretrained(out, subfolder=...)`: `unet`, `text_encoder`, `tokenizer`
and `scheduler`. There is no VAE; the codec is `training.model.to_latents`.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from training.model import build_scheduler, build_tokenizer
from training.sheet import read

_PARTS = {
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
    "unet": ["diffusers", "UNet2DConditionModel"],
}


@dataclass(frozen=True)
class Export:
    """Which weights, and where to."""

    checkpoint: Path
    """Folder of a checkpoint; its averaged weights are exported."""
    out: Path = Path("build/emoji/model")
    """The folder."""


def main(export: Export) -> None:
    """Write the folder and say how large it is."""
    model = read(export.checkpoint).half()
    model.unet.save_pretrained(export.out / "unet")
    model.text_encoder.save_pretrained(export.out / "text_encoder")
    build_tokenizer().save_pretrained(export.out / "tokenizer")
    build_scheduler().save_pretrained(export.out / "scheduler")
    index = {"_class_name": "DiffusionPipeline"} | _PARTS
    (export.out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    size = sum(file.stat().st_size for file in export.out.rglob("*") if file.is_file())
    print(f"{size / 1e6:.1f} MB in {export.out}")


if __name__ == "__main__":
    main(tyro.cli(Export, description=__doc__))
