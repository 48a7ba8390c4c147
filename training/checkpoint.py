"""Checkpoints: everything needed to resume a run with the same bytes, in safetensors and JSON.

A checkpoint is a folder `step-001200` with the weights, their moving average, the optimiser's moments and the state. It
is written under another name and then renamed, so a folder of that name is always complete. There is no generator
state: every batch is a function of the seed and its step (see `compose`).
"""

import json
import os
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


def save(
    folder: Path,
    step: int,
    model: nn.Module,
    average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
    state: dict,
    keep: int,
) -> Path:
    """Write `folder/step-...` and remove all but the newest `keep` checkpoints."""
    place = folder / f"step-{step:06d}"
    beside = folder / f".{place.name}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    moments = {
        f"{name}.{kind}": value
        for name, parameter in model.named_parameters()
        for kind, value in optimiser.state[parameter].items()
    }
    save_file({k: v.cpu().contiguous() for k, v in model.state_dict().items()}, beside / "model.safetensors")
    save_file({k: v.cpu().contiguous() for k, v in average.items()}, beside / "average.safetensors")
    save_file({k: v.cpu().contiguous() for k, v in moments.items()}, beside / "optimiser.safetensors")
    (beside / "state.json").write_text(json.dumps({"step": step} | state, indent=1) + "\n")
    _remove(place)
    os.replace(beside, place)
    for old in found(folder)[:-keep]:
        _remove(old)
    return place


def _remove(place: Path) -> None:
    """Remove a checkpoint if it exists; it is renamed first, so that no incomplete checkpoint is ever found."""
    gone = place.with_name(f".{place.name}-gone")
    shutil.rmtree(gone, ignore_errors=True)
    if place.exists():
        os.replace(place, gone)
        shutil.rmtree(gone)


def restore(
    place: Path,
    state: dict,
    model: nn.Module,
    average: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
) -> int:
    """Restore model, average and optimiser from a checkpoint, and return its step."""
    found = read(place)
    for name, value in json.loads(json.dumps(state)).items():
        if found[name] != value:
            raise ValueError(f"{place} was trained with another {name}: use the one in its state.json")
    model.load_state_dict(load_file(place / "model.safetensors"))
    for name, value in load_file(place / "average.safetensors").items():
        average[name].copy_(value)
    moments = load_file(place / "optimiser.safetensors")
    for name, parameter in model.named_parameters():
        for kind in ("step", "exp_avg", "exp_avg_sq"):
            if (moment := moments.get(f"{name}.{kind}")) is not None:
                like = parameter if moment.ndim else moment.to(parameter.device)
                optimiser.state[parameter][kind] = torch.zeros_like(like).copy_(moment)  # in its memory format
    return found["step"]


def read(place: Path) -> dict:
    """The JSON of a checkpoint."""
    return json.loads((place / "state.json").read_text())


def found(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(folder.glob("step-*"))
