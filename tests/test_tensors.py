"""The two functions that every formula uses."""

import pytest
import torch
from torch import Generator

from potstill.tensors import normal, per_sample


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
