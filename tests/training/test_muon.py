"""The optimiser of the training against its definition."""

import pytest
import torch
from torch import nn

from training.muon import SIZE, Muon, orthogonal


@pytest.mark.parametrize("shape", [(8, 8), (8, 40), (40, 8)])
def test_a_step_keeps_the_singular_vectors_and_evens_the_singular_values(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, values, v = torch.linalg.svd(matrix, full_matrices=False)
    turned = u.mT @ orthogonal(matrix) @ v.mT
    evened = turned.diagonal()
    torch.testing.assert_close(turned, evened.diag(), atol=1e-8, rtol=0)
    large = values > 0.05 * values.norm()
    assert evened[large].min() > 0.6
    assert evened.max() < 1.25


@pytest.mark.parametrize("shape", [(64, 64), (64, 576)])
def test_bfloat16_turns_nearly_the_same_way(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    exact, rounded = orthogonal(matrix), orthogonal(matrix.bfloat16()).float()
    assert torch.cosine_similarity(exact.flatten(), rounded.flatten(), dim=0) > 0.97


@pytest.mark.parametrize("iterate_in", [None, torch.bfloat16])
def test_the_size_of_a_step_does_not_depend_on_the_size_of_the_gradient(iterate_in: torch.dtype | None) -> None:
    for scale in (1e-6, 1e6):
        layer = nn.Linear(64, 32)
        before = layer.weight.detach().clone()
        layer.weight.grad = scale * torch.randn(32, 64, generator=torch.Generator().manual_seed(1))
        Muon(layer, 0.5, iterate_in).step()
        rms = (layer.weight.detach() - before).square().mean().sqrt().item()
        assert rms == pytest.approx(0.5 * SIZE, rel=0.25)


def test_it_trains_kernels_and_biases() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 2, 5, 5)
    truth = nn.Conv2d(2, 3, 3)
    found = nn.Conv2d(2, 3, 3)
    optimiser = Muon(found, 0.03)
    for step in range(300):
        for group in optimiser.param_groups:
            group["lr"] = 0.03 * (1 - step / 300)
        loss = (found(x) - truth(x).detach()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 1e-4
