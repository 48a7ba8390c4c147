"""ShrinkEdit between SDS and InfEdit, and its fixed point between Gaussians."""

import pytest
import torch
from torch import Generator

from potstill import Guided
from potstill.errors import InputError
from potstill.methods import SDS, InfEdit, ShrinkEdit, Source
from potstill.methods.weighting import Rho
from potstill.priors import Mixture
from tests.methods.cases import Case


def test_its_ends_are_sds_and_infedit() -> None:
    case = Case()
    given = (case.x0, case.prior, case.t, case.noise, case.target, case.source)
    whole, nothing = ShrinkEdit(half=1e12).gradient(*given), ShrinkEdit(half=1e-12).gradient(*given)
    torch.testing.assert_close(whole, InfEdit().gradient(*given), atol=1e-10, rtol=1e-10)
    torch.testing.assert_close(nothing, SDS(weight=Rho()).gradient(*given), atol=1e-9, rtol=1e-9)


def test_the_gradient_in_clean_data() -> None:
    """(x_0 - x̂_0) - k (x_0_src - x̂_0_src), with k = 1/2 where the change is `half`."""
    case = Case()
    perturb = case.prior.schedule.perturb
    hat = case.prior(perturb(case.x0, case.noise, case.t), case.t, case.target).x0
    hat_source = case.prior(perturb(case.source.x0, case.noise, case.t), case.t, case.source.condition).x0
    change = (hat - hat_source).square().mean(1).sqrt()
    for sample, half in enumerate(change.tolist()):
        found = ShrinkEdit(half=half).gradient(case.x0, case.prior, case.t, case.noise, case.target, case.source)[
            sample
        ]
        expected = (case.x0 - hat)[sample] - (case.source.x0 - hat_source)[sample] / 2
        torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("half", [0.05, 0.4, 3.0, 1e12])
@pytest.mark.parametrize("u", [0.1, 0.5, 0.9])
def test_between_gaussians_the_fixed_point_shrinks_the_deviation(half: float, u: float) -> None:
    """x_0 = mu + k (x_0_src - mu_src), at any time, in the mean over the noise."""
    centres = torch.tensor([[-1.0, 0.5], [2.0, 1.0]], dtype=torch.float64)
    prior, rng = Mixture(centres, torch.tensor([0, 1]), width=0.7), Generator().manual_seed(0)
    x_source = centres[:1] + torch.randn(40, 2, generator=rng, dtype=torch.float64)
    noise = torch.randn(40, 2, generator=rng, dtype=torch.float64)
    t = prior.schedule.time(torch.full((40,), u, dtype=torch.float64))
    alpha, sigma = (c[:1, None] for c in prior.schedule(t))
    gain = (alpha * 0.7) ** 2 / ((alpha * 0.7) ** 2 + sigma**2)  # of x_0 in x̂_0

    def change(k: torch.Tensor) -> torch.Tensor:
        """x̂_0 - x̂_0_src at x_0 = mu + k (x_0_src - mu_src)."""
        moved = centres[1:] - centres[:1] + gain * (k - 1) * (x_source - centres[:1])
        return moved.square().mean(1, keepdim=True).sqrt()

    low, high = torch.zeros(40, 1).double(), torch.ones(40, 1).double()
    for _ in range(60):  # bisection for k = 1 / (1 + change(k) / half)
        middle = (low + high) / 2
        above = middle > 1 / (1 + change(middle) / half)
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    fixed = centres[1:] + (low + high) / 2 * (x_source - centres[:1])
    given = (fixed, Guided(prior, 1.0), t)
    conditions = (prior.condition(1), Source(x_source, prior.condition(0)))
    method = ShrinkEdit(half=half)
    gradient = sum(method.gradient(*given, sign * noise, *conditions) for sign in (1, -1))
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-9, rtol=0)


@pytest.mark.parametrize("half", [0.0, -1.0])
def test_half_is_positive(half: float) -> None:
    with pytest.raises(InputError, match="must be above 0"):
        ShrinkEdit(half=half)
