"""The weights of a network: which files hold them, whether they are whole, and memory of their own."""

import math
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from potstill.errors import InputError
from potstill.priors.hub import ModelWarning
from potstill.priors.safety import CONVERT, PICKLED, check_numbers, check_safetensors, read_json
from potstill.tensors import owned

SHARDS = 1_000
"""The most files that the weights of one network are divided into."""
_SPARE = 10_000_000
"""Numbers that a network may have beyond twice those of its files: tied weights are stored once, tables not at all."""
_UNUSED = re.compile(
    r"(^|\.)(position_ids|num_batches_tracked)$|^(vision_model|visual_projection|text_projection|logit_scale"
    r"|decoder|lm_head|pooler|classifier)\b"
)
"""Tensors that a file may hold beside those of the network: constants, and the other half of CLIP, T5 and ViT."""


@dataclass(frozen=True)
class Weights:
    """The weights of one network in a folder."""

    kind: Any
    """The class of the network, of diffusers or transformers."""
    folder: Path
    files: tuple[Path, ...]
    """Those that are loaded."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of their tensors, by name."""
    variant: str | None
    """The variant that they are."""

    def read(self, dtype: torch.dtype | None = None, **options: Any) -> nn.Module:
        """Build the network, frozen, with memory of its own.

        Raises:
            InputError: a tensor is missing, left over or of another shape, or the config states a larger network.
        """
        check_size(self.kind, self.folder, self.shapes)
        network, info = self.kind.from_pretrained(
            self.folder,
            variant=self.variant,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # to name them below
            output_loading_info=True,
            torch_dtype=dtype,
            **options,
        )
        wrong = info["mismatched_keys"]
        other = [f"{name} of shape {list(found)}, not {list(wanted)}" for name, found, wanted in wrong]
        check_complete(str(self.folder), info["missing_keys"], info["unexpected_keys"], other)
        return own_memory(network.requires_grad_(False).eval())


def check_size(kind: Any, folder: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse a config of a network much larger than its weights, before memory is allocated.

    Raises:
        InputError: a number in the config is, or the network would be.
    """
    place = folder / "config.json"
    config = read_json(place)
    check_numbers(config, str(place), layers=len(shapes))
    try:
        with torch.device("meta"):
            if _of_diffusers(kind):
                network = kind.from_config(config)
            else:
                network = kind(kind.config_class.from_pretrained(folder))
    except Exception:  # what builds the network will say why
        return
    stated = sum(each.numel() for each in (*network.parameters(), *network.buffers()))
    held = sum(map(math.prod, shapes.values()))
    if stated > 2 * held + _SPARE:
        raise InputError(
            f"{place} states a network of {stated:,} numbers, and its weights hold {held:,}: config and weights are of "
            "different models; fetch the model again"
        )


def find_all_weights(
    kinds: Mapping[str, Any], folder: Path, variant: str | None = None, fix: str = "fetch the model again"
) -> dict[str, Weights]:
    """The weights of each part of a pipeline.

    Raises:
        InputError: as `find_weights`, or no part has the variant.
    """
    found = {name: find_weights(kind, folder / name, variant, fix) for name, kind in kinds.items()}
    if variant is not None and found and variant not in (variants := {each.variant for each in found.values()}):
        names = ", ".join(sorted(filter(None, variants)))
        fix = f"choose {names}" if names else "leave variant out"
        raise InputError(f"{folder} has no weights of the variant {variant!r}: {fix}")
    return found


def find_weights(kind: Any, folder: Path, variant: str | None = None, fix: str = "fetch the model again") -> Weights:
    """The files that hold the weights of a network, each with a valid header and the length that it states.

    A part without the variant has its plain weights; one that has no plain weights, but one variant, is that variant.

    Raises:
        InputError: there are none, all are pickled, one is broken, or there are several variants.
    """
    present = _variants(folder, "diffusion_pytorch_model" if _of_diffusers(kind) else "model")
    if not present:
        pickled = [path for path in sorted(folder.glob("*")) if path.suffix in PICKLED]
        if pickled:
            raise InputError(f"{pickled[0]} is pickled, and loading it could run any code: {CONVERT}")
        others = [path.name for path in sorted(folder.glob("*.safetensors"))]
        held = f" by the name that {kind.__name__} has (it holds {others[0]})" if others else " (*.safetensors)"
        raise InputError(f"{folder} holds no weights{held}: {fix}")
    chosen = variant if variant in present else None
    if chosen not in present:
        if len(present) > 1 or variant is not None:
            raise InputError(f"{folder} holds only the variants {', '.join(map(str, present))}: state one as variant")
        (chosen,) = present
        message = f"{folder} holds only {chosen!r} weights: using them (variant={chosen!r})"
        warnings.warn(message, ModelWarning, stacklevel=2)
    files = _resolved(present[chosen], folder, fix)
    shapes = {name: shape for held in files.values() for name, shape in held.items()}
    return Weights(kind, folder, tuple(files), shapes, chosen)


def check_complete(place: str, missing: Iterable[str], extra: Iterable[str], shapes: Iterable[str] = ()) -> None:
    """Refuse weights with tensors that are missing, left over or of another shape.

    Raises:
        InputError: which.
    """
    extra = [name for name in extra if not _UNUSED.search(name)]
    faults = {"lacks": sorted(missing), "has no place for": sorted(extra), "holds": sorted(shapes)}
    told = [f"{verb} {some(names)}" for verb, names in faults.items() if names]
    if told:
        raise InputError(
            f"{place} {'; it '.join(told)}: its weights do not fit its config; fetch it again, or choose another model"
        )


def own_memory(module: nn.Module) -> nn.Module:
    """Move weights on the CPU from the mapped file to memory allocated by torch, which is aligned (`owned`).

    It takes one copy of the weights, a tensor at a time (docs/results/speed.md).
    """
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.device.type == "cpu":
            tensor.data = owned(tensor.data)
    return module


def _variants(folder: Path, stem: str) -> dict[str | None, list[Path]]:
    """The files of each variant, None for the plain one: the index of shards, or the only file."""
    form = re.compile(rf"{stem}(?:\.(?P<early>[^.]+))?\.safetensors(?:\.index(?:\.(?P<late>[^.]+))?\.json)?")
    found: dict[str | None, list[Path]] = {}
    for path in sorted(folder.glob(f"{stem}*.safetensors*")):
        if match := form.fullmatch(path.name):
            found.setdefault(match["early"] or match["late"], []).append(path)
    return found


def _resolved(places: list[Path], folder: Path, fix: str) -> dict[Path, dict[str, tuple[int, ...]]]:
    """The files of an index, or the file itself, each with the shapes of its tensors.

    Raises:
        InputError: the index names a file that is not in the folder, or tensors that its files do not hold.
    """
    index = next((path for path in places if path.suffix == ".json"), None)
    if index is None:
        return {path: check_safetensors(path) for path in places}
    shards = read_json(index).get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(isinstance(name, str) for name in shards.values()):
        raise InputError(f"{index} lists no weights (weight_map): {fix}")
    names = sorted(set(shards.values()))
    if len(names) > SHARDS:
        raise InputError(f"{index} names {len(names):,} files, more than {SHARDS:,}: {fix}")
    if outside := next((name for name in names if Path(name).name != name or not name.endswith(".safetensors")), None):
        raise InputError(f"{index} names {outside[:200]!r}, which is not a .safetensors file beside it: {fix}")
    found = {folder / name: check_safetensors(folder / name) for name in names}
    held = {tensor for shapes in found.values() for tensor in shapes}
    check_complete(str(folder), shards.keys() - held, held - shards.keys())
    return found


def _of_diffusers(kind: Any) -> bool:
    return kind.__module__.split(".")[0] == "diffusers"


def some(names: list[str]) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - 2:,} more" if len(names) > 3 else ""
    return ", ".join(names[:2] if more else names) + more
