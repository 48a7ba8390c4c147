import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from potstill.diffusion.prior import Prediction
from potstill.diffusion.schedule import VP, Flow, Tabulated, cosine, linear, scaled_linear
from potstill.errors import InputError

SCHEDULES = {"linear": linear(), "scaled": scaled_linear(), "cosine": cosine(), "VP": VP(), "Flow": Flow()}
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


@pytest.mark.parametrize(("name", "ours"), [("linear", linear), ("scaled_linear", scaled_linear)])
def test_tables_are_those_of_diffusers(name, ours):
    from diffusers import DDIMScheduler

    start, end = (1e-4, 0.02) if name == "linear" else (0.00085, 0.012)
    theirs = DDIMScheduler(beta_schedule=name, beta_start=start, beta_end=end).alphas_cumprod
    assert torch.allclose(ours().alphas_cumprod, theirs.double(), rtol=1e-4)
    exact = Tabulated(theirs)
    alpha, sigma = exact(torch.arange(1000.0))
    assert torch.equal(alpha, theirs.double().sqrt())
    assert torch.allclose(alpha**2 + sigma**2, torch.ones(1000, dtype=torch.float64), atol=1e-15)


def test_cosine_table_is_diffusers():
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod.double()
    assert torch.allclose(cosine().alphas_cumprod, theirs, rtol=1e-4, atol=1e-9)


@every_schedule
def test_noise_grows_with_time_and_clean_is_clean(schedule):
    t = torch.cat([torch.tensor([schedule.t_clean]), schedule.time(torch.linspace(0.01, 0.99, 50))])
    alpha, sigma = schedule(t)
    assert (alpha[0], sigma[0]) == (1, 0)
    assert (alpha.diff() < 0).all()
    assert (sigma.diff() > 0).all()


@every_schedule
@given(high=st.floats(0.01, 0.99), below=st.floats(0.0, 1.0))
def test_posterior_is_bayes(schedule, high, below):
    """q(x_s | x_t, x_0) ∝ q(x_t | x_s) q(x_s | x_0), by the formula for a product of Gaussians."""
    t = schedule.time(torch.tensor([high]))
    s = schedule.nearest(torch.clamp(t * below, min=schedule.t_min))
    (alpha_t, sigma_t), (alpha_s, sigma_s) = schedule(t), schedule(s)
    ratio = alpha_t / alpha_s
    step = sigma_t**2 - ratio**2 * sigma_s**2
    c0, c1, sigma = schedule.posterior(t, s)
    if float(step) > 1e-6:
        precision = 1 / sigma_s**2 + ratio**2 / step
        assert torch.allclose(sigma**2, 1 / precision, rtol=1e-6)
        assert torch.allclose(c1, ratio / step / precision, rtol=1e-6)
        assert torch.allclose(c0, alpha_s / sigma_s**2 / precision, rtol=1e-6)
    # It takes q(x_t | x_0) to q(x_s | x_0), whatever the steps.
    assert torch.allclose(c0 + c1 * alpha_t, alpha_s, atol=1e-9)
    assert torch.allclose(c1**2 * sigma_t**2 + sigma**2, sigma_s**2, atol=1e-9)


@every_schedule
@given(share=st.floats(0.0, 1.0))
def test_ddim_step_keeps_the_marginal(schedule, share):
    """With the true x_0 and eps, and fresh z, the step lands on q(x_s | x_0) for any sigma."""
    s = schedule.time(torch.tensor([0.4]))
    alpha, sigma = schedule(s)
    x0 = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    eps, z = x0.roll(1), x0.roll(2)
    x_s = schedule.ddim_step(x0, eps, s, share * sigma, z)[0]
    assert torch.allclose(x_s[0], alpha)
    assert torch.allclose(x_s[1] ** 2 + x_s[2] ** 2, sigma**2)


def test_ddim_step_is_diffusers():
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False)
    theirs.set_timesteps(50)
    schedule = Tabulated(theirs.alphas_cumprod)
    rng = np.random.default_rng(0)
    x_t, eps, z = (torch.from_numpy(rng.normal(size=(2, 4, 3, 3))) for _ in range(3))
    t, s = torch.tensor([500.0, 500.0]), torch.tensor([480.0, 480.0])
    for eta in (0.0, 0.5, 1.0):
        step = theirs.step(eps, 500, x_t, eta=eta, variance_noise=z)
        x0 = step.pred_original_sample
        ours = schedule.ddim_step(x0, eps, s, eta * schedule.posterior(t, s).sigma, z)
        assert torch.allclose(ours, step.prev_sample, atol=1e-6)


def test_fractions_are_the_fields_timesteps():
    schedule = linear()
    assert schedule.time(torch.tensor([0.02, 0.98, 0.0, 1.0])).tolist() == [20, 980, 0, 999]
    assert schedule.offset(torch.tensor([21.0]), -0.002).tolist() == [19]
    assert [t.tolist() for t in schedule.grid(3, low=0.1, high=0.9)] == [[900], [500], [100]]


@every_schedule
def test_climb_rises_from_clean_to_each_top_in_its_share_of_steps(schedule):
    top = schedule.time(torch.tensor([0.15, 0.8]))
    times = torch.stack(schedule.inversion_grid(top, 10))
    assert torch.equal(times[-1], top)
    assert (times[0] == schedule.t_clean).all()
    assert (times.diff(dim=0) >= 0).all()
    assert (times.diff(dim=0) > 0).sum(0).tolist() in ([2, 8], [2, 9])


@pytest.mark.parametrize("t", [[0.5], [1000.0], [-2.0], [float("nan")]])
def test_a_time_outside_the_table_is_refused(t):
    with pytest.raises(InputError, match="whole numbers from 0 to 999"):
        linear()(torch.tensor(t))


@pytest.mark.parametrize(
    "table", [[], [0.5, 0.5], [0.2, 0.3], [1.2, 0.1], [0.5, -0.1], [0.0, 0.0], [0.5, float("nan")]]
)
def test_a_table_must_fall(table):
    with pytest.raises(InputError, match="fall strictly"):
        Tabulated(torch.tensor(table))


def test_a_table_may_end_in_noise_alone():
    """Zero terminal SNR: x_T is the noise, v = -x0 there, and the posterior and DDIM steps from T are finite."""
    schedule = Tabulated(torch.tensor([0.9, 0.5, 0.0]))
    rng, top = torch.Generator().manual_seed(0), torch.tensor([2.0])
    x0, eps = (torch.randn(1, 4, generator=rng, dtype=torch.float64) for _ in range(2))
    assert torch.equal(schedule.perturb(x0, eps, top), eps)
    hat = Prediction.from_v(-x0, eps, *(c[:, None] for c in schedule(top)))
    assert torch.equal(hat.x0, x0)
    assert torch.equal(hat.eps, eps)
    below, same = schedule.posterior(top, top - 1), schedule.posterior(top, top)
    assert torch.allclose(torch.stack(below), torch.tensor([[0.5**0.5], [0.0], [0.5**0.5]], dtype=torch.float64))
    assert torch.stack(same).tolist() == [[0.0], [1.0], [0.0]]
    (step,) = schedule.ddim_step(x0, eps, top - 1, torch.zeros(1), eps)
    assert torch.allclose(step, 0.5**0.5 * (x0 + eps)[0])


def test_impossible_steps_are_refused():
    schedule, x = linear(), torch.zeros(1, 2)
    with pytest.raises(InputError, match="must not lie above"):
        schedule.posterior(torch.tensor([5.0]), torch.tensor([6.0]))
    with pytest.raises(InputError, match="sigma"):
        schedule.ddim_step(x, x, torch.tensor([5.0]), torch.tensor([2.0]), x)


@pytest.mark.parametrize("count", [1, 2, 12, 13, 200])
@pytest.mark.parametrize("schedule", [VP(), Flow()])
@pytest.mark.parametrize("wrong", [-1e-12, 1 + 1e-12, float("nan"), float("inf"), -float("inf")])
def test_a_time_outside_is_found_wherever_it_stands(schedule, count, wrong):
    t = torch.linspace(0, 1, count, dtype=torch.float64)
    schedule(t)
    for place in {0, count // 2, count - 1}:
        changed = t.clone()
        changed[place] = wrong
        with pytest.raises(InputError, match="must be from 0 to 1: draw times with"):
            schedule(changed)
