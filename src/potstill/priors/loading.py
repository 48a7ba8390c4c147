"""Load a model by name, folder or file: safetensors only, no code but diffusers' and transformers' own."""

import importlib.util
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from potstill.errors import InputError, Note
from potstill.io.files import there
from potstill.priors import hub
from potstill.priors import lora as loras
from potstill.priors.bundled import BundledPipeline, has_graphs
from potstill.priors.families import family
from potstill.priors.hub import expanded
from potstill.priors.identity import identity_of
from potstill.priors.load_errors import loading
from potstill.priors.lora import LoRA
from potstill.priors.onnx_network import converted, in_onnx
from potstill.priors.pipeline import Pipeline, network_of
from potstill.priors.safety import CONVERT, PICKLED, check_configs, check_index, is_network
from potstill.priors.single_file import read_file
from potstill.priors.tokenizers import fit_tokenizers
from potstill.priors.unets import StableDiffusion
from potstill.priors.weights import find_all_weights

BUNDLED = {name: Path(str(files("potstill"))) / "priors" / name for name in ("emoji", "toys")}
"""The bundled models: 64x64 emoji from captions, and toys from captions and cameras."""
EMOJI = BUNDLED["emoji"]
Backend = Literal["onnx", "torch"]
"""What evaluates the network: ONNX Runtime or torch."""
_BIG = 2**30
"""Loading shows progress above this many bytes of weights."""


def load(
    name: str | Path = "emoji",
    *,
    dtype: torch.dtype | None = None,
    device: str | torch.device | None = None,
    revision: str | None = None,
    variant: str | None = None,
    config: str | Path | None = None,
    lora: LoRA | None = None,
    attention_slicing: bool = False,
    vae_tiling: bool = False,
    cpu_offload: bool = False,
    channels_last: bool | None = None,
    compile: bool = False,
    backend: Backend | None = None,
) -> Pipeline:
    """Load a text-to-image model as a prior.

    Args:
        name: "emoji" or "toys" (the bundled models), a name on the hub, a folder, or a single .safetensors file.
        dtype: what the networks compute in; see `best_dtype` for the default. Bundled models are float32.
        device: by default cuda if there is one, else mps, else cpu.
        revision: a branch, tag or commit on the hub.
        variant: weights of that name in a folder, such as "fp16"; by default the plain ones, or else the only variant.
        config: for a single file, the folder or hub name of a pipeline of its kind, or what its network predicts
            ("epsilon", "v_prediction" or "sample"); by default the file decides.
        lora: LoRAs to merge into the weights: a file or a hub name, several, or `{name: scale}`.
        attention_slicing: compute half of the attention heads at a time. Saves memory only where torch has no fused
            attention; elsewhere it costs memory and time (measured in docs/guides/models.md).
        vae_tiling: encode and decode large images in overlapping tiles, which saves memory but may be visible.
        cpu_offload: keep only the running part on the device, the others on the CPU.
        channels_last: keep the channels of a pixel together in memory, which may speed up convolutions: the bundled
            models take 0.9 of the time on a CPU. It changes the last digits. None: for the bundled models only.
        compile: compile the network with `torch.compile`, which takes up to minutes at the first call of each batch
            size, and changes the last digits; the bundled models then take 0.8 of the time on a CPU
            (docs/guides/models.md).
        backend: what evaluates a U-Net on a CPU in float32: "torch", or "onnx" for ONNX Runtime, which takes about half
            of the time on a small network and changes the last digits (docs/results/speed.md). Gradients through the
            network are computed by torch in both. None: "onnx" for the bundled models, if no other option needs torch.

    Raises:
        InputError: there is no such model, it cannot be loaded safely, or an option does not fit it.
    """
    if hasattr(name, "scheduler"):
        kind = type(name).__name__
        raise InputError(
            f"the {kind} is a pipeline in memory, and load takes a name, a folder or a file: potstill.priors.family"
            "(pipe)(pipe) makes a prior of it"
        )
    if backend not in (None, *get_args(Backend)):
        raise InputError(f"backend = {backend!r} must be one of {', '.join(get_args(Backend))}, or None")
    if not isinstance(dtype, torch.dtype | None):
        raise InputError(f"dtype = {dtype!r} must be a torch.dtype, such as torch.float32")
    place = _device("cpu" if device is None and backend == "onnx" else device)
    bundled = str(name) in BUNDLED
    dtype = dtype or (torch.float32 if bundled or backend == "onnx" else best_dtype(place))
    source = _find(str(name) if bundled else name, revision, variant)
    torch_only = {"dtype": dtype != torch.float32, "device": place.type != "cpu", "channels_last": channels_last}
    torch_only |= {"compile": compile, "attention_slicing": attention_slicing, "cpu_offload": cpu_offload}
    needs_torch = next((option for option, on in torch_only.items() if on), None)
    if backend == "onnx" and needs_torch:
        raise InputError(f"backend 'onnx' is for float32 on the CPU, without {needs_torch}: leave one of the two out")
    own_files = bundled and has_graphs(source) and not (lora or vae_tiling or revision or variant or config)
    if backend is None and own_files and not needs_torch and channels_last is None:
        backend = "onnx"
    if backend == "onnx" and own_files:
        with loading(str(name), logs=False):
            pipe = BundledPipeline(source)
            version = identity_of(source, pipe.files, pipe.network_files)
            told = {"dtype": "float32", "device": "cpu", **in_onnx()}
            return StableDiffusion(pipe, {"name": str(name), **version, **told})
    with loading(str(name), f" on {place} as {_short(dtype)}", bars=_size(source) > _BIG):
        pipe, version = (_from_file if source.is_file() else _from_folder)(source, dtype, variant, config)
        fit_tokenizers(pipe, str(source))
        merged = loras.merge(pipe, lora)
        prior_of = family(pipe)
        _place(pipe, place, cpu_offload)
        save_memory(pipe, attention_slicing, vae_tiling)
        identity: dict[str, Any] = {"name": str(name), **version, **merged}
        identity |= {"dtype": _short(dtype), "device": str(place)}
        if (bundled and backend != "onnx") if channels_last is None else channels_last:
            network_of(pipe).to(memory_format=torch.channels_last)
            identity["channels_last"] = True
        if backend == "onnx":
            identity |= _convert(pipe)
        if compile:
            network_of(pipe).compile(dynamic=False)
        options = {"compile": compile, "attention_slicing": attention_slicing, "vae_tiling": vae_tiling}
        return prior_of(pipe, identity | {option: True for option, on in options.items() if on})


def _device(device: str | torch.device | None) -> torch.device:
    """The device of that name, or the best one."""
    try:
        return torch.empty(0, device=device or best_device()).device
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"there is no device {str(device)!r} here ({reason}): leave it out, or use 'cpu'") from None


def best_device() -> str:
    """cuda, mps or cpu, the first that is available."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware supports it (cuda and CPU), else float16, or float32 on a CPU. mps is float16.

    For a CPU, `torch.cpu.get_capabilities` reports the support (AVX-512 BF16, AMX, Arm's BF16). Emulated bfloat16
    is slower than float32.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "cpu":
        # Older versions of torch lack the function.
        flags = getattr(torch.cpu, "get_capabilities", dict)()
        return torch.bfloat16 if any(on for flag, on in flags.items() if flag.endswith("bf16")) else torch.float32
    return torch.float16


def _find(name: str | Path, revision: str | None, variant: str | None) -> Path:
    """The folder or file of a model, fetched from the hub if needed."""
    own = BUNDLED.get(name) if isinstance(name, str) else None
    path = own or expanded(name)
    here = there(path)
    if not str(name).strip():
        raise InputError(f"there is no model {name!r}: {hub.KINDS}")
    if here and path.is_dir():
        return path
    if path.suffix in PICKLED:
        raise InputError(f"{path} is pickled, and loading it could run any code: {CONVERT}")
    if here and path.is_file():
        if path.suffix != ".safetensors":
            raise InputError(f"{path} is neither a folder nor a .safetensors file: give one of these")
        return path
    if own:
        raise InputError(f"the bundled model {name} is missing ({path}): reinstall potstill, or name another model")
    text = str(name)
    if isinstance(name, Path) or path.is_absolute() or path.suffix == ".safetensors" or text.startswith((".", "~")):
        raise InputError(f"there is no {path}: {hub.KINDS}")
    if "/" not in text:
        raise InputError(f"there is no model {text!r}: {hub.KINDS}")
    return hub.fetch(hub.present_name(text), revision, variant)


def _from_folder(
    folder: Path, dtype: torch.dtype, variant: str | None, config: str | Path | None
) -> tuple[Any, dict[str, Any]]:
    """Load a pipeline from its folder, without the parts that no prior needs, and identify it."""
    from diffusers.pipelines.pipeline_utils import DiffusionPipeline

    if config is not None:
        raise InputError(f"config = {str(config)!r} is for single files, and {folder} is a folder: leave it out")
    hubs = folder.parent.name == "snapshots"
    repository = folder.parents[1].name.removeprefix("models--").replace("--", "/") if hubs else ""
    fix = f"run `{hub.fetch_command(repository, folder.name)}`" if hubs else "fetch the model again"
    kinds = check_configs(folder, fix)
    weights = find_all_weights({name: kind for name, kind in kinds.items() if is_network(kind)}, folder, variant, fix)
    parts: dict[str, Any] = dict.fromkeys(
        name for name in check_index(folder / "model_index.json") if name not in kinds
    )
    for name, weightless in kinds.items():
        with loading(f"{name} of {folder}"):
            parts[name] = weights[name].read(dtype) if name in weights else weightless.from_pretrained(folder / name)
    pipe = DiffusionPipeline.from_pretrained(folder, dtype=dtype, use_safetensors=True, **parts)
    network = next((name for name in weights if parts[name] is network_of(pipe)), None)
    files = {name: weights[name].files if name in weights and name != network else () for name in kinds}
    main = weights[network].files if network else ()
    version = {"revision": folder.name} if hubs else identity_of(folder, files, main)
    used = next((found.variant for found in weights.values() if found.variant), None)
    return pipe, version | ({"variant": used} if used else {})


def _from_file(
    file: Path, dtype: torch.dtype, variant: str | None, config: str | Path | None
) -> tuple[Any, dict[str, Any]]:
    """Load a pipeline from one file, and identify it."""
    if variant is not None:
        raise InputError(f"variant = {variant!r} is for folders, and {file} is a file: leave it out")
    pipe, structure = read_file(file, dtype, config)
    parts = dict.fromkeys(check_configs(structure), ())
    stated = {} if config is None else {"config": str(config)}
    return pipe, stated | identity_of(structure, parts, [file])


def _convert(pipe: Any) -> dict[str, str]:
    """Let ONNX Runtime evaluate the network, if it can be exported. Returns its entries of the identity."""
    network = network_of(pipe)
    if not type(network).__name__.startswith("UNet2D"):
        raise InputError(f"backend 'onnx' evaluates U-Nets only, not {type(network).__name__}: omit backend")
    try:
        pipe.unet = converted(network)
    except InputError:
        raise
    except Exception as error:  # whatever the exporter raises
        reason = " ".join(str(error).split())[:200]
        warnings.warn(f"torch evaluates the network, which cannot be exported to ONNX: {reason}", Note, stacklevel=3)
        return {}
    return in_onnx()


def _place(pipe: Any, place: torch.device, cpu_offload: bool) -> None:
    """Move the pipeline to its device, or with `cpu_offload` only its running part."""
    if not cpu_offload:
        pipe.to(place)
        return
    if place.type == "cpu":
        raise InputError("cpu_offload needs a device beside the CPU: leave it out, or set device")
    if importlib.util.find_spec("accelerate") is None:
        raise InputError("cpu_offload needs accelerate, which is not installed: run `pip install accelerate`")
    pipe.enable_model_cpu_offload(device=place)


def save_memory(pipe: Any, attention_slicing: bool = False, vae_tiling: bool = False) -> None:
    """Switch on the options that save memory.

    Raises:
        InputError: the pipeline has no such option.
    """
    if attention_slicing:
        network = network_of(pipe)
        if not hasattr(network, "set_attention_slice"):
            raise InputError(f"{type(network).__name__} has no attention slicing: leave attention_slicing out")
        pipe.enable_attention_slicing()
    if vae_tiling:
        tile = getattr(getattr(pipe, "vae", None), "enable_tiling", None)
        if tile is None:
            raise InputError(f"{type(pipe).__name__} has no VAE that can work in tiles: leave vae_tiling out")
        tile()


def _size(source: Path) -> int:
    """Bytes of weights."""
    paths = [source] if source.is_file() else source.glob("*/*.safetensors")
    return sum(path.stat().st_size for path in paths if there(path))


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
