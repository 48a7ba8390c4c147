"""Laws of every schedule at times that hypothesis chooses: the curve itself, its inverse, and steps there and back."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from potstill.diffusion.schedule import VP, Flow, Schedule, Tabulated, cosine, linear, scaled_linear
from potstill.errors import InputError

SCHEDULES = {"linear": linear(), "scaled": scaled_linear(), "cosine": cosine(), "VP": VP(), "Flow": Flow()}
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
fractions = st.floats(0, 1)
tables = st.lists(st.floats(1e-6, 0.5), min_size=2, max_size=50)


def at(schedule: Schedule, *fractions: float) -> torch.Tensor:
    """Noisy times at fractions of the schedule."""
    return schedule.time(torch.tensor(fractions, dtype=torch.float64))


@every_schedule
@given(fractions)
def test_the_curve_keeps_its_law(schedule, fraction):
    """alpha² + sigma² = 1 on a variance-preserving schedule, alpha + sigma = 1 on a flow; both within [0, 1]."""
    alpha, sigma = (float(value) for value in schedule(at(schedule, fraction)))
    assert 0 <= alpha <= 1
    assert 0 < sigma <= 1
    total = alpha + sigma if isinstance(schedule, Flow) else alpha**2 + sigma**2
    assert math.isclose(total, 1, abs_tol=1e-12)


@every_schedule
@given(fractions, fractions)
def test_noise_never_falls_with_time(schedule, one, other):
    early, late = at(schedule, *sorted((one, other)))
    assert early <= late
    (alpha, sigma) = schedule(torch.stack([early, late]))
    rounding = 4e-16
    assert alpha[0] >= alpha[1] - rounding
    assert sigma[0] <= sigma[1] + rounding
    assert late - early <= 1e-11 or sigma[0] < sigma[1]


@every_schedule
@given(fractions)
def test_a_time_is_found_again(schedule, fraction):
    """`snap` leaves a time that exists, `time` undoes the fraction, and to within half a level it is the fraction's."""
    t = at(schedule, fraction)
    assert torch.equal(schedule.nearest(t), t)
    again = schedule.time(t / schedule.duration)
    assert torch.equal(again, t) or torch.allclose(again, t, atol=1e-12)
    level = 1.0 if isinstance(schedule, Tabulated) else schedule.t_min
    assert abs(float(t) - fraction * schedule.duration) <= level
    assert torch.equal(schedule.offset(t, 0.0), t)


@every_schedule
@given(fractions, st.floats(-1, 1))
def test_a_shift_stays_on_the_schedule(schedule, fraction, shift):
    t = at(schedule, fraction)
    moved = schedule.offset(t, shift)
    assert torch.equal(schedule.nearest(moved), moved)
    assert schedule.t_clean <= float(moved) <= schedule.duration
    assert (moved >= t) if shift >= 0 else (moved <= t)
    schedule(moved)


@every_schedule
@given(st.floats(0.01, 0.98), st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=2))
def test_what_is_perturbed_is_found_again(schedule, fraction, values):
    """From x_t and eps comes x_0, and from x_t and x_0 comes eps, by the curve's own coefficients."""
    t, (x0, eps) = at(schedule, fraction), (torch.tensor([[value]], dtype=torch.float64) for value in values)
    x_t = schedule.perturb(x0, eps, t)
    alpha, sigma = schedule(t)
    size = 1 + x_t.abs()
    assert ((x_t - sigma * eps) / alpha - x0).abs() <= 1e-11 * size / alpha + 1e-12 * x0.abs()
    assert ((x_t - alpha * x0) / sigma - eps).abs() <= 1e-11 * (size + x0.abs()) / sigma
    assert torch.allclose(schedule.rho(t), sigma / alpha)


@every_schedule
@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98), st.floats(-10, 10), st.floats(-10, 10))
def test_a_deterministic_step_goes_there_and_back(schedule, one, other, x0, eps):
    """With the true x_0 and eps a DDIM step of sigma 0 lands on x_s, and the step back on x_t."""
    t, s = at(schedule, one), at(schedule, other)
    x0, eps = (torch.tensor([[value]], dtype=torch.float64) for value in (x0, eps))
    none = torch.zeros(1, dtype=torch.float64)
    for there in (s, t):
        assert torch.allclose(
            schedule.ddim_step(x0, eps, there, none, eps), schedule.perturb(x0, eps, there), atol=1e-12
        )


@given(tables)
def test_a_table_is_looked_up_exactly(betas):
    """Any falling table comes back by its indices, and between them or beyond them there is nothing."""
    table = torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0)
    schedule = Tabulated(table)
    t = torch.arange(len(betas), dtype=torch.float64)
    alpha, sigma = schedule(t)
    assert torch.equal(alpha, table.sqrt())
    assert torch.equal(sigma, (1 - table).sqrt())
    assert torch.allclose(schedule.beta(t), torch.tensor(betas, dtype=torch.float64), atol=1e-9)
    for outside in (t + 0.5, t[-1:] + 1, t[:1] - 2, t * float("nan")):
        with pytest.raises(InputError, match="whole numbers"):
            schedule(outside)


@every_schedule
@given(st.integers(1, 60), fractions, fractions)
def test_a_grid_falls_from_end_to_end(schedule, steps, one, other):
    low, high = sorted((one, other))
    times = torch.cat(schedule.grid(steps, low, high))
    assert len(times) == steps
    assert (times.diff() <= 0).all()
    assert float(times[0]) == float(at(schedule, high))
    assert steps == 1 or float(times[-1]) == float(at(schedule, low))
