"""The rules that draw t: ranges, densities, and what the run's progress does to them."""

import pytest
import torch
from torch import Generator

from potstill.diffusion.schedule import VP, linear
from potstill.errors import InputError
from potstill.methods import times
from potstill.methods.times import Annealed, DreamTime, ShrinkingRange, Stratified, TimestepSampler, Uniform
from tests.methods.cases import final

RULES = {cls.__name__: cls() for cls in final(times, TimestepSampler)}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("schedule", [linear(), VP()])
def test_times_stay_in_their_range(rule, schedule):
    rng = Generator().manual_seed(0)
    for step in range(50):
        t = rule(schedule, 7, step, 50, rng)
        assert t.shape == (7,)
        assert ((t >= 0.02 * schedule.duration - 1e-9) & (t <= 0.98 * schedule.duration + 1e-9)).all()


def test_dreamtime_follows_its_density():
    """The times of an even run are distributed as W: their histogram is the density."""
    rule, steps = DreamTime(), 5_000
    rng = Generator().manual_seed(0)
    times = torch.cat([rule(VP(), 1, step, steps, rng) for step in range(steps)])
    assert (times.diff() <= 0).all()
    edges = torch.linspace(0.02, 0.98, 25, dtype=torch.float64)
    counted = torch.histogram(times, edges).hist / steps
    expected = rule.density((edges[1:] + edges[:-1]) / 2)
    assert torch.allclose(counted, expected / expected.sum(), atol=2e-3)


def test_dreamtime_with_an_even_density_is_annealed():
    rule, even = DreamTime(lower=0.0, upper=1.0), Annealed()
    rng = Generator().manual_seed(0)
    for step in range(11):
        assert torch.allclose(rule(VP(), 2, step, 11, rng), even(VP(), 2, step, 11, rng), atol=2e-4)


def test_narrowing_is_uniform_below_a_falling_end():
    rule = ShrinkingRange(end=0.5, until=0.4)
    for step, top in ((0, 0.98), (20, 0.74), (40, 0.5), (100, 0.5)):
        t = rule(VP(), 100_000, step, 101, Generator().manual_seed(0))
        assert abs(float(t.max()) - top) < 1e-3
        assert abs(float(t.mean()) - (0.02 + top) / 2) < 5e-3
    flat = ShrinkingRange(low=0.3, high=0.3, end=0.3)
    assert (flat(VP(), 3, 0, 10, Generator().manual_seed(0)) == 0.3).all()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Uniform(low=0.6, high=0.4), "times from 0.6 to 0.4 must satisfy"),
        (lambda: ShrinkingRange(end=0.99), "the end must be between"),
        (lambda: ShrinkingRange(until=0.0), "share of the run above 0"),
        (lambda: DreamTime(lower=0.9), "lower must not lie above"),
        (lambda: DreamTime(lower_width=0.0), "widths must be above 0"),
        (lambda: DreamTime(upper_width=float("inf")), "upper_width = inf of DreamTime must be a finite number"),
    ],
)
def test_misfits_are_named(build, message):
    with pytest.raises(InputError, match=message):
        build()


def test_time_rules_cover_their_range():
    schedule, rng = linear(), Generator().manual_seed(0)
    uniform = Uniform(0.1, 0.9)(schedule, 5000, 0, 10, rng)
    assert uniform.min() >= 100
    assert uniform.max() <= 900
    assert abs(float(uniform.mean()) - 500) < 15
    strata = Stratified(0.0, 1.0)(schedule, 100, 0, 10, rng).sort().values
    assert ((strata - torch.arange(100) * 10 - 5).abs() <= 6).all()
    annealed = [float(Annealed(0.2, 0.98)(schedule, 1, step, 5, rng)[0]) for step in range(5)]
    assert annealed == [980, 785, 590, 395, 200]
    with pytest.raises(InputError, match="0 <= low <= high <= 1"):
        Uniform(0.9, 0.1)


def test_each_sample_of_a_stratified_batch_is_uniform():
    """The strata come in random order: mean and variance of every sample within five standard errors."""
    rng, count = Generator().manual_seed(3), 2000
    drawn = torch.stack([Stratified(0.0, 1.0).positions(4, 0.0, rng) for _ in range(count)])
    assert ((drawn.mean(0) - 1 / 2).abs() < 5 * (1 / 12 / count) ** 0.5).all()
    assert ((drawn.var(0) - 1 / 12).abs() < 5 * (1 / 180 / count) ** 0.5).all()
