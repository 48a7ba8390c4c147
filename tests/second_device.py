"""A second device on a machine without one: its tensors hold real numbers and refuse those of the CPU, as a GPU's do.

They call themselves `meta`, the one device that every build of torch knows, but every operation is computed on the
CPU. What a GPU allows is allowed: copies between devices, indices from the CPU, and single numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map_only

SECOND = torch.device("meta")
COPIES = {torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default}
INDEXED = {
    getattr(torch.ops.aten, name)
    for name in ("index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index", "_unsafe_index_put")
}


class Held(Tensor):
    """A tensor of the second device."""

    is_meta = False

    @staticmethod
    def __new__(cls, held: Tensor) -> "Held":
        """A shell without memory."""
        kept = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        return Tensor._make_wrapper_subclass(cls, held.size(), **kept, device=SECOND)

    def __init__(self, held: Tensor) -> None:
        """Keep the numbers."""
        self.held = held

    def __getitem__(self, index: Any) -> Tensor:
        """As of any tensor; torch itself would put the numbers of a list on the device, where none can be."""
        parts = index if isinstance(index, tuple) else (index,)
        return super().__getitem__(tuple(torch.tensor(each) if isinstance(each, list) else each for each in parts))

    def tolist(self) -> Any:
        """The numbers."""
        return self.held.tolist()

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The operation on the numbers."""
        return computed(func, args, kwargs or {})


class _Operations(TorchDispatchMode):
    """What makes tensors of the second device, or moves some to it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(func, args, kwargs or {})


class _Numbers(TorchFunctionMode):
    """Numbers of Python become tensors on the CPU first."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and torch.device(kwargs.get("device") or "cpu") == SECOND:
            return func(*args, **kwargs | {"device": "cpu"}).to(SECOND)
        if func is Tensor.new_tensor and isinstance(args[0], Held):
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype} | kwargs).to(SECOND)
        return func(*args, **kwargs)


@contextmanager
def second_device() -> Iterator[torch.device]:
    """The device, while it exists. Load models before: their libraries have another use for `meta`."""
    with _Numbers(), _Operations():
        yield SECOND


def computed(func: Any, args: Any, kwargs: Any) -> Any:
    """The operation on the CPU, its tensors on the device that they would have.

    Raises:
        RuntimeError: the tensors given are on both devices.
    """
    given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    own = [each for each in given if isinstance(each, Held)]
    others = [each for each in given if not isinstance(each, Held) and each.ndim and each.numel()]
    allowed = func in COPIES or (func.overloadpacket in INDEXED and isinstance(args[0], Held))
    if own and others and not allowed:
        raise RuntimeError(f"Expected all tensors to be on the same device, but {func} got some of both")
    told = kwargs.get("device")
    plain, named = tree_map_only(Held, lambda each: each.held, (args, kwargs))
    answer = func(*plain, **named | ({"device": torch.device("cpu")} if told is not None else {}))
    first = args[0] if func in COPIES else None
    there = torch.device(told) == SECOND if told is not None else isinstance(first, Held) if func in COPIES else own
    if not there:
        return answer
    answer = tree_map_only(Tensor, Held, answer)
    return return_and_correct_aliasing(func, args, kwargs, answer) if own and told is None else answer


def back(tensor: Tensor) -> Tensor:
    """The numbers on the CPU, without gradient."""
    tensor = tensor.detach()
    return tensor.held if isinstance(tensor, Held) else tensor
