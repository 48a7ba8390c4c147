"""What every formula uses, and the error that names what is not finite."""

import pytest
import torch
from torch import Generator

from potstill.tensors import normal, not_finite, per_sample, without_small


@pytest.mark.parametrize("shape", [(3, 2), (3, 4, 5, 6)])
def test_a_coefficient_multiplies_each_sample_by_its_own(shape):
    x = torch.randn(shape, generator=Generator().manual_seed(0))
    coefficient = torch.tensor([2.0, 0.0, -1.0], dtype=torch.float64)
    found = per_sample(coefficient, x) * x
    assert found.dtype == torch.float32
    assert torch.equal(found, torch.stack([2 * x[0], 0 * x[1], -x[2]]))
    assert torch.equal(per_sample(torch.tensor([3.0]), x) * x, 3 * x)


def test_a_draw_is_the_generator_s_and_like_what_it_is_for():
    like = torch.zeros(2, 3, dtype=torch.float64)
    state, rng = torch.get_rng_state(), Generator().manual_seed(7)
    first, second = normal(like, rng), normal(like, rng)
    assert torch.equal(first, torch.randn(2, 3, generator=Generator().manual_seed(7), dtype=torch.float64))
    assert not torch.equal(first, second)
    assert torch.equal(state, torch.get_rng_state())


def test_the_first_quantity_that_is_not_finite_is_named_with_its_samples():
    x0, eps = torch.zeros(3, 2), torch.zeros(3, 2)
    eps[0, 1], eps[2, 0] = float("inf"), float("nan")
    error = not_finite("SDS", 4, torch.tensor([10.0, 20.0, 30.5]), x0=x0, origin=None, noise_prediction=eps)
    expected = "SDS: noise prediction is not finite at step 4, t = 10, 30.5 (2 of 3 samples, torch.float32): lower "
    assert str(error).startswith(expected)


def test_many_samples_are_not_all_listed():
    error = not_finite("SDS", 0, torch.tensor([5.0]), x0=torch.full((7, 2), float("nan")))
    assert "t = 5, 5, 5, 5, 5, ... (7 of 7 samples" in str(error)


def test_where_only_the_mean_overflows_the_last_quantity_is_named():
    x0, loss = torch.zeros(2, 2), torch.full((2,), 3e38)
    assert "SDS: loss is not finite at step 1, t = 5, 5 (2 of 2" in str(
        not_finite("SDS", 1, torch.tensor([5.0]), x0=x0, loss=loss)
    )


def test_small_changes_are_undone_to_the_bit():
    change = torch.tensor([0.0, 0.019, -0.02, 0.035, 0.05, -0.3], dtype=torch.float64).view(1, 1, 1, 6)
    change = torch.cat([change, torch.zeros_like(change)], 1)
    expected = torch.tensor([0.0, 0.0, 0.0, 0.0175, 0.05, -0.3], dtype=torch.float64)
    assert torch.allclose(without_small(change, 0.05)[0, 0, 0], expected, atol=1e-12)
    assert not without_small(change, 0.05)[0, :, 0, :2].any()
    assert torch.equal(without_small(change, 0.0), change)
