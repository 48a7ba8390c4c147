"""Theorems 1 to 3 and the small identities, in float64 to 1e-10."""

from itertools import pairwise

import pytest
import torch
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.diffusion.inversion import ddpm_edit, ddpm_inversion
from potstill.diffusion.prior import Query, predict
from potstill.diffusion.sampling import eta, share
from potstill.diffusion.schedule import scaled_linear
from potstill.errors import InputError
from potstill.methods import (
    DDS,
    PDS,
    Consistent,
    Release,
)
from potstill.worlds import load_world
from potstill.worlds.theorem import theorem_1, theorem_3
from tests.methods.cases import Case, mixture


@pytest.mark.parametrize("world", ["moons", "rings", "grid"])
@pytest.mark.parametrize("scale", [1.0, 7.5])
def test_theorem_1_ddim_with_any_sigma_is_score_distillation(world, scale):
    for twins in theorem_1(load_world(world), guidance_scale=scale, points=20, steps=30, seed=4):
        assert twins.difference < 1e-10


@pytest.mark.parametrize("coefficients", [Release(), Release(stride=0.02), Consistent(), Consistent(stride=0.02)])
def test_theorem_2_pds_is_its_closed_form(coefficients):
    """The difference of stochastic latents, written out with an arbitrary shared eps_s, is psi and chi's form."""
    case = Case(scaled_linear())
    schedule = case.prior.schedule
    s = schedule.offset(case.t, -coefficients.stride)
    (_, sigma_t), (alpha_s, sigma_s) = ([c[:, None] for c in schedule(level)] for level in (case.t, s))
    if isinstance(coefficients, Release):
        beta = schedule.beta(case.t)[:, None]
        c0 = alpha_s * beta / sigma_t**2
        c1 = (1 - beta).sqrt() * sigma_s**2 / sigma_t**2
        sigma = (sigma_s**2 / sigma_t**2 * beta).sqrt()
    else:
        c0, c1, sigma = (c[:, None] for c in schedule.posterior(case.t, s))
    eps_s = torch.randn(3, 3, generator=Generator().manual_seed(5), dtype=torch.float64)

    def latent(x0, condition):
        x_t = schedule.perturb(x0, case.noise, case.t)
        hat = predict(case.prior, Query(x_t, case.t, condition))[0]
        return (schedule.perturb(x0, eps_s, s) - c0 * hat.x0 - c1 * x_t) / sigma

    expected = latent(case.x0, case.target) - latent(case.source.x0, case.source.condition)
    actual = case.gradient(PDS(coefficients=coefficients))
    # The latents are large numbers whose shared part cancels.
    assert (actual - expected).abs().max() < 1e-10 * latent(case.source.x0, case.source.condition).abs().max()


def test_theorem_2_consistent_pds_is_reweighted_dds():
    case = Case()
    chi = Consistent()(case.prior.schedule, case.t)[1]
    difference = case.gradient(PDS.consistent()) - chi[:, None] * case.gradient(DDS())
    assert difference.abs().max() < 1e-12


def test_theorem_2_holds_for_the_ddim_step_of_any_sigma():
    """mu = alpha_s x̂_0 + sqrt(sigma_s² - sigma²) eps_hat has psi = 0; at sigma_s, chi = rho_t / rho_s."""
    case = Case()
    schedule = case.prior.schedule
    s = case.t - 20
    (alpha_s, sigma_s), rho_t = schedule(s), schedule.rho(case.t)
    zero = torch.zeros_like(case.x0)
    for part in (0.1, 0.5, 1.0):
        sigma = part * sigma_s

        def latent(x0, condition, sigma=sigma):
            x_t = schedule.perturb(x0, case.noise, case.t)
            hat = predict(case.prior, Query(x_t, case.t, condition))[0]
            return (schedule.perturb(x0, zero, s) - schedule.ddim_step(*hat, s, sigma, zero)) / sigma[:, None]

        chi = (alpha_s * rho_t - (sigma_s**2 - sigma**2).clamp(min=0).sqrt()) / sigma
        expected = chi[:, None] * case.gradient(DDS())
        assert torch.allclose(
            latent(case.x0, case.target) - latent(case.source.x0, case.source.condition), expected, atol=1e-10
        )
    assert torch.allclose(chi, rho_t / schedule.rho(s), rtol=1e-12)


@pytest.mark.parametrize("sigma", [eta(1.0), eta(0.4), share(1.0), share(0.3)])
def test_theorem_3_edit_friendly_inversion_is_sequential_dds(sigma):
    """With delta_t = (x_t - x_t^src) / alpha_t, each step of the edit is one DDS step on x_0 + delta:

    delta_s = delta_t - (rho_t - sqrt(sigma_s² - sigma²) / alpha_s) (eps_hat - eps_hat_src).
    """
    prior = mixture()
    source, target = Guided(prior, 3.5), Guided(prior, 7.5)
    schedule, rng = prior.schedule, Generator().manual_seed(2)
    x0 = prior.sample(5, 0, rng)
    times = schedule.grid(40, low=0.02, high=0.7)
    inversion = ddpm_inversion(source, x0, times, prior.condition(0), rng, sigma)
    edited = ddpm_edit(target, inversion, prior.condition(1))
    delta = torch.zeros_like(x0)
    for index, (t, s) in enumerate(pairwise(times)):
        x_t_source = inversion.states[index]
        eps = (x_t_source - schedule(t)[0] * x0) / schedule(t)[1]
        x_t = schedule.perturb(x0 + delta, eps, t.expand(5))
        (hat,), (hat_source,) = (
            predict(target, Query(x_t, t, prior.condition(1))),
            predict(source, Query(x_t_source, t, prior.condition(0))),
        )
        alpha_s, sigma_s = schedule(s)
        rate = schedule.rho(t) - (sigma_s**2 - sigma(schedule, t, s) ** 2).clamp(min=0).sqrt() / alpha_s
        delta = delta - rate * (hat.eps - hat_source.eps)
        assert torch.allclose((edited[index + 1] - inversion.states[index + 1]) / alpha_s, delta, atol=1e-10)


@pytest.mark.parametrize("sigma_share", [0.05, 0.5, 1.0])
def test_theorem_3_on_a_world(sigma_share):
    twins = theorem_3(load_world("rings"), sigma_share, points=5, steps=12)
    assert twins.sampled.shape == twins.distilled.shape == (12, 5, 2)
    assert twins.difference < 1e-9
    assert (twins.sampled[-1] - twins.sampled[0]).abs().max() > 0.1
    with pytest.raises(InputError, match="share = 0 leaves no noise"):
        theorem_3(load_world("rings"), 0.0)


def test_edit_friendly_inversion_returns_to_the_input():
    prior = Guided(mixture(), 3.5)
    x0 = mixture().sample(5, 0, Generator().manual_seed(0))
    target = mixture().condition(0)
    inversion = ddpm_inversion(prior, x0, prior.schedule.grid(30), target, Generator().manual_seed(1))
    assert torch.allclose(ddpm_edit(prior, inversion, target)[-1], x0, atol=1e-10)
