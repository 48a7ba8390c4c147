"""Load a model by name, folder or file: safetensors only, no code but diffusers' own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch

from potstill.errors import InputError
from potstill.priors.pipeline import Pipeline

EMOJI = Path(str(files("potstill"))) / "models" / "emoji"
"""The bundled model: 64x64 emoji from captions."""


def load(
    name: str | Path = "emoji", *, dtype: torch.dtype | None = None, device: str | torch.device | None = None
) -> Pipeline:
    """Load a text-to-image model as a prior.

    Args:
        name: "emoji" (the bundled model), a name on the hub, or a local folder.
        dtype: what the network computes in; see `best_dtype` for the default.
        device: cuda where there is one, else mps, else cpu.

    Raises:
        InputError: there is no such model, or it is none that can be loaded safely.
    """
    place = str(device or best_device())
    folder = EMOJI if str(name) == "emoji" else Path(name)
    index = json.loads((folder / "model_index.json").read_text())
    missing = {part: None for part, kind in index.items() if isinstance(kind, list) and kind[0] is None}
    with quiet():
        from diffusers.pipelines.pipeline_utils import DiffusionPipeline

        pipe = DiffusionPipeline.from_pretrained(folder, dtype=dtype or torch.float32, **missing)
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            part.requires_grad_(False).eval()
    pipe.to(place)
    return family(pipe)(pipe, {"name": str(name)})


def best_device() -> str:
    """cuda, mps or cpu, the first there is."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def family(pipe: Any) -> type[Pipeline]:
    """The class of priors that knows how this pipeline's network is told a text."""
    from potstill.priors import unets

    network = type(getattr(pipe, "unet", None) or pipe.transformer).__name__
    if network == "UNet2DModel":
        return unets.Unconditional
    if network == "UNet2DConditionModel":
        if pipe.unet.config.addition_embed_type == "text_time":
            return unets.StableDiffusionXL
        return (
            unets.DeepFloyd
            if pipe.unet.config.out_channels == 2 * pipe.unet.config.in_channels
            else unets.StableDiffusion
        )
    raise InputError(f"networks of type {network} are not supported")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what diffusers and transformers log while they load."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    logs = (diffusers_logging, transformers_logging)
    levels = [log.get_verbosity() for log in logs]
    for log in logs:
        log.set_verbosity_error()
        log.disable_progress_bar()
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.set_verbosity(level)
            log.enable_progress_bar()
