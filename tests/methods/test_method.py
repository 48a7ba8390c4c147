"""What a method is given, and what its parts draw, fits the samples: nothing else broadcasts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Generator

from potstill.distillation import distill
from potstill.errors import InputError
from potstill.methods import SDS
from potstill.methods.draw import Draw
from potstill.methods.method import Residual, predict_pair
from potstill.methods.noise import NoiseSource
from potstill.methods.weighting import Weight
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


@dataclass(frozen=True)
class Given(SDS):
    """SDS with the residual that `change` makes of its own."""

    change: Callable[[Residual], Any] = tuple

    def residual(self, x0, prior, t, noise, target, source):
        return self.change(super().residual(x0, prior, t, noise, target, source))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda found: found._replace(value=found.value[:, :1]),
            r"has shape \(3, 1\) and not that of x0, \(3, 3\)",
        ),
        (lambda found: found._replace(value=found.value[:1]), r"Given has shape \(1, 3\) and not that of x0, \(3, 3\)"),
        (lambda found: found.value, r"Given.residual gives a Tensor: return Residual\(value, prediction\)"),
    ],
)
def test_a_residual_of_another_shape_is_refused(change, message):
    bare = getattr(SDS.estimate, "__wrapped__", SDS.estimate)
    with pytest.raises(InputError, match=message):
        bare(Given(change=change), CASE.x0, CASE.prior, CASE.t, CASE.noise, CASE.target, CASE.source)


@dataclass(frozen=True)
class Whole(Weight):
    """A weight for each number, which is not what a weight is."""

    def __call__(self, schedule, t):
        return torch.ones(3, 3)


def test_a_weight_for_each_number_is_refused():
    with pytest.raises(InputError, match=r"Whole gives a weight of shape \(3, 3\): it must be one number for each"):
        SDS(weight=Whole()).gradient(CASE.x0, CASE.prior, CASE.t, CASE.noise, CASE.target)


@dataclass(frozen=True)
class Compared(SDS):
    """DDS without `edits`."""

    def residual(self, x0, prior, t, noise, target, source):
        hat, hat_source = predict_pair(x0, prior, t, noise, target, source)
        return Residual(hat.eps - hat_source.eps, hat)


def test_a_run_whose_gradients_are_all_zero_warns():
    told = {"target": CASE.target, "source": CASE.source.condition, "steps": 2, "rng": Generator()}
    with pytest.warns(UserWarning, match="every gradient of Compared was exactly 0: .*set edits: ClassVar = True"):
        list(distill(Points(CASE.x0), CASE.prior, Compared(), **told))
    list(distill(Points(CASE.x0), CASE.prior, SDS(), **told))  # and others do not
