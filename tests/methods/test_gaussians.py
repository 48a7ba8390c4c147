"""Where runs between Gaussians rest, which theory says."""

from dataclasses import dataclass

import torch
from torch import Generator

from potstill import Points, distill
from potstill.diffusion.prior import Condition, Prediction, Prior
from potstill.diffusion.schedule import Schedule, linear, scaled_linear
from potstill.methods import (
    DDS,
    PDS,
    SDS,
    Identity,
    InfEdit,
    Release,
    Source,
)
from potstill.methods.weighting import Constant
from potstill.optimizers import SGD
from potstill.priors import Mixture
from potstill.tensors import Latent, Times, per_sample


def gaussian(shift: float = 0.0, width: float = 0.4) -> Mixture:
    """Two Gaussians of one width, the second moved by `shift` along both axes."""
    centres = torch.tensor([[0.3, -0.2], [0.3 + shift, -0.2 + shift]], dtype=torch.float64)
    return Mixture(centres, torch.tensor([0, 1]), width=width)


def test_sds_on_a_gaussian():
    """E[eps_hat - eps] = alpha sigma (u - m) / (alpha² s² + sigma²), std = alpha² s² / (alpha² s² + sigma²)."""
    prior, count = gaussian(), 200_000
    t = torch.full((count,), 400.0)
    u = torch.tensor([[1.0, 0.5]], dtype=torch.float64)
    noise = torch.randn(count, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    gradient = SDS(weight=Constant()).gradient(u.expand(count, 2), prior, t, noise, prior.condition(0))
    alpha, sigma = (c[0] for c in prior.schedule(t[:1]))
    total = alpha**2 * 0.16 + sigma**2
    error = 5 * alpha**2 * 0.16 / total / count**0.5
    assert (gradient.mean(0) - alpha * sigma / total * (u[0] - prior.centres[0])).abs().max() < error
    assert torch.allclose(gradient.std(0), alpha**2 * 0.16 / total, rtol=1e-2)


def test_edits_between_gaussians_rest_where_theory_says():
    """DDS at x_src + Δm; PDS at x_src + Δm chi k / (psi + chi k), k = alpha sigma / (alpha² s² + sigma²)."""
    prior, x_source = gaussian(shift=1.5), torch.tensor([[0.1, 0.4]], dtype=torch.float64)
    source, noise = Source(x_source, prior.condition(0)), torch.tensor([[0.6, -1.1]], dtype=torch.float64)
    for level in (101.0, 301.0, 601.0):
        t = torch.tensor([level])
        alpha, sigma = prior.schedule(t)
        k = alpha * sigma / (alpha**2 * 0.16 + sigma**2)
        psi, chi = Release()(prior.schedule, t)
        for method, part in (
            (DDS(), 1.0),
            (PDS.consistent(), 1.0),
            (PDS(), chi * k / (psi + chi * k)),
            (PDS(coefficients=Identity(strength=0.7)), k / (0.7 + k)),
        ):
            gradient = method.gradient(x_source + part * 1.5, prior, t, noise, prior.condition(1), source)
            assert gradient.abs().max() < 1e-10


def test_published_shares_of_the_shift():
    """s = 0.4 on Stable Diffusion's table: 50.7 % of the shift at t = 301, 62.7 % at t = 601."""
    schedule = scaled_linear()
    for t, share_of_shift in ((301.0, 0.507), (601.0, 0.627)):
        alpha, sigma = schedule(torch.tensor([t]))
        psi, chi = Release()(schedule, torch.tensor([t]))
        k = alpha * sigma / (alpha**2 * 0.16 + sigma**2)
        assert round(float(chi * k / (psi + chi * k)), 3) == share_of_shift


@dataclass(frozen=True)
class TwoWidths(Prior):
    """The exact score of N(m, s²) for conditions that hold their m and s."""

    schedule: Schedule = linear()

    @property
    def unconditional(self) -> Condition:
        return {}

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        alpha, sigma = (per_sample(c, x_t) for c in self.schedule(t))
        total = alpha**2 * condition["s"] ** 2 + sigma**2
        x0 = condition["m"] + alpha * condition["s"] ** 2 / total * (x_t - alpha * condition["m"])
        return Prediction.from_x0(x0, x_t, alpha, sigma)


def normal_condition(m: float, s: float) -> dict[str, torch.Tensor]:
    """That of N(m, s²)."""
    return {"m": torch.tensor([[m]], dtype=torch.float64), "s": torch.tensor([[s]], dtype=torch.float64)}


def test_between_gaussians_of_two_widths_infedit_rests_at_a_map_that_is_optimal_transport_at_one_noise_level():
    """At m2 + (x_src - m1) (alpha² s2² + sigma²) / (alpha² s1² + sigma²): the slope is s2 / s1 where rho² = s1 s2."""
    (m1, s1), (m2, s2) = (0.3, 0.9), (-1.2, 0.25)
    prior, x_source = TwoWidths(), torch.linspace(-2, 2, 7, dtype=torch.float64)[:, None]
    source, target = Source(x_source, normal_condition(m1, s1)), normal_condition(m2, s2)
    rho = prior.schedule.rho(every := torch.arange(1, 1000, dtype=torch.float64))
    crossing = every[(rho**2 - s1 * s2).abs().argmin()]
    for level in (50.0, float(crossing), 900.0):
        t = torch.full((7,), level)
        alpha, sigma = (c[0] for c in prior.schedule(t))
        slope = (alpha**2 * s2**2 + sigma**2) / (alpha**2 * s1**2 + sigma**2)
        rest = m2 + slope * (x_source - m1)
        mean = InfEdit().gradient(rest, prior, t, torch.zeros_like(rest), target, source)  # linear in the noise
        assert mean.abs().max() < 1e-10
        if level == crossing:
            torch.testing.assert_close(slope, torch.tensor(s2 / s1, dtype=torch.float64), rtol=2e-2, atol=0)


def test_a_run_of_infedit_leaves_the_product_of_its_steps_of_the_shift():
    """Between Gaussians of one width, edit = shift (1 - prod (1 - rate sigma² / (alpha² s² + sigma²))), any noise."""
    prior, x_source, method = gaussian(shift=1.5), torch.tensor([[0.1, 0.4]], dtype=torch.float64), InfEdit()
    rate, steps = method.default_optimizer.learning_rate, method.default_optimizer.steps
    left, scene = 1.0, Points(x_source.clone())
    run = distill(
        scene,
        prior,
        method,
        target=prior.condition(1),
        source=prior.condition(0),
        steps=steps,
        rng=Generator().manual_seed(0),
        optimizer=SGD(scene.parameters(), lr=rate),
    )
    for step in run:
        alpha, sigma = prior.schedule(step.t)
        left *= 1 - rate * float(sigma**2 / (alpha**2 * 0.16 + sigma**2))
    torch.testing.assert_close(scene.points.detach(), x_source + 1.5 * (1 - left))


def test_between_gaussians_the_source_or_the_noise_itself_removes_all_noise_of_a_residual():
    """r = eps_hat - eps has the noise -alpha² s² / (alpha² s² + sigma²) eps, on the target and on the source."""
    s1, s2, count = 0.9, 0.25, 64
    prior, t = TwoWidths(), torch.full((count,), 400.0)
    noise = torch.randn(count, 1, generator=Generator().manual_seed(0), dtype=torch.float64)
    x_t = prior.schedule.perturb(torch.zeros(count, 1, dtype=torch.float64), noise, t)
    r_source, r = (prior(x_t, t, normal_condition(m, s)).eps - noise for m, s in ((0.3, s1), (-1.2, s2)))
    alpha, sigma = (c[0] for c in prior.schedule(t))
    of_source, of_target = (-(alpha**2) * s**2 / (alpha**2 * s**2 + sigma**2) for s in (s1, s2))
    assert (r - of_target / of_source * r_source).std() < 1e-9
    assert (r - of_target * noise).std() < 1e-9
    assert (r - r_source).std() > 1e-2
