"""How a model is loaded, as plain values: for the command line, a record that is replayed, a batch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

from potstill.errors import InputError
from potstill.priors.loading import load
from potstill.priors.lora import LoRA, recorded
from potstill.priors.pipeline import Pipeline

DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class ModelSpec:
    """The arguments of `load`, with the dtype by its name."""

    name: str = "emoji"
    """emoji (bundled), a name on the hub, a folder in diffusers' layout, or a .safetensors file."""
    revision: str | None = None
    """Branch, tag or commit on the hub."""
    variant: str | None = None
    """Weights of that name in a folder, such as fp16."""
    config: str | None = None
    """For a single file, the folder or hub name of a pipeline of its kind. None means that it is detected."""
    lora: LoRA | None = None
    """LoRA weights to merge into the model: a name on the hub, a folder or a .safetensors file, or several."""
    device: str | None = None
    """cuda, mps or cpu. None means the first of them that is available."""
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    """What the network computes in. None means a default for the device."""
    attention_slicing: bool = False
    """Half of the attention heads at a time: less memory only where torch has no fused attention; slower."""
    vae_tiling: bool = False
    """Encode and decode large pictures in tiles: less memory, and the tiles may show."""
    cpu_offload: bool = False
    """Keep only the part in use on the device: much less memory, slower."""
    channels_last: bool | None = None
    """Keep the channels of a pixel together: convolutions may be faster. None means for the bundled model alone."""
    compile: bool = False
    """Compile the network: up to minutes at first, then faster steps. For long runs."""

    @classmethod
    def of(cls, identity: Mapping[str, Any], **memory: Any) -> "ModelSpec":
        """The model of a record.

        Args:
            identity: what the record says of it, as `Pipeline.identity`.
            memory: attention_slicing, vae_tiling and cpu_offload, which change no result and are not recorded.

        Raises:
            InputError: the dtype is unknown, or the scale of a LoRA is not a number.
        """
        if (dtype := identity.get("dtype")) not in (None, *DTYPES):
            raise InputError(f"dtype = {dtype!r} of the model must be one of {', '.join(DTYPES)}")
        return cls(
            name=str(identity.get("name", "emoji")),
            revision=identity.get("revision"),
            lora=recorded(identity) or None,
            device=identity.get("device"),
            dtype=dtype,
            channels_last=bool(identity.get("channels_last")),
            compile=bool(identity.get("compile")),
            **memory,
        )

    def load(self) -> Pipeline:
        """Load it.

        Raises:
            InputError: as `load`.
        """
        options = {**asdict(self), "dtype": self.dtype and getattr(torch, self.dtype)}
        return load(options.pop("name"), **options)
