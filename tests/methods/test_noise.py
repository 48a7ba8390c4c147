"""Laws of every noise source, and the identities between them."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Generator

import potstill.diffusion.inversion
import potstill.methods.bank
import potstill.methods.noise
from potstill.diffusion.guidance import Guided, with_scale
from potstill.diffusion.inversion import ddim_inversion
from potstill.diffusion.prior import Prediction, Query, predict
from potstill.diffusion.sampling import ddim
from potstill.diffusion.schedule import Flow
from potstill.diffusion.wrappers import Wrapper
from potstill.errors import InputError
from potstill.methods.draw import PreviousStep
from potstill.methods.noise import DDIMNoise, Fixed, FixedPoint, Fresh, Inverted, Mixed, Picard, Previous
from potstill.priors import Mixture
from potstill.tensors import normal
from tests.methods.cases import NOISES, Case, mixture

every_noise = pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)


def memory_of(case: Case) -> PreviousStep:
    rng = Generator().manual_seed(9)
    eps, used = (torch.randn(3, 3, generator=rng, dtype=case.x0.dtype) for _ in range(2))
    return PreviousStep(case.t + 20, used, eps)


def draw(noise, case: Case, rows: slice = slice(None), memory: PreviousStep | None = None, seed: int = 0):
    past = memory and PreviousStep(*(value[rows] for value in memory))
    rng = Generator().manual_seed(seed)
    return noise(case.x0[rows], case.prior, case.t[rows], case.target, rng, past)


@every_noise
@pytest.mark.parametrize("later", [False, True])
def test_a_batch_gives_what_single_runs_give(noise, later, monkeypatch):
    """With draws that depend on the sample alone; tau, the one draw of another kind, is left out."""
    for module in (potstill.methods.noise, potstill.methods.bank, potstill.diffusion.inversion):
        monkeypatch.setattr(module, "normal", lambda like, *_: torch.sin(37 * like))
    noise = replace(noise, overshoot=0.0) if isinstance(noise, Inverted) else noise
    case = Case()
    memory = memory_of(case) if later else None
    together = draw(noise, case, memory=memory)
    for row in range(3):
        rows = slice(row, row + 1)
        # A matrix product may round differently for another number of rows; several in turn add that up.
        assert torch.allclose(together[rows], draw(noise, case, rows, memory), rtol=1e-12, atol=1e-12)


@every_noise
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_shape_and_dtype_are_the_renders(noise, dtype):
    case = Case(dtype=dtype)
    eps = draw(noise, case, memory=memory_of(case))
    assert eps.shape == case.x0.shape
    assert eps.dtype == dtype
    assert eps.isfinite().all()


@every_noise
def test_the_same_seed_gives_the_same_noise(noise):
    case = Case()
    assert torch.equal(draw(noise, case), draw(noise, case))


def test_mixed_joins_previous_and_fresh():
    case = Case()
    memory = memory_of(case)
    assert torch.equal(draw(Mixed(0.0), case, memory=memory), draw(Previous(), case, memory=memory))
    assert torch.equal(draw(Mixed(1.0), case, memory=memory), draw(Fresh(), case))
    assert torch.equal(draw(DDIMNoise(0.0), case, memory=memory), draw(Previous(), case, memory=memory))


def test_fixed_repeats_the_noise_and_not_the_prediction():
    case = Case()
    memory = memory_of(case)
    assert torch.equal(draw(Fixed(), case, memory=memory), memory.noise)


def test_eta_1_has_the_share_of_ddpm():
    """sin² phi = (1 - A / B) / (1 - A) (methods of DDPM: sigma² = (1 - B) / (1 - A) (1 - A / B))."""
    case = Case()
    memory = memory_of(case)
    z = draw(Fresh(), case)
    a, b = (case.prior.schedule(t)[0] ** 2 for t in (memory.t, case.t))
    share = ((1 - a / b) / (1 - a)).sqrt()[:, None]
    expected = (1 - share**2).sqrt() * memory.eps + share * z
    assert torch.allclose(draw(DDIMNoise(1.0), case, memory=memory), expected, atol=1e-12)


def test_eta_is_held_at_the_largest_sigma_and_where_times_rise():
    case = Case()
    memory = memory_of(case)
    assert torch.equal(draw(DDIMNoise(1e6), case, memory=memory), draw(Fresh(), case))
    rising = memory._replace(t=case.t - 1)
    assert torch.equal(draw(DDIMNoise(0.0), case, memory=rising), draw(Fresh(), case))


def gap(case: Case, eps: torch.Tensor) -> torch.Tensor:
    """|x_0 - x̂_0(x_t)|, which the fixed point closes."""
    x_t = case.prior.schedule.perturb(case.x0, eps, case.t)
    return (case.x0 - predict(case.prior, Query(x_t, case.t, case.target))[0].x0).norm(dim=1)


def test_the_fixed_point_is_approached():
    """x̂_0(x_t) = x_0: the gap falls with every stretch of descent, to below half of fresh noise's."""
    case = Case(scale=1.0)
    case.x0 = mixture().sample(3, 1, Generator().manual_seed(1))
    case.t = case.prior.schedule.time(torch.tensor([0.3, 0.5, 0.7]))
    fresh = gap(case, draw(Fresh(), case))
    gaps = [gap(case, draw(FixedPoint(iterations=n), case)) for n in (1, 3, 20, 100)]
    for before, after in pairwise([fresh, *gaps]):
        assert (after < before).all()
    assert gaps[-1].mean() < 0.5 * fresh.mean()


def test_inversion_and_the_fixed_point_on_a_gaussian():
    """SDI and IDS pursue x̂_0(x_t) = x_0, whose solution on N(m, s² I) is kappa = rho (u - m) / s².

    The gap is |kappa - eps| times alpha sigma s² / v. OptimizerSettings and Picard close it. Inversion follows the
    flow, which leads to (u - m) (sqrt(1 + rho² / s²) - 1) / rho: at most half of kappa, so its gap stays
    below that of no noise at all, and below fresh noise's, but it does not fall to 0.
    """
    case, count, s = Case(), 50, 0.5
    case.prior = with_scale(Mixture(torch.zeros(1, 2, dtype=torch.float64), width=s), 1.0)
    case.target, rng = {"label": torch.tensor([0])}, Generator().manual_seed(1)
    case.x0 = s * torch.randn(count, 2, generator=rng, dtype=torch.float64)
    for fraction in (0.15, 0.3):
        case.t = case.prior.schedule.time(torch.full((count,), fraction))
        rho = float(case.prior.schedule.rho(case.t[:1]))
        solution, flow = case.x0 * rho / s**2, case.x0 * ((1 + rho**2 / s**2) ** 0.5 - 1) / rho
        plain = Inverted(steps=500, guidance_scale=1.0, overshoot=0.0, extra=0.0)
        inverted, descended = draw(plain, case), draw(FixedPoint(600, 0.05), case)
        assert torch.allclose(inverted, flow, rtol=1e-2, atol=1e-3)
        assert torch.allclose(draw(Picard(100), case), solution, rtol=1e-3, atol=1e-3)
        alpha, sigma = case.prior.schedule(case.t[:1])
        size = float(alpha * sigma * s**2 / (alpha**2 * s**2 + sigma**2))
        sources = (draw(Fresh(), case), 0 * flow, inverted, descended)
        gaps = [gap(case, eps) for eps in sources]
        for eps, measured in zip(sources, gaps, strict=True):
            assert torch.allclose(measured, size * (solution - eps).norm(dim=1), atol=1e-9)
        assert (gaps[2] < gaps[1]).all()
        assert gaps[0].mean() > gaps[2].mean() > 3 * gaps[3].mean()


def test_inverted_noise_leads_back_to_the_render():
    """DDIM down from alpha_t x_0 + sigma_t kappa ends on x_0, the better the more steps; fresh noise does not."""
    prior = mixture()
    x0 = prior.sample(10, 1, Generator().manual_seed(1))
    t, rng = prior.schedule.time(torch.full((10,), 0.6)), Generator().manual_seed(0)
    target, errors = prior.condition(1), []
    down = prior.schedule.grid(200, high=0.6)
    sources = [Inverted(steps, guidance_scale=1.0, overshoot=0.0, extra=0.0) for steps in (10, 50, 250)]
    for source in (Fresh(), *sources):
        x_t = prior.schedule.perturb(x0, source(x0, with_scale(prior, 1.0), t, target, rng), t)
        errors.append(float((ddim(prior, x_t, down, target, rng).x0 - x0).norm(dim=1).mean()))
    assert errors[0] > 3 * errors[1]
    assert errors[1] > errors[2] > errors[3]


def test_picard_converges_on_a_gaussian_with_its_slope():
    """Towards kappa = rho (u - m) / s², by sigma² / (alpha² s² + sigma²) an iteration (methods: section 5.2)."""
    prior = Mixture(torch.zeros(1, 2, dtype=torch.float64), width=0.7)
    x0 = torch.tensor([[0.5, -1.0]], dtype=torch.float64)
    t = torch.tensor([300.0])
    alpha, sigma = prior.schedule(t)
    kappa = sigma / alpha * x0 / 0.7**2
    errors = [(Picard(n)(x0, prior, t, prior.condition(0), Generator().manual_seed(0)) - kappa).norm() for n in (5, 6)]
    slope = sigma**2 / (alpha**2 * 0.7**2 + sigma**2)
    assert torch.allclose(errors[1] / errors[0], slope, atol=1e-10)


@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_one_unguided_iteration_is_the_corrected_noise_of_rfds_rev(scale):
    """eps + (1 - sigma) (v_hat_cond + x_0 - eps), whatever the guidance of the run (RFDS-Rev, arXiv 2406.03293)."""
    case = Case(Flow(), scale=scale)
    eps = draw(Fresh(), case)
    x_t = case.prior.schedule.perturb(case.x0, eps, case.t)
    v_hat = predict(case.mixture, Query(x_t, case.t, case.target))[0].velocity
    corrected = eps + (1 - case.t[:, None]) * (v_hat + case.x0 - eps)
    assert torch.allclose(draw(Picard(guidance_scale=1.0), case), corrected, atol=1e-12)
    assert torch.allclose(draw(Picard(), case), corrected, atol=1e-12) == (scale == 1)
    assert torch.equal(draw(Picard(guidance_scale=scale), case), draw(Picard(), case))


def test_what_picard_asks_about_follows_its_own_scale():
    asked = {scale: Picard(guidance_scale=scale) for scale in (None, 0.0, 1.0, 3.0)}
    assert [scale for scale, noise in asked.items() if noise.uses_guidance()] == [None]
    assert [scale for scale, noise in asked.items() if noise.uses_negative()] == [0.0, 3.0]
    assert [scale for scale, noise in asked.items() if noise.uses_prompt()] == [1.0, 3.0]
    with pytest.raises(InputError, match=r"guidance scale of the iterations = 2000\.0 must be"):
        Picard(guidance_scale=2000.0)


class Detached(Wrapper):
    """A prior that no gradient passes."""

    def __call__(self, x_t, t, condition):
        return Prediction(*(value.detach() for value in self.prior(x_t, t, condition)))


def test_the_fixed_point_needs_a_gradient():
    case = Case()
    case.prior = Detached(case.mixture)
    with pytest.raises(InputError, match=r"the prior has no gradient, which FixedPoint\(\) descends: use Picard\(\)"):
        draw(FixedPoint(), case)


@pytest.mark.parametrize("remap", [True, False])
def test_inversion_written_out(remap):
    """From the same generator, tau first; kappa is read at t + tau or t; extra noise at every step or at the end."""
    case = Case()
    schedule, away = case.mixture.schedule, Guided(case.mixture, -7.5)
    numbers = {"steps": 4, "overshoot": 0.1, "extra": 0.3, "remap": remap}

    def kappa(every, rng):
        top = schedule.offset(case.t, 0.1 * torch.rand(3, generator=rng, dtype=torch.float64))
        x_top = ddim_inversion(away, case.x0, schedule.inversion_grid(top, 4), case.target, "next", every, rng)[-1]
        alpha, sigma = (c[:, None] for c in schedule(top if remap else case.t))
        return (x_top - alpha * case.x0) / sigma

    expected = kappa(0.3, Generator().manual_seed(0))
    assert torch.allclose(draw(Inverted(**numbers, extra_at="every step"), case), expected, atol=1e-12)
    rng = Generator().manual_seed(0)
    expected = kappa(0.0, rng) + 0.3 * schedule(case.t)[1][:, None] * normal(case.x0, rng)
    assert torch.allclose(draw(Inverted(**numbers), case), expected, atol=1e-12)


def test_released_inversion_weakens_the_signal():
    """Keeping x_{t+tau} as x_t scales the signal by alpha_{t+tau} / alpha_t: 0.765 at t = 500, tau = 99, on SD."""
    from potstill.diffusion.schedule import scaled_linear

    schedule = scaled_linear()
    late, early = (schedule(torch.tensor([t]))[0] for t in (599.0, 500.0))
    assert round(float(late / early), 3) == 0.765
