"""Pipelines from a single file of weights under their original names, structured as a pipeline of their kind."""

import inspect
import math
import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from potstill.errors import InputError
from potstill.io.files import there
from potstill.priors import hub
from potstill.priors.hub import ModelWarning, expanded
from potstill.priors.pipeline import network_of
from potstill.priors.safety import check_configs, check_safetensors, is_network, read_json
from potstill.priors.weights import check_complete, check_size, own_memory

PREDICTIONS = ("epsilon", "v_prediction", "sample")
"""What the network of a file may predict, by the names of diffusers."""
_WORDS = {
    "v": "v_prediction",
    "v-prediction": "v_prediction",
    "v_pred": "v_prediction",
    "eps": "epsilon",
    "x0": "sample",
}
_FEWEST = 20
"""The fewest tensors of a file that may be a model."""
_NETWORK = "model.diffusion_model."
"""The names of the network's tensors begin so."""


@dataclass(frozen=True)
class Markers:
    """What a file states of its network itself."""

    prediction: str | None
    """What it predicts, None if it does not state that."""
    zero_snr: bool
    """Whether the noise schedule ends at zero signal (arXiv 2305.08891)."""

    @classmethod
    def of(cls, file: Path) -> "Markers":
        """The tensors `v_pred` and `ztsnr` (ComfyUI), or the metadata of modelspec and of kohya's trainer.

        Raises:
            InputError: the metadata name a prediction that is unknown.
        """
        from safetensors import safe_open

        with safe_open(file, "pt") as opened:
            names, metadata = set(opened.keys()), opened.metadata() or {}
        told = metadata.get("modelspec.prediction_type") or metadata.get("modelspec.predict_key") or ""
        told = _WORDS.get(told.lower(), told.lower())
        v = "v_pred" in names or metadata.get("ss_v_parameterization", "").lower() == "true"
        if told and told not in PREDICTIONS:
            raise InputError(
                f"{file} states that it predicts {told[:60]!r}, which must be one of {', '.join(PREDICTIONS)}: choose "
                "another model"
            )
        zero = "ztsnr" in names or metadata.get("ss_zero_terminal_snr", "").lower() == "true"
        return cls("v_prediction" if v else told or None, zero)


def read_file(file: Path, dtype: torch.dtype, config: str | Path | None) -> tuple[Any, Path]:
    """A pipeline from its file, and the folder with its structure.

    Args:
        file: the weights.
        dtype: of the networks.
        config: a folder or a name on the hub with the structure; or what the network predicts, of `PREDICTIONS`.

    Raises:
        InputError: the file is broken or not whole, or no pipeline of its kind can be used.
    """
    import diffusers

    shapes, markers = check_safetensors(file), Markers.of(file)
    if len(shapes) < _FEWEST:
        raise InputError(f"{file} holds {len(shapes)} tensors, and a model has hundreds: choose another file")
    stated = str(config) if str(config) in PREDICTIONS else None
    try:
        folder = _structure(str(config) if config is not None and stated is None else _kind(file))
        for name, kind in check_configs(folder).items():
            if is_network(kind):
                check_size(kind, folder / name, shapes)
    except InputError as error:
        raise InputError(f"{file} needs config, a pipeline of its kind, and none can be used: {error}") from None
    cls = getattr(diffusers, read_json(folder / "model_index.json")["_class_name"])
    pipe, left = _build(cls, file, config=str(folder), dtype=dtype, local_files_only=True)
    networks = {name: part for name, part in pipe.components.items() if isinstance(part, nn.Module)}
    states = {f"{name}.{key}": value for name, part in networks.items() for key, value in part.state_dict().items()}
    on_meta = [name for name, value in states.items() if value.is_meta]
    check_complete(str(file), [*on_meta, *left], ())
    _warn_of_rest(file, shapes, network_of(pipe))
    pipe.scheduler = _scheduler(pipe.scheduler, file, markers, stated, guessed=config is None)
    for part in networks.values():
        own_memory(part.requires_grad_(False).eval())
    return pipe, folder


def _build(cls: Any, file: Path, **options: Any) -> tuple[Any, list[str]]:
    """The pipeline of a file, and the names of tensors that it lacks.

    Raises:
        InputError: the file has no weights of a part.
    """
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    try:
        with _left_out() as left:
            try:
                return cls.from_single_file(str(file), **options), left
            except NotImplementedError:  # a tensor is still on the meta device: once more, to name it
                return cls.from_single_file(str(file), low_cpu_mem_usage=False, **options), left
    except SingleFileComponentError as error:
        part = re.search(r"load (\w+)", str(error))
        raise InputError(
            f"{file} holds no weights of {part[1] if part else 'a part'}: give a file with the whole model, or a folder"
        ) from None


def _kind(file: Path) -> str:
    """The name on the hub of a pipeline of this file's kind."""
    from diffusers.loaders.single_file_utils import fetch_diffusers_config, load_single_file_checkpoint

    kind = fetch_diffusers_config(load_single_file_checkpoint(str(file)))
    return hub.present_name(kind["pretrained_model_name_or_path"])


def _structure(config: str) -> Path:
    """The folder of a pipeline, fetched from the hub without its weights if needed.

    Raises:
        InputError: there is none of that name.
    """
    folder = expanded(config)
    if not there(folder) and config.count("/") != 1:
        raise InputError(
            f"config = {config!r} must be a folder, ORGANISATION/NAME on the hub, or one of {', '.join(PREDICTIONS)}"
        )
    return folder if there(folder) and folder.is_dir() else hub.fetch_structure(config)


@contextmanager
def _left_out() -> Iterator[list[str]]:
    """The names of tensors that networks are built without; diffusers does not tell them for single files."""
    missing: list[str] = []
    plain, thread = nn.Module.load_state_dict, threading.get_ident()

    def watched(self: nn.Module, *args: Any, **options: Any) -> Any:
        result = plain(self, *args, **options)
        if threading.get_ident() == thread:
            missing.extend(key for key in result.missing_keys if not key.endswith("position_ids"))
        return result

    nn.Module.load_state_dict = watched
    try:
        yield missing
    finally:
        nn.Module.load_state_dict = plain


def _warn_of_rest(file: Path, shapes: Mapping[str, tuple[int, ...]], network: nn.Module) -> None:
    """Warn of tensors that are named as the network's and not used: the conversion keeps the count of numbers."""
    held = sum(math.prod(shape) for name, shape in shapes.items() if name.startswith(_NETWORK))
    used = sum(value.numel() for value in network.state_dict().values())
    if held > used:
        _warn(f"{file} holds {held:,} numbers for the network, which has {used:,}: the others are not used")


def _scheduler(scheduler: Any, file: Path, markers: Markers, stated: str | None, guessed: bool) -> Any:
    """The scheduler with what the user states, else with what the file states, else as it is."""
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    present = scheduler.config.get("prediction_type")
    wanted = stated or markers.prediction
    if stated and markers.prediction not in (None, stated):
        _warn(f"{file} states that it predicts {markers.prediction!r}: {stated!r} is used, as config says")
    if present is None:  # a flow
        return scheduler
    if guessed and wanted is None:
        _warn(
            f"{file} does not state what its network predicts: {present!r} is assumed; set config (--model-config) to "
            f"one of {', '.join(PREDICTIONS)} to choose"
        )
    changed: dict[str, Any] = {} if wanted in (None, present) else {"prediction_type": wanted}
    if markers.zero_snr and not scheduler.config.get("rescale_betas_zero_snr"):
        changed |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
        if "rescale_betas_zero_snr" not in inspect.signature(type(scheduler)).parameters:  # not every scheduler can
            return DDIMScheduler.from_config(scheduler.config, clip_sample=False, set_alpha_to_one=False, **changed)
    return type(scheduler).from_config(scheduler.config, **changed) if changed else scheduler


def _warn(message: str) -> None:
    warnings.warn(message, ModelWarning, stacklevel=2)
