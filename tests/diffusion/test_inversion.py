"""DDIM sampling and inversion against closed forms, with their measured order."""

import pytest
import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.diffusion.inversion import ddim_inversion, ddpm_inversion
from potstill.diffusion.sampling import ddim, eta, sdedit, share
from potstill.diffusion.schedule import VP, linear
from potstill.errors import InputError
from potstill.priors import Mixture
from potstill.tensors import SampleGenerators, normal

MEAN, WIDTH = torch.tensor([[0.8, -0.5]], dtype=torch.float64), 0.5


def gaussian(schedule) -> Mixture:
    return Mixture(MEAN, width=WIDTH, schedule=schedule)


def exact_flow(schedule, x, start, end):
    """The probability flow of a Gaussian keeps (x_t - alpha_t m) / sqrt(alpha_t² s² + sigma_t²)."""
    (a0, s0), (a1, s1) = schedule(start), schedule(end)
    scale = ((a1**2 * WIDTH**2 + s1**2) / (a0**2 * WIDTH**2 + s0**2)).sqrt()
    return a1 * MEAN + scale * (x - a0 * MEAN)


def order(errors: list[float]) -> float:
    """The slope of log error over log step size, over the last doubling."""
    return float(torch.tensor(errors[-2] / errors[-1]).log2())


@pytest.mark.parametrize("label", ["next", "current"])
def test_ddim_inversion_converges_with_order_1(label):
    schedule, x0 = VP(), torch.tensor([[1.0, 0.2]], dtype=torch.float64)
    top = torch.tensor([0.7])
    exact = exact_flow(schedule, x0, torch.tensor([0.0]), top)
    errors = []
    for steps in (100, 200, 400, 800):
        prior = gaussian(schedule)
        states = ddim_inversion(prior, x0, schedule.inversion_grid(top, steps), prior.condition(0), label)
        errors.append(float((states[-1] - exact).norm()))
    assert abs(order(errors) - 1) < 0.1


def test_with_seeds_of_their_own_samples_that_wait_draw_what_they_draw_alone():
    """Three samples with tops far apart: the lower ones wait at clean data, and their generators with them."""
    prior = Mixture(torch.tensor([[1.0, 0.0], [-1.0, 0.3]], dtype=torch.float64), width=0.4)
    x0, top = prior.sample(3, 0, Generator().manual_seed(0)), torch.tensor([900.0, 100.0, 400.0])

    def inverted(rows, rng):
        grid = prior.schedule.inversion_grid(top[rows], 10)
        return ddim_inversion(prior, x0[rows], grid, prior.condition(0), extra=0.3, rng=rng)[-1]

    together = inverted(slice(None), SampleGenerators([5, 6, 7]))
    for row, seed in enumerate((5, 6, 7)):
        alone = inverted(slice(row, row + 1), Generator().manual_seed(seed))
        assert torch.allclose(together[row], alone[0], atol=1e-12)


def test_ddim_sampling_converges_with_order_1():
    schedule, prior = VP(), gaussian(VP())
    x_t = torch.tensor([[0.4, -1.3]], dtype=torch.float64)
    end = torch.tensor([1e-3])
    exact = exact_flow(schedule, x_t, torch.tensor([1.0]), end)
    errors = []
    for steps in (200, 400, 800):
        times = [torch.tensor([t]) for t in torch.linspace(1, 1e-3, steps + 1, dtype=torch.float64).tolist()]
        run = ddim(prior, x_t, times, prior.condition(0), Generator())
        errors.append(float((run.states[-1] - exact).norm()))
    assert abs(order(errors) - 1) < 0.1


def test_ddim_on_a_gaussian_follows_its_closed_form():
    """x̂_0 along the run is m + C s² / sqrt(s² + rho²), C = (x_T / alpha_T - m) / sqrt(s² + rho_T²)."""
    schedule, prior = VP(), gaussian(VP())
    x_t = torch.tensor([[0.4, -1.3]], dtype=torch.float64)
    times = list(torch.linspace(1, 1e-3, 4001, dtype=torch.float64).split(1))
    run = ddim(prior, x_t, times, prior.condition(0), Generator())
    rho = schedule.rho(torch.cat(times))
    c = (x_t / schedule(times[0])[0] - MEAN) / (WIDTH**2 + rho[0] ** 2).sqrt()
    expected = MEAN + c * (WIDTH**2 / (WIDTH**2 + rho**2).sqrt())[:, None]
    assert (torch.cat(run.predictions) - expected).abs().max() < 5e-3


@pytest.mark.parametrize("label", ["next", "current"])
def test_round_trip_error_falls_with_the_steps(label):
    prior = Mixture(torch.tensor([[1.0, 0.0], [-1.0, 0.3]], dtype=torch.float64), width=0.4)
    x0 = prior.sample(20, 0, Generator().manual_seed(0))
    target, errors = prior.condition(0), []
    for steps in (10, 50, 250):
        top = prior.schedule.time(torch.tensor([0.6]))
        climb = prior.schedule.inversion_grid(top, steps)
        x_t = ddim_inversion(prior, x0, climb, target, label)[-1]
        back = ddim(prior, x_t, climb[:0:-1], target, Generator()).x0
        errors.append(float((back - x0).norm(dim=1).mean()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


@pytest.mark.parametrize(
    ("sigma", "width"), [(eta(0.0), WIDTH), (eta(1.0), WIDTH), (share(1.0), 0.35)], ids=["DDIM", "DDPM", "largest"]
)
def test_sampling_reaches_the_distribution_and_the_largest_sigma_contracts_it(sigma, width):
    """All noise fresh in every step is SDS, and seeks the mode: what DDIM and DDPM reach, it makes narrower."""
    prior = gaussian(linear())
    rng = Generator().manual_seed(0)
    x_t = normal(torch.zeros(4000, 2, dtype=torch.float64), rng)
    x0 = ddim(prior, x_t, prior.schedule.grid(200, low=0.001, high=0.999), prior.condition(0), rng, sigma).x0
    assert torch.allclose(x0.mean(0), MEAN[0], atol=0.05)
    assert torch.allclose(x0.std(0), torch.full((2,), width, dtype=torch.float64), rtol=0.1)


def test_sdedit_moves_further_the_stronger_it_is():
    prior = Mixture(torch.tensor([[2.0, 0.0], [-2.0, 0.0]], dtype=torch.float64), torch.tensor([0, 1]), width=0.2)
    x0 = prior.sample(50, 0, Generator().manual_seed(0))
    guided, target = Guided(prior, 3.0), prior.condition(1)
    runs = [sdedit(guided, x0, target, Generator().manual_seed(1), strength) for strength in (0.05, 0.3, 0.9)]
    moved = [float((run - x0).norm(dim=1).mean()) for run in runs]
    assert moved[0] < moved[1] < moved[2]
    assert prior.log_prob(runs[2], target).mean() > -3


@pytest.mark.parametrize(("sigma", "steps"), [(eta(0.0), 10), (eta(1.0), 1000)], ids=["DDIM", "a time twice"])
def test_a_map_that_would_be_divided_by_0_is_refused(sigma, steps):
    prior, x0 = gaussian(linear()), torch.zeros(1, 2, dtype=torch.float64)
    times = prior.schedule.grid(steps)
    with pytest.raises(InputError, match=r"sigma = \[0.0\] of the step from t = \[999.0\] to .* must be above 0"):
        ddpm_inversion(prior, x0, times, prior.condition(0), Generator().manual_seed(0), sigma)
