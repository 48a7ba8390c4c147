"""Lighter optimisers give the bytes of torch's, and their states are interchangeable."""

import pytest
import torch
from torch import Generator
from torch.optim import Optimizer

from potstill import optimizers
from potstill.errors import InputError

STEPS = 5


def descend(kind: type[Optimizer], x: torch.Tensor, rng: Generator, **options: object) -> Optimizer:
    optimizer = kind([x], lr=0.02, **options)  # type: ignore[call-arg]
    for _ in range(STEPS):
        x.grad = torch.randn(x.shape, generator=rng)
        optimizer.step()
    return optimizer


@pytest.mark.parametrize("options", [{}, {"fused": True}])
@pytest.mark.parametrize("name", ["Adam", "SGD"])
def test_a_lighter_optimiser_gives_the_bytes_of_torch_s(name, options):
    start = torch.randn(3, 4, generator=Generator().manual_seed(0))
    ends, states = [], []
    for kind in (getattr(torch.optim, name), getattr(optimizers, name)):
        x = start.clone().requires_grad_()
        states.append(descend(kind, x, Generator().manual_seed(1), **options).state_dict())
        ends.append(x.detach())
    assert torch.equal(*ends)
    assert str(states[0]) == str(states[1])


def test_torch_s_own_optimisers_stay_as_they_are():
    called = []
    x = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.Adam([x])
    optimizer.register_step_post_hook(lambda *_: called.append(1))
    x.grad = torch.ones(2)
    optimizer.step()
    assert called
    assert issubclass(optimizers.Adam, torch.optim.Adam)


def test_unshared_moments_are_those_of_adam_and_shared_ones_leave_small_gradients_small():
    start = torch.zeros(2, 3)
    ends = []
    for kind in (optimizers.Adam, optimizers.SharedAdam):
        x = start.clone().requires_grad_()
        descend(kind, x, Generator().manual_seed(1))
        ends.append(x.detach())
    assert torch.allclose(*ends)
    x, scale = start.clone().requires_grad_(), torch.tensor([1.0, 0.1, 0.001])
    optimizer = optimizers.SharedAdam([{"params": [x], "shared": True}], lr=0.02)
    x.grad = torch.stack([scale, 100 * scale])
    optimizer.step()
    expected = 0.02 * scale / scale.square().mean().sqrt()
    assert torch.allclose(-x.detach(), expected.expand(2, 3), rtol=1e-5)  # each sample by its own mean


@pytest.mark.parametrize("option", [{"weight_decay": 0.5}, {"amsgrad": True}, {"maximize": True}], ids=str)
def test_options_that_a_shared_moment_has_no_use_for_are_refused(option):
    x = torch.zeros(2, 3, requires_grad=True)
    (name,) = option
    for arguments in ({"params": [x], **option}, {"params": [{"params": [x], **option}]}):
        with pytest.raises(InputError, match=f"{name} = .* is not an option of SharedAdam: leave it out"):
            optimizers.SharedAdam(**arguments)
