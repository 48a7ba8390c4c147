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
from potstill.priors.weights import check_complete, check_size, own_memory, some

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
_NETWORK, _VAE = ("model.diffusion_model.",), ("first_stage_model.", "vae.")
_TEXT = ("cond_stage_model.", "conditioner.", "text_encoders.")
"""The names of the tensors of each part begin so."""
_NOT_TAKEN = re.compile(
    r"\.(position_ids|attn_mask|logit_scale|spiece_model)$|^first_stage_model\.(loss|model_ema)\."
    r"|^cond_stage_model\.model\.transformer\.resblocks\.23\."  # no prior of SD 2 reads the last layer
)
"""Tensors that are named as of a part, and that no part of a pipeline takes: constants, and what training needed."""
_NO_PART = re.compile(
    r"(betas|(alphas|sqrt|log_one|posterior)_\w+|lvlb_weights|logvar|scale_factor|global_step|v_pred|ztsnr"
    r"|denoiser\.sigmas|model_ema\.(decay|num_updates))"
)
"""Tensors that belong to no part and are not needed."""


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
            InputError: the metadata name a prediction that is unknown, or the noise levels are those of EDM.
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
        if any(name.startswith("edm_vpred") for name in names):
            raise InputError(f"{file} was trained on the noise levels of EDM (edm_vpred): choose another model")
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
    _check_rest(file, shapes, pipe)
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


def _check_rest(file: Path, shapes: Mapping[str, tuple[int, ...]], pipe: Any) -> None:
    """Refuse tensors that a part does not take, by their names, and warn of those that belong to no part.

    diffusers does not say which names it gives them, but it keeps the count of numbers.

    Raises:
        InputError: a part takes fewer numbers than the file holds for it.
    """
    parts = [part for part in pipe.components.values() if isinstance(part, nn.Module)]
    network, vae = network_of(pipe), getattr(pipe, "vae", None)
    for what, prefixes, modules in (
        ("the network", _NETWORK, [network]),
        ("the VAE", _VAE, [vae]),
        ("the text encoders", _TEXT, [part for part in parts if part is not network and part is not vae]),
    ):
        states = [part.state_dict() for part in modules if part is not None]
        taken = {each.data_ptr(): each.numel() for state in states for each in state.values()}  # tied tensors once
        projected = any(hasattr(part, "text_projection") for part in modules)
        held = {
            name: math.prod(shape)
            for name, shape in shapes.items()
            if name.startswith(prefixes)
            and not _NOT_TAKEN.search(name)
            and (projected or not re.search(r"\.text_projection(\.weight)?$", name))
        }
        if (more := sum(held.values()) - sum(taken.values())) > 0:
            strange = [name for name, size in held.items() if size not in taken.values()]
            named = f", such as {some(strange)}" if strange else ""
            raise InputError(
                f"{file} holds {sum(held.values()):,} numbers for {what}, and {more:,} of them have no place{named}: "
                "choose the config of its kind, or another model"
            )
    own = (*_NETWORK, *_VAE, *_TEXT)
    if rest := [name for name in shapes if not name.startswith(own) and not _NO_PART.fullmatch(name)]:
        _warn(f"{file} also holds {some(rest)}, which belongs to no part of the model and is not used")


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
