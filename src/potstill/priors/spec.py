"""How a model is loaded, as plain values: for the command line, a record that is replayed, a batch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

from potstill.errors import InputError
from potstill.priors.loading import Backend, load
from potstill.priors.lora import LoRA, recorded
from potstill.priors.pipeline import Pipeline

DTYPES = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class ModelSpec:
    """The arguments of `load`, which explains them, with the dtype by its name."""

    name: str = "emoji"
    revision: str | None = None
    variant: str | None = None
    config: str | None = None
    lora: LoRA | None = None
    device: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    attention_slicing: bool = False
    vae_tiling: bool = False
    cpu_offload: bool = False
    channels_last: bool | None = None
    compile: bool = False
    backend: Backend | None = None

    @classmethod
    def of(cls, identity: Mapping[str, Any], **memory: Any) -> "ModelSpec":
        """The model of a record.

        Args:
            identity: that of the record, as `Pipeline.identity`.
            memory: attention_slicing, vae_tiling and cpu_offload, instead of what the record says.

        Raises:
            InputError: the record states no model, the dtype is unknown, or the scale of a LoRA is not a number.
        """
        if not identity:
            raise InputError(
                "the record states no model: it was a pipeline in memory, so load that in Python and run the settings "
                "with it, as in potstill.edit(..., model=family(pipe)(pipe))"
            )
        if (dtype := identity.get("dtype")) not in (None, *DTYPES):
            raise InputError(f"dtype = {dtype!r} of the model must be one of {', '.join(DTYPES)}")
        kept: dict[str, Any] = {name: identity.get(name) for name in ("revision", "variant", "config", "device")}
        for name in ("channels_last", "compile", "attention_slicing", "vae_tiling"):
            kept[name] = bool(identity.get(name))
        kept["backend"] = "onnx" if identity.get("backend") == "onnx" else "torch"  # earlier versions had torch alone
        return cls(str(identity.get("name", "emoji")), lora=recorded(identity) or None, dtype=dtype, **kept | memory)

    def load(self) -> Pipeline:
        """Load it.

        Raises:
            InputError: as `load`.
        """
        options = {**asdict(self), "dtype": self.dtype and getattr(torch, self.dtype)}
        return load(options.pop("name"), **options)
