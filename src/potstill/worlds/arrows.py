"""The score of a world as arrows: where the points of a noise level are drawn to."""

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.diffusion.guidance import Guided
from potstill.fields import check_number
from potstill.tensors import per_sample
from potstill.worlds.edit_study import EditStudy
from potstill.worlds.world import TARGET


@torch.no_grad()
def score_field(study: EditStudy, time: float, points: Float[Tensor, "n 2"]) -> Float[Tensor, "n 2"]:
    """The guided score of class 2 at clean points x_0, at a time as a fraction in [0, 1] of the schedule, [n, 2].

        score(x_0) = -alpha_t eps_hat(alpha_t x_0, t) / sigma_t

    Without guidance this is the gradient of log p_t(alpha_t x_0 | class 2) with respect to x_0.

    Raises:
        InputError: the time is not in [0, 1].
    """
    check_number("time", time, 0.0, 1.0, usual="0.5")
    prior = study.prior
    t = prior.schedule.time(torch.full((len(points),), time, dtype=torch.float64))
    alpha, sigma = (per_sample(value, points) for value in prior.schedule(t))
    eps = Guided(prior, study.guidance_scale)(alpha * points, t, prior.condition(TARGET)).eps
    return -alpha * eps / sigma
