"""Run the settings of a result again, and compare the bytes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from potstill.diffusion.shared_calls import CallBatcher
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io import decode
from potstill.io.files import as_path, check_file, there
from potstill.io.images import to_pil
from potstill.priors.identity import as_stated
from potstill.priors.spec import ModelSpec
from potstill.tasks.files.provenance import differences, read_record
from potstill.tasks.files.scenes import ORBIT, scene_kind
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.models import load_for
from potstill.tasks.settings.plugins import check_plugins
from potstill.tasks.settings.versions import versions
from potstill.tasks.subjects import subject_of_record

_NOT_SETTINGS = ("index", "images", "files", "trace", "measured")


@dataclass(frozen=True)
class Replay:
    """A result that was made again, compared with the old one."""

    agree: bool
    """Whether every file has the same bytes."""
    largest: int
    """The largest difference of a pixel value, 0 to 255."""
    changes: list[str]
    """What the result depends on and has changed: versions, weights, threads."""
    result: Result
    """The new images."""


def replay(path: str | Path, *, on_step: Callable[[Step], None] | None = None) -> Replay:
    """Run the settings in a PNG, JSON, SVG, PLY or GLB of potstill again, and compare with the files that exist.

    Raises:
        InputError: the file holds no settings, an input is gone or has changed, or a PNG is missing.
    """
    path = as_path(path)
    record = read_record(path)
    run = rerun(record, path.parent)
    pairs, scene = _written(record, path), _scene_written(record, path)
    result = run.finish(on_step)
    bare: dict[str, Any] = {name: value for name, value in record.items() if name not in _NOT_SETTINGS}
    again = replace(result, record=bare)
    pngs, made = again.pngs(), again.files(scene[0]) if scene else {}
    now = {**versions(), "model": as_stated(record["model"], run.record["model"])}
    changes = differences(_with_names({name: record.get(name) for name in now}), _with_names(now))
    if now["model"] != run.record["model"]:
        changes.append("the record is of an earlier version, and states only the network of the model")
    return Replay(
        agree=all(file.read_bytes() == pngs[place] for file, place in pairs)
        and all(file.read_bytes() == made[file] for file in scene),
        largest=max((_difference(file, result, place) for file, place in pairs), default=0),
        changes=changes,
        result=result,
    )


def _with_names(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with words for the hashes of the model."""
    model = {("weights of the network" if name == "sha256" else name): each for name, each in record["model"].items()}
    return {**record, "model": model}


def rerun(record: Mapping[str, Any], folder: str | Path) -> Run:
    """The run that a record describes; a relative path of an input is also looked for in the folder.

    Raises:
        InputError: the record is of another command, or an input is gone or has changed.
    """
    if record["command"] == "compare" or (kind := subject_of_record(record).task(record["command"])) is None:
        raise InputError(
            f"what potstill {record['command']} wrote cannot be replayed: give what edit, generate or invert wrote"
        )
    check_plugins(record)
    spec = ModelSpec.of(record["model"])
    task, prior = kind.as_run(record), load_for(kind.subject, spec)
    denoiser = None
    if (size := record.get("batch_size", 1)) != 1:  # the network's last digits depend on it
        denoiser = CallBatcher(size if type(size) is int else 0).attach(prior)
    names = [name for name, needed in kind.inputs.items() if needed or name in record]
    options: dict[str, Any] = {"denoiser": denoiser}
    if getattr(task, "count", 1) > 1 and "seeds" not in record:  # of one generator for all, as it was earlier
        options["one_seed"] = True
    run = task.start({name: _input(record.get(name), name, as_path(folder)) for name in names}, prior, **options)
    for name in names:
        if run.record[name]["sha256"] != record[name].get("sha256"):
            raise InputError(f"the {name} {record[name].get('path')!r} has changed: put the old one back")
    return run


def _written(record: Mapping[str, Any], path: Path) -> list[tuple[Path, int]]:
    """The PNGs of a record, each with its place among the images; only names beside the record count."""
    index, names, count = record.get("index"), record.get("images"), record["settings"].get("count", 1)
    if scene_kind(path):
        return [(place, 0)] if there(place := path.with_suffix(".png")) else []
    if index is not None:
        if type(index) is not int or index not in range(count):
            raise InputError(f"{str(path)!r} says that it is image {index!r} of {count}: it was changed")
        return [(path, index)]
    if not isinstance(names, list) or len(names) != count or not all(isinstance(name, str) for name in names):
        raise InputError(f"{str(path)!r} does not name its {count} images, so there is nothing to compare with")
    pairs = [(path.parent / Path(name).name, place) for place, name in enumerate(names)]
    _check_there(file for file, _ in pairs)
    return pairs


def _scene_written(record: Mapping[str, Any], path: Path) -> list[Path]:
    """The files of a scene to compare with: the scene itself, or all that a JSON names beside it, the scene first."""
    if scene_kind(path):
        return [path]
    names = record.get("files", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and scene_kind(names[0]) for name in names):
        raise InputError(f"{str(path)!r} names files that are not those of a scene: it was changed")
    files = [path.parent / Path(name).name for name in names]
    known = {file.name for file in files[:1]} | {f"{file.stem}{ORBIT}" for file in files[:1]}
    if not {file.name for file in files} <= known:
        raise InputError(f"{str(path)!r} names files that are not those of a scene: it was changed")
    _check_there(files)
    return files


def _check_there(files: Iterable[Path]) -> None:
    for file in files:
        if not there(file) or not file.is_file():
            raise InputError(f"{str(file)!r} is gone, so there is nothing to compare with: replay another result")
        check_file(file, "another result")


def _input(found: Mapping[str, str | None] | None, name: str, folder: Path) -> Path:
    """Where an input is now."""
    path = found.get("path") if found else None
    if not path:
        raise InputError(f"the {name} came from no file, so it cannot be found again: replay another result")
    if place := next((place for place in (Path(path), folder / Path(path).name) if there(place)), None):
        return place
    raise InputError(f"the {name} {path!r} is gone: put it back, or beside the result")


def _difference(file: Path, result: Result, place: int) -> int:
    """The largest difference of a pixel value between a file and a new image."""
    new = to_pil(result.images[place : place + 1])[0]
    old = decode.open_image(file).convert("RGB")
    if old.size != new.size:
        raise InputError(f"{str(file)!r} is {old.width}x{old.height} pixels, and the replay {new.width}x{new.height}")
    return int(np.abs(np.asarray(old).astype(int) - np.asarray(new).astype(int)).max())
