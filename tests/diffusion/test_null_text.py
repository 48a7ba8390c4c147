"""Null-text optimisation on an exact score whose empty condition is a vector: it repairs guidance, and stops early."""

from dataclasses import dataclass
from functools import cache

import pytest
import torch

from potstill.diffusion.guidance import Guided
from potstill.diffusion.inversion import ddim_inversion
from potstill.diffusion.null_text import optimize_null_text
from potstill.diffusion.prior import Prediction, Prior
from potstill.diffusion.sampling import ddim
from potstill.diffusion.schedule import Schedule, linear
from potstill.diffusion.wrappers import CallCounter, count_calls
from potstill.errors import InputError
from potstill.priors import Mixture
from potstill.tensors import per_sample

STEPS, SCALE = 50, 7.5


@dataclass(frozen=True, eq=False)
class Weighted(Prior):
    """A mixture whose weights are the condition, as logits [b, k]: the exact score, smooth in what it is told."""

    centres: torch.Tensor
    width: float = 0.5
    schedule: Schedule = linear()

    @property
    def unconditional(self):
        return {"logits": torch.zeros(1, len(self.centres), dtype=self.centres.dtype)}

    def __call__(self, x_t, t, condition) -> Prediction:
        alpha, sigma = (per_sample(c, x_t) for c in self.schedule(t))
        variance = (alpha * self.width) ** 2 + sigma**2
        far = (x_t[:, None] - alpha[..., None] * self.centres).square().sum(-1)
        mean = (condition["logits"] - far / (2 * variance)).softmax(-1) @ self.centres
        x0 = mean + alpha * self.width**2 / variance * (x_t - alpha * mean)
        return Prediction.from_x0(x0, x_t, alpha, sigma)


PRIOR = Weighted(torch.tensor([[1.0, 0.0], [-1.0, 0.3], [0.2, 1.2]], dtype=torch.float64))
TOLD = {"logits": torch.tensor([[2.0, -2.0, -2.0]], dtype=torch.float64)}
X0 = torch.tensor([[0.9, 0.1], [0.4, -0.2], [1.4, 0.5]], dtype=torch.float64)


@cache
def inverted():
    up = PRIOR.schedule.inversion_grid(PRIOR.schedule.time(torch.ones(1)), STEPS)
    return ddim_inversion(PRIOR, X0, up, TOLD)[::-1], up[::-1]


@cache
def optimised():
    return list(optimize_null_text(PRIOR, *inverted(), TOLD, SCALE))


def errors(x0) -> float:
    return float((x0 - X0).norm(dim=1).mean())


def test_it_repairs_what_guidance_breaks_at_least_tenfold():
    states, times = inverted()
    plain = ddim(Guided(PRIOR, SCALE), states[0], times[:-1], TOLD, torch.Generator()).x0
    assert errors(optimised()[-1].hat.x0) < errors(plain) / 10


def test_the_way_back_with_its_conditions_is_the_way_it_found():
    """Guided by the recorded conditions, plain DDIM steps go through the same states."""
    (states, times), x_t = inverted(), inverted()[0][0]
    for step, t, s in zip(optimised(), times, times[1:], strict=False):
        torch.testing.assert_close(x_t, step.x_t, rtol=0, atol=1e-10)
        hat = Guided(PRIOR, SCALE, step.condition)(x_t, t.expand(len(x_t)), TOLD)
        x_t = PRIOR.schedule.ddim_step(hat.x0, hat.eps, s, torch.zeros(1), torch.zeros_like(x_t))
    assert len(optimised()) == len(states) - 1


def test_without_updates_it_is_guided_ddim():
    states, times = inverted()
    plain = ddim(Guided(PRIOR, SCALE), states[0], times[:-1], TOLD, torch.Generator()).x0
    last = list(optimize_null_text(PRIOR, states, times, TOLD, SCALE, inner=0))[-1]
    torch.testing.assert_close(last.hat.x0, plain, rtol=0, atol=1e-10)


def test_it_stops_once_the_loss_is_below_the_limit_and_counts_what_it_asks():
    states, times = inverted()
    asked = []
    for tolerance, updates in ((1e9, {0}), (0.0, {4})):
        counter = CallCounter()
        prior = count_calls(PRIOR, counter)
        steps = list(optimize_null_text(prior, states, times, TOLD, SCALE, inner=4, tolerance=tolerance))
        assert {step.updates for step in steps} == updates
        asked.append(counter.evaluations)
    assert asked == [3 * STEPS * (1 + 1), 3 * STEPS * (1 + 5)]
    limits = [1e-4 * (1 + 100 * index / STEPS) for index in range(STEPS)]
    steps = list(optimize_null_text(PRIOR, [state[:1] for state in states], times, TOLD, SCALE, tolerance=1e-4))
    assert all(step.updates == 10 or step.loss < limit for step, limit in zip(steps, limits, strict=True))
    assert {step.updates for step in steps} - {10}


def test_three_samples_are_three_single_runs():
    states, times = inverted()
    for row in range(len(X0)):
        alone = list(optimize_null_text(PRIOR, [state[row : row + 1] for state in states], times, TOLD, SCALE))
        torch.testing.assert_close(alone[-1].hat.x0, optimised()[-1].hat.x0[row : row + 1], rtol=0, atol=1e-10)


def test_a_prior_without_numbers_to_move_is_refused():
    mixture = Mixture(X0)
    states, times = inverted()
    with pytest.raises(InputError, match="this model has none"):
        next(optimize_null_text(mixture, states, times, mixture.condition(0)))
