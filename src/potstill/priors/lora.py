"""LoRA: low-rank changes of a network's weights (arXiv 2106.09685), merged into them, or separate and trained."""

import copy
import importlib.util
import itertools
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor, nn

from potstill.errors import InputError
from potstill.io.files import there
from potstill.priors.hub import ModelWarning, expanded, fetch_lora
from potstill.priors.identity import hash_of
from potstill.priors.load_errors import loading
from potstill.priors.safety import CONVERT, PICKLED, check_safetensors
from potstill.priors.weights import own_memory

_KEY = "lora "
"""The prefix of LoRAs' names in a record."""
_ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
"""The projections of an attention, by their names in diffusers."""

_TENSOR = re.compile(
    r"(?P<layer>.+?)\.(?:to_(?P<old>q|k|v|out)_lora\.|lora_linear_layer\.|lora\.|lora_)(?:(?P<down>A|down)|B|up)\.weight"
)
"""The name of one of the two matrices for a layer, in the three forms that diffusers has had."""
_OTHERS = {
    "hada_": "LoHa",
    "lokr_": "LoKr",
    "dora_scale": "DoRA",
    "lora_mid": "LoCon with a Tucker decomposition",
    "oft_": "OFT",
    ".diff": "full difference of weights",
}
"""Other changes of weights, by a part of their names."""
_FITTING = "choose one made for this model"

LoRA: TypeAlias = str | Path | Sequence[str | Path] | Mapping[str, float]
"""A .safetensors file or a name on the hub, several of them, or each with its scale."""


def scales(lora: LoRA | None) -> dict[str, float]:
    """Each LoRA with its scale; 1 by default.

    Raises:
        InputError: a scale is not finite.
    """
    if not isinstance(lora, Mapping):
        names = [lora] if isinstance(lora, str | Path) else lora or []
        return dict.fromkeys(map(str, names), 1.0)
    found = {str(name): float(scale) for name, scale in lora.items()}
    if odd := next((name for name, scale in found.items() if not math.isfinite(scale)), None):
        raise InputError(f"the scale {found[odd]} of the LoRA {odd} must be a finite number, such as 1")
    for name in (name for name, scale in found.items() if scale == 0):
        warnings.warn(f"the LoRA {name} changes nothing at scale 0: leave it out, or use 1", ModelWarning, stacklevel=3)
    return found


def merge(pipe: Any, lora: LoRA | None) -> dict[str, str]:
    """Merge LoRAs into the pipeline's weights. Returns what was merged, for the record.

    Raises:
        InputError: peft is missing, or a LoRA is missing, pickled, broken, of another kind, or for another network.
    """
    wanted = scales(lora)
    if not wanted:
        return {}
    _need_peft()
    if not hasattr(pipe, "load_lora_weights"):
        raise InputError(f"{type(pipe).__name__} takes no LoRA: leave lora out")
    sources = {}
    with loading("the LoRA"):
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
    """Attach one LoRA. Returns its hash for the record."""
    file = _file(name)
    shapes = check_safetensors(file)
    if other := next((kind for word, kind in _OTHERS.items() if any(word in key for key in shapes)), None):
        raise InputError(f"the LoRA {name} is a {other}, which cannot be merged here: choose a plain LoRA")
    place = {"pretrained_model_name_or_path_or_dict": str(file.parent), "weight_name": file.name}
    unet = getattr(pipe, "unet", None)
    with loading(f"the LoRA {name}", f" into {type(pipe).__name__}"):
        state, *_ = pipe.lora_state_dict(**place, unet_config=unet and unet.config, use_safetensors=True)
        targets = _targets(pipe, name, state)
        pipe.load_lora_weights(**place, adapter_name=adapter, use_safetensors=True)
        attached = 0
        for part in targets:
            for path, module in getattr(pipe, part).named_modules():
                attached += adapter in getattr(module, "lora_A", ())
                if path.endswith((f"lora_A.{adapter}", f"lora_B.{adapter}")):
                    own_memory(module)
    if attached < (count := sum(map(len, targets.values()))):
        raise InputError(f"the LoRA {name} changes {count} layers, of which {attached} could be found: {_FITTING}")
    return f"sha256 {hash_of(file)}, "


def _file(name: str) -> Path:
    """The file of a LoRA, fetched from the hub if needed."""
    path = expanded(name)
    if path.suffix in (".safetensors", *PICKLED) or there(path):
        if not there(path):
            raise InputError(f"there is no LoRA file {name}: give a .safetensors file or a name on the hub")
        if not path.is_dir() and path.suffix != ".safetensors":
            raise InputError(
                f"the LoRA {name} is not a .safetensors file, and loading others could run any code: {CONVERT}"
            )
    else:
        path = fetch_lora(name)
    if not path.is_dir():
        return path
    files = sorted(path.glob("*.safetensors"))
    usual = [file for file in files if file.name == "pytorch_lora_weights.safetensors"] or files
    if len(usual) != 1:
        held = ", ".join(file.name for file in files[:5]) or "none"
        raise InputError(f"the LoRA {name} is a folder of {len(files)} .safetensors files ({held}): name one of them")
    return usual[0]


def _targets(pipe: Any, name: str, state: Mapping[str, Tensor]) -> dict[str, set[str]]:
    """The layers that a LoRA changes, for each part of the pipeline.

    Raises:
        InputError: the pipeline has no such layer or one of another shape, or the LoRA has none.
    """
    found: dict[str, set[str]] = {}
    sides: dict[tuple[str, str], int] = {}
    for key, value in state.items():
        part, _, rest = key.partition(".")
        match = _TENSOR.fullmatch(rest)
        if match is None or not isinstance(network := getattr(pipe, part, None), nn.Module):
            raise InputError(f"the LoRA {name} holds {key}, for which {type(pipe).__name__} has no place: {_FITTING}")
        layer = match["layer"].removesuffix(".processor") + (f".to_{match['old']}" if match["old"] else "")
        layer = f"{layer}.0" if match["old"] == "out" else layer
        names = [layer, layer.removeprefix("text_model."), f"text_model.{layer}"]
        if match["old"] and part.startswith("text_encoder"):
            names = [re.sub(r"to_(q|k|v|out)(\.0)?$", r"\1_proj", each) for each in names]
        weight = next((each.weight for path in names if (each := _submodule(network, path)) is not None), None)
        if weight is None:
            raise InputError(f"the LoRA {name} changes {part}.{layer}, which {type(pipe).__name__} lacks: {_FITTING}")
        side = 1 if match["down"] else 0
        if value.shape[side] != weight.shape[side]:
            raise InputError(
                f"the LoRA {name} has {value.shape[side]} channels for {part}.{layer}, which has "
                f"{weight.shape[side]}: {_FITTING}"
            )
        found.setdefault(part, set()).add(layer)
        sides[part, layer] = sides.get((part, layer), 0) + 1
    if half := next((".".join(place) for place, count in sides.items() if count != 2), None):
        raise InputError(f"the LoRA {name} holds only one of the two matrices of {half}: fetch it again")
    if not found:
        raise InputError(f"the LoRA {name} holds nothing for {type(pipe).__name__}: {_FITTING}")
    return found


def _submodule(network: nn.Module, path: str) -> Any:
    """The layer of that name if it has a weight, else None; under an adapter it is its base layer."""
    try:
        layer = network.get_submodule(path)
    except AttributeError:
        return None
    layer = getattr(layer, "base_layer", layer)
    return layer if isinstance(getattr(layer, "weight", None), Tensor) else None


def adapt(network: Any, rank: int, rng: Generator) -> Any:
    """A second network, which shares all weights of the first and adds trainable ones to its attention.

    The product of the new weights is 0, so at first both predict the same. The first network does not change.

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
