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
from potstill.state import State
from potstill.tensors import owned

_KEY, _HASH, _LEAF = "potstill state", "sha256", "__tensor__"


def pack(state: State) -> bytes:
    """The state as the bytes of a safetensors file."""
    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_without(state, "", tensors))
    return safetensors.torch.save(tensors, {_KEY: tree, _HASH: _digest(tree, tensors)})


def unpack(path: Path) -> State:
    """The state in a file.

    Raises:
        InputError: it cannot be read, is not a checkpoint, or is damaged.
    """
    name = repr(str(path))
    if not path.is_file():
        raise InputError(f"cannot read {name}: there is no such file; check the path")
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            if _KEY not in about:
                raise InputError(f"{name} is not a checkpoint of potstill: give a file *.checkpoint.safetensors")
            tensors = {key: owned(file.get_tensor(key)) for key in file.keys()}  # noqa: SIM118  not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"cannot read {name}: {str(error) or 'it is damaged'}; delete it and start anew") from None
    with damaged_file_errors(path):
        if about.get(_HASH) != _digest(about[_KEY], tensors):
            raise ValueError("its hash is different")
        state = _with(json.loads(about[_KEY]), tensors)
        if not isinstance(state, dict):
            raise TypeError("it is not a mapping")
        return state


@contextmanager
def damaged_file_errors(path: Path) -> Iterator[None]:
    """Report any error raised while reading a damaged or forged file as one InputError that names the file.

    Raises:
        InputError: instead of the error.
    """
    try:
        yield
    except InputError:
        raise
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
    if isinstance(part, Mapping):
        return {name: _without(value, f"{place}.{name}" if place else name, tensors) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_without(value, f"{place}.{index}", tensors) for index, value in enumerate(part)]
    return part


def _with(part: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The tree with its tensors."""
    if isinstance(part, dict):
        leaf = part.get(_LEAF)
        return tensors[leaf] if leaf is not None else {name: _with(value, tensors) for name, value in part.items()}
    return [_with(value, tensors) for value in part] if isinstance(part, list) else part


def _digest(tree: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(tree.encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
