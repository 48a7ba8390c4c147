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

from training.model import Networks
from training.muon import Muon


class Trained:
    """What a training changes: the weights of a model, their moving average, the optimiser and the step."""

    def __init__(self, model: Networks, rate: float = 0.0, iterate_in: torch.dtype | None = None) -> None:
        """Before the first step; the arguments are those of `Muon`."""
        self.model, self.step = model, 0
        self.average = {name: value.clone() for name, value in model.state_dict().items()}
        self.optimiser = Muon(model, rate, iterate_in)

    def save(self, folder: Path, keep: int) -> Path:
        """Write `folder/step-...` and remove all but the newest `keep` checkpoints."""
        place = folder / f"step-{self.step:06d}"
        beside = folder / f".{place.name}"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        moments = {
            f"{name}.{kind}": value
            for name, parameter in self.model.named_parameters()
            for kind, value in self.optimiser.state[parameter].items()
        }
        for name, values in ("model", self.model.state_dict()), ("average", self.average), ("optimiser", moments):
            save_file({k: v.cpu().contiguous() for k, v in values.items()}, beside / f"{name}.safetensors")
        (beside / "state.json").write_text(json.dumps({"step": self.step} | self.model.described, indent=1) + "\n")
        _remove(place)
        os.replace(beside, place)
        for old in found(folder)[:-keep]:
            _remove(old)
        return place

    def restore(self, place: Path) -> None:
        """Go on from a checkpoint."""
        state = read(place)
        for name, value in json.loads(json.dumps(self.model.described)).items():
            if state[name] != value:
                raise ValueError(f"{place} was trained with another {name}: use the one in its state.json")
        self.model.load_state_dict(load_file(place / "model.safetensors"))
        for name, value in load_file(place / "average.safetensors").items():
            self.average[name].copy_(value)
        moments = load_file(place / "optimiser.safetensors")
        for name, parameter in self.model.named_parameters():
            for kind in ("step", "exp_avg", "exp_avg_sq"):
                if (moment := moments.get(f"{name}.{kind}")) is not None:
                    like = parameter if moment.ndim else moment.to(parameter.device)
                    held = torch.zeros_like(like).copy_(moment)  # in its memory format
                    self.optimiser.state[parameter][kind] = held
        self.step = state["step"]


def _remove(place: Path) -> None:
    """Remove a checkpoint if it exists; it is renamed first, so that no incomplete checkpoint is ever found."""
    gone = place.with_name(f".{place.name}-gone")
    shutil.rmtree(gone, ignore_errors=True)
    if place.exists():
        os.replace(place, gone)
        shutil.rmtree(gone)


def read(place: Path) -> dict:
    """The JSON of a checkpoint."""
    return json.loads((place / "state.json").read_text())


def found(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(folder.glob("step-*"))
