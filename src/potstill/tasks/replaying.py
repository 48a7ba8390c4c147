"""Make a result again from the settings it carries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from potstill.diffusion.prior import Prior
from potstill.diffusion.shared_calls import CallBatcher
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.decode import open_image
from potstill.io.files import there
from potstill.io.images import to_pil
from potstill.priors.loading import load
from potstill.priors.lora import recorded
from potstill.tasks.editing import Edit
from potstill.tasks.generating import Generate
from potstill.tasks.inverting import Invert
from potstill.tasks.provenance import differences, environment, read_record
from potstill.tasks.run import Result, Run

DTYPES = ("float32", "bfloat16", "float16")
_NOT_SETTINGS = ("index", "images", "trace", "measured")


@dataclass(frozen=True)
class Replay:
    """What came of making a result again."""

    agree: bool
    """Whether every file came out the same to the byte."""
    largest: int
    """The largest difference of a pixel value, 0 to 255."""
    changes: list[str]
    """What the result rests on and is not as it was: versions, weights, threads."""
    result: Result
    """The new images."""


def replay(path: str | Path, *, on_step: Callable[[Step], None] | None = None) -> Replay:
    """Run the settings in a PNG or a JSON of potstill again, and compare with the PNGs that are there.

    Raises:
        InputError: the file holds no settings, its input is gone or is not what it was, or a PNG is missing.
    """
    path = Path(path)
    record = read_record(path)
    run = again(record, path.parent)
    pairs = _written(record, path)
    result = run.finish(on_step)
    pngs = replace(result, record=_bare(record)).pngs()
    now = {**environment(), "model": run.record["model"]}
    return Replay(
        agree=all(file.read_bytes() == pngs[place] for file, place in pairs),
        largest=max(_difference(file, result, place) for file, place in pairs),
        changes=differences({name: record.get(name) for name in now}, now),
        result=result,
    )


def again(record: Mapping[str, Any], folder: Path) -> Run:
    """The run that a record describes; a relative path of an input is also looked for in the folder.

    Raises:
        InputError: the record is of another command, or an input is gone or is not what it was.
    """
    kind = {"edit": Edit, "generate": Generate, "invert": Invert}.get(record["command"])
    if kind is None:
        raise InputError(
            f"what potstill {record['command']} wrote cannot be made again: give what edit, generate or invert wrote"
        )
    task, model = kind.of(record["settings"]), record["model"]
    if (dtype := model.get("dtype")) not in (None, *DTYPES):
        raise InputError(f"dtype = {dtype!r} of the model must be one of {', '.join(DTYPES)}")
    prior = load(
        str(model.get("name")),
        dtype=dtype and getattr(torch, dtype),
        device=model.get("device"),
        channels_last=bool(model.get("channels_last")),
        compile=bool(model.get("compile")),
        revision=model.get("revision"),
        lora=recorded(model),
    )
    shared: Prior = prior
    if (size := record.get("batch_size", 1)) != 1:  # the network's last digits depend on it
        shared = CallBatcher(size if type(size) is int else 0).attach(prior)
    if isinstance(task, Generate):
        return task.start(prior, denoiser=shared)
    image, mask = (_input(record.get(name), name, folder) for name in ("image", "mask"))
    if image is None:
        raise InputError("the edited image came from no file, so it cannot be found again")
    if isinstance(task, Edit):
        run = task.start(image, prior, mask, denoiser=shared)
    else:
        run = task.start(image, prior, denoiser=shared)
    for name in ("image", "mask"):
        if name in record and run.record[name]["sha256"] != record[name].get("sha256"):
            raise InputError(f"the {name} {record[name].get('path')!r} is not what it was: put the old one back")
    return run


def _written(record: Mapping[str, Any], path: Path) -> list[tuple[Path, int]]:
    """The PNGs that a record is of, each with its place among the images; a name is one beside the record."""
    index, names, count = record.get("index"), record.get("images"), record["settings"].get("count", 1)
    if index is not None:
        if type(index) is not int or index not in range(count):
            raise InputError(f"{str(path)!r} says that it is image {index!r} of {count}: it was changed")
        return [(path, index)]
    if not isinstance(names, list) or len(names) != count or not all(isinstance(name, str) for name in names):
        raise InputError(f"{str(path)!r} does not name its {count} images, so there is nothing to compare with")
    pairs = [(path.parent / Path(name).name, place) for place, name in enumerate(names)]
    if absent := next((file for file, _ in pairs if not there(file) or not file.is_file()), None):
        raise InputError(f"{str(absent)!r} is gone, so there is nothing to compare with: replay another result")
    return pairs


def _input(found: Mapping[str, str | None] | None, name: str, folder: Path) -> Path | None:
    """Where an input lies now."""
    path = found.get("path") if found else None
    if not path:
        return None
    if place := next((place for place in (Path(path), folder / Path(path).name) if there(place)), None):
        return place
    raise InputError(f"the {name} {path!r} is gone: put it back, or beside the result")


def _bare(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in _NOT_SETTINGS}


def _difference(file: Path, result: Result, place: int) -> int:
    """The largest difference of a pixel value between a file and a new image."""
    new = to_pil(result.images[place : place + 1])[0]
    old = open_image(file).convert("RGB")
    if old.size != new.size:
        raise InputError(
            f"{str(file)!r} is {old.width} x {old.height} pixels, and made again {new.width} x {new.height}"
        )
    return int(np.abs(np.asarray(old).astype(int) - np.asarray(new).astype(int)).max())
