"""Properties of every noise source for seeds, sizes and shares that hypothesis chooses."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

from potstill.diffusion.guidance import Guided
from potstill.methods.draw import PreviousStep
from potstill.methods.noise import DDIMNoise, Fixed, Fresh, Mixed, NoiseSource, Previous
from tests.methods.cases import NOISES, mixture

PRIOR = Guided(mixture(), 3.0)
SEEDS = st.integers(0, 2**63 - 1)
every_noise = pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
COUNT = 20_000


def draw(
    noise: NoiseSource, seed: int, count: int = 3, fraction: float = 0.5, memory: PreviousStep | None = None
) -> torch.Tensor:
    """Noise for so many renders, the first of an endless row of them."""
    x0 = torch.randn(64, 3, generator=Generator().manual_seed(1), dtype=torch.float64)[:count]
    t = PRIOR.schedule.time(torch.full((count,), fraction))
    return noise(x0, PRIOR, t, mixture().condition(1), Generator().manual_seed(seed), memory)


def past(count: int) -> PreviousStep:
    """A step before, at a later time, with noise and prediction that are standard normal and independent."""
    noise, eps = torch.randn(2, count, 3, generator=Generator().manual_seed(5), dtype=torch.float64)
    return PreviousStep(PRIOR.schedule.time(torch.full((count,), 0.7)), noise, eps)


@every_noise
@settings(max_examples=10)
@given(SEEDS, st.integers(1, 5), st.floats(0.05, 0.95), st.booleans())
def test_a_seed_is_all_that_is_random(noise, seed, count, fraction, later):
    """Twice the same bytes, whatever the global generator does, which is left as it was."""
    memory = past(count) if later else None
    state = torch.get_rng_state()
    first = draw(noise, seed, count, fraction, memory)
    assert torch.equal(torch.get_rng_state(), state)
    with torch.random.fork_rng():
        torch.manual_seed(seed ^ 1)
        assert torch.equal(draw(noise, seed, count, fraction, memory), first)
    assert first.isfinite().all()


@settings(max_examples=25)
@given(SEEDS, SEEDS)
def test_another_seed_is_other_noise(one, other):
    assert torch.equal(draw(Fresh(), one), draw(Fresh(), other)) == (one == other)


@settings(max_examples=25)
@given(SEEDS, st.integers(1, 63), st.sampled_from([Fresh(), Fixed(), Previous(), Mixed(0.3), DDIMNoise(0.5)]))
def test_more_samples_do_not_change_what_is_not_drawn(seed, count, noise):
    """What rests on the memory is each sample's own: a larger batch adds rows and changes none of it."""
    many, few = past(64), PreviousStep(*(value[:count] for value in past(64)))
    fresh, less = draw(Fresh(), seed, 64), draw(Fresh(), seed, count)
    shared = draw(noise, seed, 64, memory=many), draw(noise, seed, count, memory=few)
    if isinstance(noise, Fixed | Previous):
        assert torch.equal(shared[0][:count], shared[1])
    elif isinstance(noise, Mixed):  # the same combination of the memory and of the draw, whatever was drawn
        kept = [(1 - noise.share**2) ** 0.5 * memory.eps for memory in (many, few)]
        assert torch.allclose(shared[0] - noise.share * fresh, kept[0], atol=1e-12)
        assert torch.allclose(shared[1] - noise.share * less, kept[1], atol=1e-12)


@settings(max_examples=15)
@given(st.floats(0, 1), st.integers(0, 1000), st.floats(0, 1))
def test_mixtures_stay_standard_normal(share, seed, eta):
    """A standard normal prediction and a fresh draw mix to mean 0, covariance I, at any share and any eta."""
    x0 = torch.zeros(COUNT, 3, dtype=torch.float64)
    rng = Generator().manual_seed(seed + 10_000)
    noise, eps = torch.randn(2, COUNT, 3, generator=rng, dtype=torch.float64)
    t = PRIOR.schedule.time(torch.full((COUNT,), 0.5))
    memory = PreviousStep(PRIOR.schedule.time(torch.full((COUNT,), 0.7)), noise, eps)
    for source in (Fresh(), Fixed(), Previous(), Mixed(share), DDIMNoise(eta)):
        z = source(x0, PRIOR, t, mixture().condition(1), Generator().manual_seed(seed), memory)
        # Six standard errors of a mean, of a variance and of a covariance.
        assert (z.mean(0).abs() < 6 / COUNT**0.5).all()
        assert ((z.T @ z / COUNT - torch.eye(3)).abs() < 6 * (2 / COUNT) ** 0.5).all()


@settings(max_examples=15)
@given(SEEDS, st.permutations(range(5)))
def test_samples_change_places_with_their_memory(seed, order):
    """Permuted memories give permuted noise where all of it comes from there."""
    memory = past(5)
    moved = PreviousStep(*(value[list(order)] for value in memory))
    for source in (Fixed(), Previous(), Mixed(0.0)):
        expected = draw(source, seed, 5, memory=memory)[list(order)]
        assert torch.equal(draw(source, seed, 5, memory=moved), expected)
