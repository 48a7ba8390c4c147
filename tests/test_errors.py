"""Messages that name the value, the rule and the fix."""

import pytest
import torch

from potstill.errors import InputError, NotFiniteError, PotstillError, did_you_mean, not_finite, shortage


def test_the_nearest_name_is_offered_in_its_own_case():
    assert did_you_mean("uniFrm", ["Uniform", "Annealed"]) == "did you mean 'Uniform'? choose from Uniform, Annealed"
    assert did_you_mean("xyz", ["Uniform", "Annealed"]) == "choose from Uniform, Annealed"


def test_errors_are_caught_as_what_they_are():
    assert issubclass(InputError, PotstillError)
    assert issubclass(InputError, ValueError)
    assert issubclass(NotFiniteError, PotstillError)
    assert issubclass(NotFiniteError, ArithmeticError)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_a_lack_of_memory_is_said_and_other_errors_are_not(error):
    assert "not enough memory" in shortage(error)
    assert shortage(RuntimeError("shapes differ")) is None


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
