"""States: all that a run rests on between two steps, so that it can stop there and go on to the same bytes.

A state is JSON with tensors for leaves. States nest: that of a comparison holds that of the run at work. On disk a
state is one safetensors file: the tensors, named by their place in the tree, and in its metadata the tree and the hash
of everything, so that a damaged file is noticed. Nothing is unpickled.
"""

import abc
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Generator, Tensor
from torch.optim import Optimizer

from potstill.bank import Filled
from potstill.distill import Progress
from potstill.errors import InputError, shortage
from potstill.noise import Memory
from potstill.scenes.scene import Scene

State: TypeAlias = dict[str, Any]
"""Mappings, lists, texts, numbers, None, and tensors."""

_KEY, _HASH, _LEAF = "potstill state", "sha256", "__tensor__"


class Stateful(abc.ABC):
    """What can stop between two steps and go on."""

    @abc.abstractmethod
    def state(self) -> State:
        """All that changes, as it is now; not a copy, so write it down before the next step."""

    @abc.abstractmethod
    def restore(self, state: State) -> None:
        """Be as `state` says; to be called before the first step, on what was begun in the same way."""


class Distilling(Stateful):
    """What a run of `distill` changes."""

    def __init__(self, scene: Scene, optimizer: Optimizer, rng: Generator) -> None:
        """The three that are passed to `distill`; `progress` is to be passed, too."""
        self.scene, self.optimizer, self.rng, self.progress = scene, optimizer, rng, Progress()

    def state(self) -> State:
        """Scene, moments of the optimiser, generator, and what the loop remembers."""
        memory, learner = self.progress.memory, self.progress.learner
        return {
            "scene": self.scene.state_dict(),
            "optimizer": {str(index): kept for index, kept in self.optimizer.state_dict()["state"].items()},
            "rng": self.rng.get_state(),
            "done": self.progress.done,
            "evaluations": self.progress.evaluations,
            "memory": None if memory is None else memory._asdict(),
            "bank": None if self.progress.bank is None else vars(self.progress.bank),
            "learned": learner.state() if learner else self.progress.learned,
        }

    def restore(self, state: State) -> None:
        """Rates stay those that the optimiser was built with."""
        self.scene.load_state_dict(state["scene"])
        parameters = list(self.scene.parameters())
        for index, kept in state["optimizer"].items():
            like = parameters[int(index)].shape
            if any(isinstance(value, Tensor) and value.shape not in ((), like) for value in kept.values()):
                raise ValueError(f"moments of parameter {index} must have its shape, {tuple(like)}")
        groups = self.optimizer.state_dict()["param_groups"]
        moments = {int(index): kept for index, kept in state["optimizer"].items()}
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        self.rng.set_state(state["rng"])
        memory, device = state["memory"], parameters[0].device
        if memory is not None:
            memory = Memory(memory["t"], memory["noise"].to(device), memory["eps"].to(device))
        self.progress.done, self.progress.evaluations = int(state["done"]), int(state["evaluations"])
        self.progress.memory, self.progress.learned = memory, state["learned"]
        if state["bank"] is not None:
            kept: dict[str, Any] = {
                name: value if value is None else value.to(device) for name, value in state["bank"].items()
            }
            self.progress.bank = Filled(kept["times"].cpu(), kept["noises"], kept["x0"], kept["eps"])


def pack(state: State) -> bytes:
    """The state as the bytes of a safetensors file."""
    tensors: dict[str, Tensor] = {}
    tree = json.dumps(_without(state, "", tensors))
    return safetensors.torch.save(tensors, {_KEY: tree, _HASH: _digest(tree, tensors)})


def unpack(path: Path) -> State:
    """The state in a file.

    Raises:
        InputError: it cannot be read, is something else, or is damaged.
    """
    name = repr(str(path))
    if not path.is_file():
        raise InputError(f"cannot read {name}: there is no such file; check the path")
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            if _KEY not in about:
                raise InputError(f"{name} is no checkpoint of potstill: give a file *.checkpoint.safetensors")
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  it is no mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"cannot read {name}: {str(error) or 'it is damaged'}; delete it and start anew") from None
    with unspoilt(path):
        if about.get(_HASH) != _digest(about[_KEY], tensors):
            raise ValueError("its hash is another one")
        state = _with(json.loads(about[_KEY]), tensors)
        if not isinstance(state, dict):
            raise TypeError("it holds no mapping")
        return state


@contextmanager
def unspoilt(path: Path) -> Iterator[None]:
    """Whatever is stumbled on in a file that was damaged or forged is one error that names it.

    Raises:
        InputError: instead of the error.
    """
    try:
        yield
    except InputError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError, ZeroDivisionError) as error:
        if shortage(error):  # that is no fault of the file, and no reason to delete it
            raise
        reason = re.sub(r"<class '(.*?)'>", r"\1", (str(error) or type(error).__name__).strip().splitlines()[0])
        raise InputError(f"{str(path)!r} is damaged ({reason}): delete it and start anew") from error


def finite(state: Any) -> bool:
    """Whether no tensor of the state holds a NaN or an infinity."""
    if isinstance(state, Tensor):
        return bool(torch.isfinite(state).all())
    parts = state.values() if isinstance(state, Mapping) else state if isinstance(state, list | tuple) else ()
    return all(finite(part) for part in parts)


def _without(part: Any, place: str, tensors: dict[str, Tensor]) -> Any:
    """The tree with a name in the place of each tensor; the tensors go into `tensors`, each with its own memory."""
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
