"""Options that commands on images share: the model, and what is written."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import torch

from potstill.animation import gif_bytes
from potstill.cli.common import step_progress, to_json
from potstill.errors import InputError
from potstill.files import writable_file, writable_folder, writable_png, write
from potstill.images import Images, png_bytes
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.replay import DTYPES
from potstill.task import Run


@dataclass(frozen=True)
class Model:
    """The model and where it computes."""

    model: str = "emoji"
    """emoji (bundled), a name on the hub, a folder in diffusers' layout, or a .safetensors file."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    lora: str | None = None
    """LoRA weights to put on the model: a name on the hub, a folder or a .safetensors file."""
    device: str | None = None
    """cuda, mps or cpu. None means the first of them there is."""
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """What the network computes in. None means what suits the device."""
    attention_slicing: bool = False
    """One attention head at a time: less memory, slower."""
    vae_tiling: bool = False
    """Encode and decode large pictures in tiles: less memory, and the tiles may show."""
    cpu_offload: bool = False
    """Keep on the device only the part that is at work: much less memory, slower."""

    def __post_init__(self) -> None:
        """Check what a file may say in place of the command line."""
        if self.dtype not in (None, *DTYPES):
            raise InputError(f"dtype = {self.dtype!r} must be one of {', '.join(DTYPES)}")

    @classmethod
    def of(cls, identity: Mapping[str, Any]) -> "Model":
        """The options that load a model again, from the identity in a record."""
        names = {field.name for field in fields(cls)} & identity.keys()
        return cls(identity.get("name", "emoji"), **{name: identity[name] for name in names})

    def load(self) -> Pipeline:
        """Load it."""
        options: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        name, dtype = options.pop("model"), self.dtype and getattr(torch, self.dtype)
        return load(name, **{**options, "dtype": dtype})


@dataclass(frozen=True)
class Output:
    """What is written, and where to."""

    out: Path
    """The PNG; a JSON goes beside it. Several results are numbered."""
    gif: bool = False
    """Write the way there, too, as an animation beside the PNG."""
    preview: bool = False
    """Keep a picture of how it looks now beside the PNG, renewed about once a second."""
    json: bool = False
    """Print the JSON instead of a summary."""
    config: Path | None = None
    """Read settings from a file that --save-config wrote, or from any PNG or JSON of a result."""
    save_config: Path | None = None
    """Write the settings to this file before the run."""

    def check(self) -> None:
        """Make sure, before anything is computed, that it can be written.

        Raises:
            InputError: `out` is no PNG, or its folder cannot be written to.
        """
        writable_png(self.out)
        if self.save_config:
            writable_folder(self.save_config.parent)
            writable_file(self.save_config)

    def write(self, run: Run) -> None:
        """Take the steps of the run, showing them, and write and print what it gives."""
        if self.save_config:
            write(self.save_config, to_json(run.record).encode())
        name = run.record["command"]
        peek = self.out.with_stem(f"{self.out.stem}-preview")
        frames: list[Images] = []
        began = shown = time.monotonic()
        try:
            with step_progress() as show:
                for step in run:
                    show(name, step)
                    if self.gif and step.index % max(1, step.total // 40) == 0:
                        frames.append(run.images())
                    if self.preview and time.monotonic() - shown > 1:
                        write(peek, png_bytes(run.images()[:1]))
                        shown = time.monotonic()
            result = run.finish()
        finally:
            peek.unlink(missing_ok=True)
        animation = gif_bytes([*frames, result.images]) if self.gif else None
        places = result.save(self.out)
        if animation:
            places.append(self.out.with_suffix(".gif"))
            write(places[-1], animation)
        if self.json:
            print(self.out.with_suffix(".json").read_text())
        else:
            last = result.trace[-1]
            far = "" if last["distance"] is None else f"distance {last['distance']:.3g}, "
            seconds = time.monotonic() - began
            far += "".join(f"{name} {value:.4g}, " for name, value in result.measured.items())
            print(f"{far}{last['evaluations']:,} network evaluations, {seconds:.0f} s")
            print(f"wrote {', '.join(map(str, places))} and {self.out.with_suffix('.json').name}")
