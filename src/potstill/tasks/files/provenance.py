"""Provenance: what a picture was made with, written into the picture, and read back to replay it."""

import hashlib
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError, Note
from potstill.io.decode import Picture
from potstill.io.documents import parse_json
from potstill.io.files import as_path, check_file
from potstill.io.gaussian_files import ply_settings
from potstill.io.images import read_text
from potstill.io.meshes import mesh_settings
from potstill.io.printable import printable
from potstill.priors.loading import BUNDLED
from potstill.tasks.files.drawings import DRAWING
from potstill.tasks.files.scenes import scene_kind
from potstill.tasks.settings.models import WORLD, WorldName
from potstill.tasks.settings.plugins import check_plugins

KEY = "potstill"
"""The key of the PNG text that holds a record."""
LONGEST = 10_000_000
"""The most bytes of a JSON file that are read."""
INPUTS = ("image", "mask", "scene", "cameras", "drawing")
"""The files that a run may read."""
_TEXTS = {"name", "revision", "variant", "config", "dtype", "device", "path", "sha256"}
"""Keys of a record's model and inputs whose values must be strings or null."""


def input_record(value: Picture, numbers: Float[Tensor, "..."]) -> dict[str, str | None]:
    """How an input is found and recognised again: its path, if it is a file, and the hash of its working pixels."""
    pixels = numbers.contiguous().cpu().numpy().tobytes()
    return {"path": str(value) if isinstance(value, str | Path) else None, "sha256": hashlib.sha256(pixels).hexdigest()}


def read_record(path: str | Path) -> dict[str, Any]:
    """The record in a PNG, or in the JSON file beside it.

    Raises:
        InputError: the file cannot be read, or holds no record.
    """
    path = as_path(path)
    refusal = InputError(f"{str(path)!r} holds no settings: give a PNG or JSON file that potstill wrote")
    check_file(path, "a PNG or JSON file that potstill wrote")
    if (kind := scene_kind(path)) in (".ply", ".glb"):
        return _checked((ply_settings if kind == ".ply" else mesh_settings)(path), path, refusal)
    if kind == DRAWING:
        return _checked(_svg_record(path, refusal), path, refusal)
    if kind:
        raise InputError(f"{str(path)!r} holds no settings, as no {kind} file does: give the PNG or JSON beside it")
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
        written = data.lstrip()[:1] in (b"{", b"[")
        if written and len(data) > LONGEST:
            raise InputError(
                f"{str(path)!r} is larger than {LONGEST // 1_000_000} MB: potstill writes no settings of that size"
            )
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror}; check the path") from error
    text = data if written else read_text(path).get(KEY, "")
    if not text:
        raise refusal
    record = parse_json(text, repr(str(path)) if written else f"the record in {str(path)!r}")
    return _checked(record, path, refusal)


def _svg_record(path: Path, refusal: InputError) -> Any:
    """The record in the `<metadata>` of an SVG.

    Raises:
        InputError: it is no SVG, or holds none.
    """
    from potstill.io.svg.document import BYTES
    from potstill.io.svg.writer import read_metadata

    check_file(path, "an SVG that potstill wrote", most=BYTES)
    text = read_metadata(path.read_bytes(), repr(str(path)))
    if not text:
        raise refusal
    return parse_json(text.encode(), f"the record in {str(path)!r}")


def _checked(record: Any, path: Path, refusal: InputError) -> dict[str, Any]:
    """The record in a file, if its parts are what they must be."""
    if not isinstance(record, dict):
        raise refusal
    shapes = {"command": str, "settings": dict, "model": dict}
    inputs = {name: dict for name in INPUTS if name in record}
    if not all(isinstance(record.get(name), kind) for name, kind in (shapes | inputs).items()):
        raise refusal
    for part in ("model", *inputs):
        for name in _TEXTS & record[part].keys():
            if not isinstance(value := record[part][name], str | None):
                raise InputError(f"{name} = {value!r} of the {part} in {str(path)!r} must be a text: correct it")
    return record


def read_config(path: str | Path, command: str) -> dict[str, Any]:
    """The record in a file, as the starting point of a command.

    Raises:
        InputError: as `read_record`, or the record is of another command.
    """
    record = read_record(path)
    if record["command"] != command:
        raise InputError(f"{str(path)!r} holds settings of potstill {record['command']}, not of potstill {command}")
    check_plugins(record)
    return record


def model_of_scene(path: str | Path, usual: str) -> str:
    """The model that edits a scene where none is stated: the bundled one or the world that its file was made with.

    Says so in a note. A model of any other name is not loaded because a file asks for it, but it is named in a note.

    Args:
        path: of the scene; without settings, or broken, it names no model.
        usual: the model otherwise.
    """
    try:
        name = read_record(path)["model"].get("name")
    except InputError:
        return usual
    file = repr(str(path))
    if name in (*BUNDLED, *get_args(WorldName)):
        if name != usual:
            text = f"the model is {name}, which {file} was made with; --model chooses another"
            warnings.warn(text, Note, stacklevel=2)
        return name
    if name and not name.startswith(WORLD):
        other = printable(name)[:200]
        text = f"the model is {usual}, but {file} was made with {other!r}: --model {other!r} edits it with the same one"
        warnings.warn(text, Note, stacklevel=2)
    return usual


def differences(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What has changed of what a result depends on, in words: `torch 2.12.0, now 2.13.0`."""
    changes = []
    for name in sorted(recorded.keys() | now.keys()):
        before, after = recorded.get(name), now.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            changes += differences(before, after)
        elif before != after:
            changes.append(f"{_short(name)} {_short(before)}, now {_short(after)}")
    return changes


def _short(value: Any) -> str:
    """The value in words; the first digits of a hash."""
    text = str(value)
    return text[:12] if re.fullmatch("[0-9a-f]{64}", text) else text if len(text) <= 100 else f"{text[:100]}..."
