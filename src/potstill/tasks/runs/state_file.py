"""States on disk: one safetensors file with the tensors, and in its metadata the tree and a hash of everything.

Damage is detected, and nothing is unpickled.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from potstill.errors import InputError, shortage
from potstill.io.files import WriteError, as_path, check_file
from potstill.state import State
from potstill.tensors import owned

BYTES = 10_000_000_000
"""Maximum bytes of a checkpoint."""
_KEY, _HASH, _LEAF, _PAIRS = "potstill state", "sha256", "__tensor__", "__pairs__"


def pack(state: State) -> bytes:
    """The state as the bytes of a safetensors file.

    Raises:
        InputError: it holds something else than tensors, numbers, texts, lists and mappings.
    """
    tensors: dict[str, Tensor] = {}
    try:
        tree = json.dumps(_without(state, "", tensors))
    except TypeError as error:
        raise InputError(
            f"the state cannot be saved ({error}): keep tensors, numbers, texts, lists and dicts"
        ) from None
    return safetensors.torch.save(tensors, {_KEY: tree, _HASH: _digest(tree, tensors)})


def unpack(path: str | Path) -> State:
    """The state in a file.

    Raises:
        InputError: it cannot be read, is not a checkpoint, or is damaged.
    """
    path = as_path(path)
    name = repr(str(path))
    check_file(path, "a checkpoint", most=BYTES)
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            if _KEY not in about:
                raise InputError(f"{name} is not a checkpoint of potstill: give a file *.checkpoint.safetensors")
            tensors = {key: owned(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118  not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            f"cannot read {name} as a checkpoint: {str(error) or 'it is damaged'}; give another, or start anew"
        ) from None
    with damaged_file_errors(path):
        if about.get(_HASH) != _digest(about[_KEY], tensors):
            raise ValueError("its hash is different")
        state = _with(json.loads(about[_KEY]), tensors)
        if not isinstance(state, dict):
            raise TypeError("it is not a mapping")
        return state


@contextmanager
def damaged_file_errors(path: str | Path) -> Iterator[None]:
    """Report any error raised while reading a damaged or forged file as one InputError that names the file.

    Raises:
        InputError: instead of the error.
    """
    try:
        yield
    except WriteError:
        raise
    except InputError as error:
        if str(path) in str(error):
            raise
        raise InputError(f"{str(path)!r} is damaged ({error}): delete it and start anew") from error
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, ZeroDivisionError) as error:
        if shortage(error):  # not a fault of the file, and no reason to delete it
            raise
        reason = re.sub(r"<class '(.*?)'>", r"\1", (str(error) or type(error).__name__).strip().splitlines()[0])
        raise InputError(f"{str(path)!r} is damaged ({reason}): delete it and start anew") from error


def _without(part: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    """The tree with a name in place of each tensor; the tensors go into `tensors`, each with its own memory."""
    if isinstance(part, Tensor):
        tensors[place] = part.detach().to("cpu", copy=True).contiguous()
        return {_LEAF: place}
    if isinstance(part, Mapping) and not all(isinstance(name, str) for name in part):  # the milestones of a scheduler
        return {_PAIRS: _without([[name, value] for name, value in part.items()], f"{place}.{_PAIRS}", tensors)}
    if isinstance(part, Mapping):
        return {name: _without(value, f"{place}.{name}" if place else name, tensors) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_without(value, f"{place}.{index}", tensors) for index, value in enumerate(part)]
    return part


def _with(part: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The tree with its tensors."""
    if isinstance(part, dict):
        leaf = part.get(_LEAF)
        if _PAIRS in part:
            return {name: _with(value, tensors) for name, value in part[_PAIRS]}
        return tensors[leaf] if leaf is not None else {name: _with(value, tensors) for name, value in part.items()}
    return [_with(value, tensors) for value in part] if isinstance(part, list) else part


def _digest(tree: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(tree.encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
