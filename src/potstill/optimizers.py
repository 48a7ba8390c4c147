"""Lighter optimisers: torch's own, without what takes longer than their update of a small tensor."""

import inspect
from typing import Any, TypeVar

import torch
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from potstill.errors import InputError

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


class _SharedAdam(torch.optim.Adam):
    """Adam; groups with `shared` have one second moment for each sample, the mean over its numbers [b, n].

    Adam moves every number by about the learning rate, however small its gradient. Where it is shared, those whose
    gradient is small move little (AdamUniform of arXiv 2107.07789 shares the largest instead of the mean).

    Raises:
        InputError: an option of Adam that it does not have.
    """

    def __init__(self, params: ParamsT, lr: float = 1e-3, **options: Any) -> None:
        """As Adam, with its `betas` and `eps`."""
        super().__init__(params, lr, **options)
        for name in ("weight_decay", "amsgrad", "maximize"):
            for value in (group[name] for group in self.param_groups if group[name]):
                raise InputError(f"{name} = {value} is not an option of SharedAdam: leave it out, or use Adam")

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take a step."""
        for group in self.param_groups:
            first, second = group["betas"]
            for parameter in (each for each in group["params"] if each.grad is not None):
                gradient, state = parameter.grad, self.state[parameter]
                if not state:
                    state["step"] = torch.zeros(())
                    state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
                state["step"] += 1
                square = gradient.square()
                square = square.mean(-1, keepdim=True).expand_as(square) if group.get("shared") else square
                state["exp_avg"].lerp_(gradient, 1 - first)
                state["exp_avg_sq"].lerp_(square, 1 - second)
                one, two = (1 - beta ** float(state["step"]) for beta in (first, second))
                scale = (state["exp_avg_sq"] / two).sqrt_().add_(group["eps"])
                parameter.addcdiv_(state["exp_avg"], scale, value=-group["lr"] / one)


Adam, SGD, SharedAdam = light(torch.optim.Adam), light(torch.optim.SGD), light(_SharedAdam)
