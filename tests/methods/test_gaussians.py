"""Where runs between Gaussians rest, which theory says."""

import torch
from torch import Generator

from potstill.diffusion.schedule import scaled_linear
from potstill.methods import (
    DDS,
    PDS,
    SDS,
    Identity,
    Release,
    Source,
)
from potstill.methods.weighting import Constant
from potstill.priors import Mixture


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
