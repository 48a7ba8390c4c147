"""Checks before loading: complete pipelines in safetensors, that need only the code of diffusers and transformers."""

import importlib
import json
from pathlib import Path
from typing import Any

from torch import nn

from potstill.errors import InputError
from potstill.io.files import check_file
from potstill.priors.prompts import quiet

NOT_LOADED = ("safety_checker", "feature_extractor", "image_encoder", "watermarker")
"""Parts of a pipeline that no prior needs."""
PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
"""Suffixes of pickled files: loading one can run any code that its author put in."""
LONGEST = 100_000_000
"""The largest JSON file in bytes; the largest tokenizers have a third of this."""
TIMES = 100_000
"""The most levels of a noise schedule; models are trained on 1,000."""
CONVERT = "convert it to safetensors if you trust it (save_pretrained writes them), or choose another model"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file is missing, too large or not a JSON object.
    """
    check_file(path, "a whole model")
    try:
        if (size := path.stat().st_size) > LONGEST:
            raise InputError(f"{path} has {size:,} bytes: no model needs more than {LONGEST:,}; fetch it again")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}): fetch the model again") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} does not hold a JSON object: fetch the model again")
    return value


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


def check_folder(folder: Path, fix: str = "fetch the model again") -> dict[str, Any]:
    """The parts of a pipeline's folder, each checked without running its code.

    Raises:
        InputError: it is not a pipeline, needs other code, or its weights are missing, pickled or broken.
    """
    if not (folder / "model_index.json").is_file():
        raise InputError(_no_pipeline(folder))
    parts = check_index(folder / "model_index.json")
    for name, (library, cls) in parts.items():
        if library is None or name in NOT_LOADED:
            continue
        if not (folder / name).is_dir():
            raise InputError(f"{folder} lacks {name}, which its model_index.json lists: {fix}")
        for path in sorted((folder / name).glob("*.json")):
            _check_config(path)
        kind = getattr(importlib.import_module(library), cls)
        if isinstance(kind, type) and issubclass(kind, nn.Module):
            check_weights(folder / name, fix)
    return parts


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


def check_weights(folder: Path, fix: str = "fetch the model again") -> list[Path]:
    """The safetensors files of a folder, each with a valid header and the length that it states.

    Raises:
        InputError: there is none, all are pickled, or one is broken.
    """
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickled = [path for path in sorted(folder.glob("*")) if path.suffix in PICKLED]
        if pickled:
            raise InputError(f"{pickled[0]} is pickled, and loading it could run any code: {CONVERT}")
        raise InputError(f"{folder} holds no weights (*.safetensors): {fix}")
    for path in weights:
        check_safetensors(path)
    return weights


def check_safetensors(path: Path) -> list[str]:
    """The names of the tensors in a file.

    Raises:
        InputError: it is not a valid safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    check_file(path, "a whole model", most=None)
    try:
        with safe_open(path, "pt") as file:
            return list(file.keys())
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is not a valid safetensors file ({error}): fetch it again") from None


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
