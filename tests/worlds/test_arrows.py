"""The arrows against the density that they are the gradient of."""

import pytest
import torch

from potstill.diffusion.mixture import Mixture
from potstill.errors import InputError
from potstill.methods import SDS
from potstill.worlds import TARGET, EditStudy, score_field


def test_arrows_are_the_gradient_of_the_noised_density():
    study = EditStudy([("sds", SDS())], guidance_scale=1.0)
    prior, points = study.prior, torch.tensor([[0.3, -0.2], [1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    t = prior.schedule.time(torch.tensor([0.3]))
    alpha, sigma = (float(value) for value in prior.schedule(t))
    width = (alpha**2 * prior.width**2 + sigma**2) ** 0.5
    noised = Mixture(alpha * prior.of(TARGET).double(), width=width)
    noised.log_prob(alpha * points, noised.condition(0)).sum().backward()
    assert torch.allclose(score_field(study, 0.3, points.detach()), points.grad, atol=1e-5)
    with pytest.raises(InputError, match="time = 2"):
        score_field(study, 2.0, points.detach())
