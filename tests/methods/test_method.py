"""What a method is given, and what its parts draw, fits the samples: nothing else broadcasts."""

from dataclasses import dataclass

import pytest
import torch
from torch import Generator

from potstill.distillation import distill
from potstill.errors import InputError
from potstill.methods import SDS
from potstill.methods.draw import Draw
from potstill.methods.noise import NoiseSource
from potstill.scenes import Points
from potstill.tensors import normal
from tests.methods.cases import Case

CASE = Case()


@pytest.mark.parametrize("count", [2, 4])
def test_a_gradient_takes_a_time_for_each_sample_or_one_for_all(count):
    bare = getattr(SDS.gradient, "__wrapped__", SDS.gradient)  # the type checker of the tests is faster
    with pytest.raises(InputError, match=rf"t of shape \({count},\) must be one time for each sample, \(3,\)"):
        bare(SDS(), CASE.x0, CASE.prior, CASE.t[:1].expand(count), CASE.noise, CASE.target)
    alone = SDS().gradient(CASE.x0, CASE.prior, CASE.t[:1], CASE.noise, CASE.target)
    assert torch.equal(alone, SDS().gradient(CASE.x0, CASE.prior, CASE.t[:1].expand(3), CASE.noise, CASE.target))


@dataclass(frozen=True)
class Drawing(NoiseSource):
    """A noise source that draws so many times and rows of noise; `recall` passes the type checker of the tests."""

    times: int = 3
    rows: int = 3

    def __call__(self, x0, prior, t, condition, rng, past=None):
        return normal(x0, rng)

    def recall(self, moment, times, prior, memory):
        return Draw(torch.full((self.times,), 500.0), torch.zeros(self.rows, 3, dtype=torch.float64), None), memory


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        (Drawing(rows=1), r"noise of shape \(1, 3\) must have the shape of x0, \(3, 3\)"),
        (Drawing(times=4), r"t of shape \(4,\) must be one time for each sample, \(3,\)"),
    ],
)
def test_a_step_broadcasts_neither_noise_nor_times(noise, message):
    scene, told = Points(CASE.x0), {"target": CASE.target, "rng": Generator()}
    with pytest.raises(InputError, match=message):
        next(distill(scene, CASE.prior, SDS(noise=noise), steps=1, **told))
    assert next(distill(scene, CASE.prior, SDS(noise=Drawing()), steps=1, **told)).t.tolist() == [500.0] * 3
