"""Checks before loading: complete pipelines in safetensors, that need only the code of diffusers and transformers."""

import importlib
import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from potstill.errors import InputError, Note, shortage
from potstill.io.files import check_file
from potstill.priors.logs import quiet

NOT_LOADED = ("safety_checker", "feature_extractor", "image_encoder", "watermarker")
"""Parts of a pipeline that no prior needs."""
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
"""Suffixes of pickled files: loading one can run any code that its author put in."""
LONGEST = 100_000_000
"""The largest JSON file in bytes; the largest tokenizers have a third of this."""
HEADER = 20_000_000
"""The largest header of a safetensors file in bytes; the largest models have some 100 kB."""
NUMBER = 10_000_000
"""The largest whole number in the config of a network; vocabularies have some 300,000 tokens."""
HEADS = 1_024
"""The most heads of an attention, or the largest size of one."""
ENTRIES = 1_000
"""The most entries of a list in the config of a network."""
TIMES = 100_000
"""The most levels of a noise schedule; models are trained on 1,000."""
_FLOATS = ("F64", "F32", "F16", "BF16")
_FLOAT8 = ("F8_E4M3", "F8_E5M2")
_CONSTANTS = re.compile(
    r"(^|[._])(position_ids|num_batches_tracked|relative_position_index|num_updates|global_step|spiece_model|alpha"
    r"|attn_mask|v_pred|ztsnr)$"
)
"""Tensors that may be whole numbers: none is a parameter of a network, and the alpha of a LoRA is one number."""
CONVERT = "convert it to safetensors if you trust it (save_pretrained writes them), or choose another model"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing, too large or not a JSON object.
    """
    check_file(path, "a whole model")
    try:
        _check_length(path)
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if shortage(error):
            raise
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}): fetch the model again") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} does not hold a JSON object: fetch the model again")
    return value


def _check_length(path: Path) -> None:
    if (size := path.stat().st_size) > LONGEST:
        raise InputError(f"{path} has {size:,} bytes: no model needs more than {LONGEST:,}; fetch it again")


@quiet()  # importing a class may log
def check_index(path: Path) -> dict[str, Any]:
    """The parts that a model_index.json lists, each with its library and class.

    Raises:
        InputError: it needs other code, or a class that this version of diffusers does not have.
    """
    import diffusers

    index = read_json(path)
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str):
        raise InputError(f"{path} names the pipeline class {pipeline!r}, which is custom code: {_NO_CODE}")
    if not hasattr(diffusers, pipeline):
        raise InputError(
            f"diffusers {diffusers.__version__} has no pipeline {pipeline!r}, which {path} names: update diffusers, "
            f"or if the class comes with the model, {_NO_CODE}"
        )
    parts = {name: kind for name, kind in index.items() if isinstance(kind, list) and not name.startswith("_")}
    for name, kind in parts.items():
        if Path(name).name != name or len(kind) != 2 or not all(isinstance(word, str | None) for word in kind):
            raise InputError(f"{path} says {name!r} is {kind!r}, which is not a part of a pipeline: fetch it again")
    for name, (library, cls) in parts.items():
        if library is None or name in NOT_LOADED:
            continue
        if library not in ("diffusers", "transformers"):
            raise InputError(f"{name} of {path} needs the code of {library!r}: {_NO_CODE}")
        if not hasattr(importlib.import_module(library), cls):
            raise InputError(f"{library} has no class {cls!r}, which {path} names for {name}: update {library}")
    return parts


def check_configs(folder: Path, fix: str = "fetch the model again") -> dict[str, Any]:
    """The classes of the parts of a pipeline's folder, by their names, with checked configs; none of it is run.

    Raises:
        InputError: it is not a pipeline, lacks a part, or needs other code.
    """
    if not (folder / "model_index.json").is_file():
        raise InputError(_no_pipeline(folder))
    parts = {}
    for name, (library, cls) in check_index(folder / "model_index.json").items():
        if library is None or name in NOT_LOADED:
            continue
        if not (folder / name).is_dir():
            raise InputError(f"{folder} lacks {name}, which its model_index.json lists: {fix}")
        for path in sorted((folder / name).glob("*")):
            if path.suffix == ".json":
                _check_config(path)
            elif path.suffix in (".txt", ".model"):
                check_file(path, "a whole model")
                _check_length(path)
        parts[name] = getattr(importlib.import_module(library), cls)
    return parts


def is_network(kind: Any) -> bool:
    """Whether a part of a pipeline has weights."""
    return isinstance(kind, type) and issubclass(kind, nn.Module)


def _check_config(path: Path) -> None:
    """Refuse the config of a part that names custom code, or would use up the memory."""
    config = read_json(path)
    if "auto_map" in config:
        raise InputError(f"{path} maps to custom code (auto_map): {_NO_CODE}")
    for name in ("attn_implementation", "_attn_implementation", "experts_implementation"):
        if "/" in str(config.get(name, "")):  # a kernel on the hub
            raise InputError(f"{path} takes code from the hub ({name} = {config[name]!r}): {_NO_CODE}")
    steps = config.get("num_train_timesteps")
    if steps is not None and (type(steps) is not int or not 1 <= steps <= TIMES):
        raise InputError(f"num_train_timesteps = {steps!r} of {path} must be a whole number from 1 to {TIMES:,}")


_SIZES = re.compile(
    r"(layers|heads|channels|channels_per_block|size|dim|dims|groups|positions|embeddings)$|^layers_per"
)
_DEPTHS = re.compile("layers|blocks|depth")


def check_numbers(config: Mapping[str, Any], place: str, layers: int) -> None:
    """Refuse a config with sizes and counts that no network has, before one is built.

    Args:
        config: of a network.
        place: its path, for the message.
        layers: the most layers, of which each has a tensor at least.

    Raises:
        InputError: a size is negative, a number, a count of layers or a list too large.
    """
    for name, value in config.items():
        if isinstance(value, dict):  # the parts of CLIP
            check_numbers(value, place, layers)
        elif isinstance(value, list) and len(value) > ENTRIES:
            raise InputError(f"{name} of {place} has {len(value):,} entries: no network has more than {ENTRIES:,}")
        for number in _whole(value):
            least, most = -NUMBER, NUMBER
            if _SIZES.search(name):
                least, most = (1, HEADS) if "head" in name else (int("groups" in name), NUMBER)
            if _DEPTHS.search(name):
                least, most = 0, max(layers, 1)
            if not least <= number <= most:
                reason = f" (its weights have {layers:,} tensors)" if _DEPTHS.search(name) else ""
                raise InputError(
                    f"{name} = {number} of {place} must be from {least:,} to {most:,}{reason}: fetch the model again"
                )


def _whole(value: Any) -> Iterator[int]:
    """The whole numbers in a value, however deep."""
    if isinstance(value, list):
        for each in value[:ENTRIES]:
            yield from _whole(each)
    elif type(value) is int:
        yield value


def check_safetensors(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors in a file, by name. Notes weights in float8.

    Raises:
        InputError: it is not a valid safetensors file, its header is too large, or its weights are no real numbers.
    """
    from safetensors import SafetensorError, safe_open

    check_file(path, "a whole model", most=None)
    try:
        with path.open("rb") as file:
            if HEADER < (size := int.from_bytes(file.read(8), "little")) < path.stat().st_size:
                raise InputError(f"{path} has a header of {size:,} bytes, more than {HEADER:,}: fetch it again")
        with safe_open(path, "pt") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            kinds = {name: each.get_dtype() for name, each in slices.items()}
            shapes = {name: tuple(each.get_shape()) for name, each in slices.items()}
    except (SafetensorError, OSError) as error:
        if shortage(error):
            raise
        raise InputError(f"{path} is not a valid safetensors file ({error}): fetch it again") from None
    _check_kinds(path, {name: kind for name, kind in kinds.items() if math.prod(shapes[name])})
    return shapes


def _check_kinds(path: Path, kinds: Mapping[str, str]) -> None:
    """Refuse weights that are no real numbers, which would be taken for such: those of quantized models."""
    for name, kind in kinds.items():
        if kind not in (*_FLOATS, *_FLOAT8) and not _CONSTANTS.search(name):
            raise InputError(
                f"{path} holds {name} as {kind}, and weights must be of a floating-point type (quantized models are "
                "not supported): choose the model in float16, bfloat16 or float32"
            )
    if any(kind in _FLOAT8 for kind in kinds.values()):
        text = f"{path} holds weights in float8, which is coarse: they are converted to the precision of the model"
        warnings.warn(text, Note, stacklevel=3)


def _no_pipeline(folder: Path) -> str:
    """Why a folder without model_index.json is not a model."""
    files = sorted(path.name for path in folder.iterdir())
    if not files:
        return f"{folder} is an empty folder: give one that save_pretrained of a diffusers pipeline wrote"
    if "config.json" in files:
        cls = read_json(folder / "config.json").get("_class_name", "a network")
        return f"{folder} holds only {cls}, a part of a pipeline: give the folder above, with model_index.json"
    single = [name for name in files if name.endswith(".safetensors")]
    hint = f"; to load the single file, give {folder / single[0]}" if single else ""
    return (
        f"{folder} has no model_index.json, so it is not a diffusers pipeline (it holds {', '.join(files[:4])}){hint}"
    )


_NO_CODE = "potstill runs no code that comes with a model; choose a model made of diffusers' own classes"
