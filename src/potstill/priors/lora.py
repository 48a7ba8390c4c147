"""LoRA: low-rank changes of a network's weights (arXiv 2106.09685), merged into them, or separate and trained."""

import copy
import importlib.util
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Generator

from potstill.errors import InputError
from potstill.io.files import file_hash, there
from potstill.priors.prompts import quiet
from potstill.priors.safety import CONVERT, PICKLED, check_safetensors

_KEY = "lora "
"""The prefix of LoRAs' names in a record."""
_ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
"""The projections of an attention, by their names in diffusers."""

LoRA: TypeAlias = str | Path | Sequence[str | Path] | Mapping[str, float]
"""A .safetensors file or a name on the hub, several of them, or each with its scale."""


def scales(lora: LoRA | None) -> dict[str, float]:
    """Each LoRA with its scale; 1 by default."""
    if isinstance(lora, Mapping):
        return {str(name): float(scale) for name, scale in lora.items()}
    names = [lora] if isinstance(lora, str | Path) else lora or []
    return dict.fromkeys(map(str, names), 1.0)


def merge(pipe: Any, lora: LoRA | None) -> dict[str, str]:
    """Merge LoRAs into the pipeline's weights. Returns what was merged, for the record.

    Raises:
        InputError: peft is missing, or a LoRA is missing, pickled, broken, or made for another network.
    """
    wanted = scales(lora)
    if not wanted:
        return {}
    _need_peft()
    if not hasattr(pipe, "load_lora_weights"):
        raise InputError(f"{type(pipe).__name__} takes no LoRA: leave lora out")
    sources = {}
    with quiet():
        for number, name in enumerate(wanted):
            sources[name] = _load(pipe, name, f"lora_{number}")
        pipe.set_adapters([f"lora_{number}" for number in range(len(wanted))], list(wanted.values()))
        pipe.fuse_lora()
        pipe.unload_lora_weights()
    written = {name: f"{scale}".removesuffix(".0") for name, scale in wanted.items()}
    return {f"{_KEY}{name}": f"{sources[name]}scale {scale}" for name, scale in written.items()}


def recorded(identity: Mapping[str, Any]) -> dict[str, float]:
    """The LoRAs in a record of `merge`, each with its scale.

    Raises:
        InputError: an entry is not in the form that `merge` writes.
    """
    found = {}
    for key, entry in identity.items():
        if key.startswith(_KEY):
            scale = re.search(r"scale (-?[0-9][0-9.e+-]*)$", entry) if isinstance(entry, str) else None
            try:
                found[key.removeprefix(_KEY)] = float(scale[1] if scale else "")
            except ValueError:
                raise InputError(f"{key!r} of the model = {entry!r} must end in scale and a number") from None
    return found


def _load(pipe: Any, name: str, adapter: str) -> str:
    """Attach one LoRA. Returns its hash for the record if it is a file."""
    path, source = Path(name), ""
    place: dict[str, Any] = {"pretrained_model_name_or_path_or_dict": name}
    if path.suffix in (".safetensors", *PICKLED) or there(path):
        if not there(path) or not path.is_file():
            raise InputError(f"there is no LoRA file {name}: give a .safetensors file or a name on the hub")
        if path.suffix != ".safetensors":
            raise InputError(
                f"the LoRA {name} is not a .safetensors file, and loading others could run any code: {CONVERT}"
            )
        check_safetensors(path)
        place = {"pretrained_model_name_or_path_or_dict": str(path.parent), "weight_name": path.name}
        source = f"sha256 {file_hash(path)}, "
    try:
        pipe.load_lora_weights(**place, adapter_name=adapter, use_safetensors=True)
        attached = any(adapter in names for names in pipe.get_list_adapters().values())
    except Exception as error:
        raise InputError(f"the LoRA {name} cannot be loaded: {str(error).strip().splitlines()[0]}") from None
    if not attached:
        raise InputError(f"the LoRA {name} holds nothing for {type(pipe).__name__}: choose one made for this model")
    return source


def adapt(network: Any, rank: int, rng: Generator) -> Any:
    """A second network, which shares all weights of the first and adds trainable ones to its attention.

    The product of the new weights is 0, so at first both predict the same. The first network stays as it is.

    Raises:
        InputError: peft is missing, or the network has no attention or is under cpu_offload.
    """
    _need_peft()
    import peft

    if hasattr(network, "_hf_hook"):
        raise InputError("a network under cpu_offload cannot be adapted: load the model without cpu_offload")
    shared = itertools.chain(network.parameters(), network.buffers())
    network = copy.deepcopy(network, {id(tensor): tensor for tensor in shared})
    config = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=list(_ATTENTION))
    with torch.random.fork_rng(devices=[]):  # peft draws from the global generator
        torch.default_generator.manual_seed(int(torch.randint(2**62, (), generator=rng)))
        try:
            peft.inject_adapter_in_model(config, network)
        except ValueError:
            raise InputError(
                f"{type(network).__name__} has no attention to adapt: use render_model=Empirical(), or another model"
            ) from None
    for weight in network.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()  # bfloat16 would round small steps away
    return network


def _need_peft() -> None:
    if importlib.util.find_spec("peft") is None:
        raise InputError("a LoRA needs peft, which is not installed: run `pip install potstill[lora]`")
