"""Lighter optimisers: torch's own, without what takes longer than their update of a small tensor."""

import inspect
from typing import TypeVar

import torch
from torch.optim import Optimizer

OptimizerT = TypeVar("OptimizerT", bound=Optimizer)


def light(optimizer: type[OptimizerT]) -> type[OptimizerT]:
    """The same optimiser without torch's guards against compilation, its records for a profiler and hooks on `step`.

    The guards import `torch._dynamo`, a second's work; the records take half of a step of Adam on a small picture.
    """
    guarded = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: inspect.unwrap(getattr(optimizer, name)) for name in guarded}
    step = torch.no_grad()(inspect.unwrap(optimizer.step))
    step.hooked = True  # type: ignore[attr-defined] # otherwise torch wraps it in the records
    return type(optimizer.__name__, (optimizer,), {**methods, "step": step})  # type: ignore[return-value]


Adam, SGD = light(torch.optim.Adam), light(torch.optim.SGD)
