"""The weights w(t): their formulas, and what these make of the residual."""

import pytest
import torch

from potstill.diffusion.prior import Query, predict
from potstill.diffusion.schedule import VP, Flow, linear
from potstill.errors import InputError
from potstill.methods import SDS, weighting
from potstill.methods.weighting import AlphaSigmaSquared, Constant, Rho, SigmaSquared, Velocity, Weight
from tests.methods.cases import Case, final


def test_weights_are_their_formulas():
    schedule, t = linear(), torch.tensor([400.0])
    alpha, sigma = schedule(t)
    for weight, value in (
        (Constant(3.0), 3.0),
        (SigmaSquared(), 1 - alpha**2),
        (AlphaSigmaSquared(), alpha * (1 - alpha**2)),
        (Rho(), sigma / alpha),
        (Velocity(), 1 + sigma / alpha),
    ):
        assert torch.allclose(weight(schedule, t), torch.as_tensor(value).double())


@pytest.mark.parametrize("weight", final(weighting, Weight))
@pytest.mark.parametrize("schedule", [linear(), VP(), Flow()], ids=["table", "VP", "flow"])
def test_each_sample_has_its_own_weight_and_none_is_negative(weight, schedule):
    t = schedule.time(torch.tensor([0.1, 0.5, 0.9]))
    together = weight()(schedule, t)
    assert together.shape == (3,)
    assert (together > 0).all()
    assert torch.equal(together, torch.cat([weight()(schedule, one) for one in t.split(1)]))


@pytest.mark.parametrize("schedule", [None, VP(), Flow()], ids=["table", "VP", "flow"])
def test_rho_measures_the_residual_in_clean_data_and_velocity_along_the_flow(schedule):
    """rho (eps_hat - eps) = x_0 - x̂_0 and (1 + rho) (eps_hat - eps) = v_hat - (eps - x_0)."""
    case = Case(schedule)
    (hat,) = predict(case.prior, Query(case.prior.schedule.perturb(case.x0, case.noise, case.t), case.t, case.target))
    assert torch.allclose(case.gradient(SDS(weight=Rho())), case.x0 - hat.x0, atol=1e-10)
    expected = hat.velocity - (case.noise - case.x0)
    assert torch.allclose(case.gradient(SDS(weight=Velocity())), expected, atol=1e-10)


def test_a_weight_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="value = nan of Constant must be a finite number"):
        Constant(float("nan"))
