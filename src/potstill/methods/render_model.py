"""A model of the renders, trained on them as they change. VSD compares the prior with it."""

import abc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator

from potstill.diffusion.guidance import with_scale
from potstill.diffusion.prior import Condition, NetworkPrior, Prediction, Prior, Query, predict
from potstill.diffusion.wrappers import CallCounter, Wrapper, count_calls, unwrap
from potstill.errors import InputError
from potstill.fields import Checked, check_count
from potstill.optimizers import Adam
from potstill.tensors import Latent, Times, normal, per_sample

HIGHEST_RANK = 1_024
"""The highest rank of the weights that a model of the renders learns."""


class LearnedPrior(Prior, abc.ABC):
    """A denoiser of the renders of a run, which is trained in each step.

    The loop holds it, so that a method stays a pure function.
    """

    @abc.abstractmethod
    def train_step(self, x0: Latent, condition: Condition, rng: Generator) -> int:
        """Take one training step on the current renders [b, ...]. Returns network evaluations per sample."""

    def state(self) -> dict[str, Any]:
        """What was learned, as tensors by name; empty if no step depends on an earlier one."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Load a `state`, to resume a run."""


@dataclass(frozen=True)
class WithRenderModel(Wrapper):
    """A prior together with a model of the renders, which a method finds as `prior.render_model`."""

    model: Prior

    @property
    def render_model(self) -> Prior:
        """The model."""
        return self.model

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The wrapped prior's prediction."""
        return self.prior(x_t, t, condition)

    def answer(self, queries: Sequence[Query]) -> Prediction:
        """The wrapped prior's predictions."""
        return self.prior.answer(queries)


@dataclass(frozen=True)
class RenderModel(Checked, abc.ABC):
    """How the renders are modelled."""

    @abc.abstractmethod
    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """A model that is not trained yet, for a run with this prior.

        Raises:
            InputError: the prior does not suit this kind of model.
        """


@dataclass(frozen=True)
class Empirical(RenderModel):
    """Exact, and without training: the distribution of the renders of a step, one point for each:

        x̂_0(x_t) = sum_k r_k x_0_k,   r_k = softmax_k(-|x_t - alpha_t x_0_k|² / (2 sigma_t²))

    For a single render this is x_0 itself and eps_hat the noise, so VSD is SDS. Several renders repel one another
    where their noised versions overlap, which for pictures is at large t only.
    """

    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """An `EmpiricalPrior` without points."""
        return EmpiricalPrior(prior)


class EmpiricalPrior(LearnedPrior):
    """Equal weights on points, of which `train_step` takes the renders: the `Empirical` model."""

    def __init__(self, prior: Prior, points: Latent | None = None) -> None:
        """With the schedule of the prior."""
        self.schedule, self.points = prior.schedule, points

    @property
    def unconditional(self) -> Condition:
        """Empty: the model takes no condition."""
        return {}

    def train_step(self, x0: Latent, condition: Condition, rng: Generator) -> int:
        """Make the renders the points; no evaluation.

        Raises:
            InputError: the renders have different conditions.
        """
        if any((value != value[:1]).any() for value in condition.values()):
            raise InputError(
                "renders of different views are not points of one distribution, so Empirical() cannot model them: "
                "use LoRAModel() with a pipeline"
            )
        self.points = x0
        return 0

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """x̂_0 and eps_hat of the points."""
        if self.points is None:
            raise InputError("the model of the renders has no points yet: call train_step first")
        alpha, sigma = (per_sample(c, x_t) for c in self.schedule(t))
        points = self.points.flatten(1)
        away = (x_t.flatten(1)[:, None] - alpha.reshape(-1, 1, 1) * points).square().sum(2)
        r = (-away / (2 * sigma.reshape(-1, 1) ** 2)).softmax(1)
        return Prediction.from_x0((r @ points).reshape(x_t.shape), x_t, alpha, sigma)


def count_renders(model: LearnedPrior, prior: Prior, counter: CallCounter) -> Prior:
    """The model of the renders, which counts its calls in `counter` if a network answers them.

    The exact model is no network. It counts only where the prior is exact, too: there both stand for networks, so that
    a run on a world costs what it shows.
    """
    exact = isinstance(model, EmpiricalPrior) and isinstance(unwrap(prior), NetworkPrior)
    return model if exact else count_calls(model, counter)


@dataclass(frozen=True)
class LoRAModel(RenderModel):
    """The prior's own network with trainable low-rank weights (LoRA, arXiv 2106.09685), conditioned on the prompt.

    It starts as the prior without guidance. Each training step is one step of Adam on its denoising loss, on the
    renders, at a time drawn from the whole schedule. The learning rate is that of ProlificDreamer's code.

    Raises:
        InputError: the rank is not from 1 to 1,024, or the rate not finite or not above 0.
    """

    rank: int = 4
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        """Check the numbers."""
        super().__post_init__()
        check_count("rank of a model of the renders", self.rank, HIGHEST_RANK, usual="4")
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning rate = {self.learning_rate} must be above 0 and finite; 0.0001 is usual")

    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """A `LoRAPrior` on a trainable copy of the prior."""
        return LoRAPrior(with_scale(prior, 1.0).trainable(self.rank, rng), self.learning_rate)


class LoRAPrior(LearnedPrior):
    """A network with low-rank weights and their optimiser: the `LoRAModel` model of the renders."""

    def __init__(self, prior: NetworkPrior, learning_rate: float) -> None:
        """With an optimiser over the trainable weights."""
        self.prior, self.schedule = prior, prior.schedule
        self._optimizer = Adam(prior.trainable_weights, lr=learning_rate)

    @property
    def unconditional(self) -> Condition:
        """The prior's."""
        return self.prior.unconditional

    def state(self) -> dict[str, Any]:
        """The trained weights and the moments of the optimiser."""
        moments = self._optimizer.state_dict()["state"]
        weights = self._optimizer.param_groups[0]["params"]
        return {
            "weights": {str(index): weight.detach() for index, weight in enumerate(weights)},
            "moments": {str(index): kept for index, kept in moments.items()},
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Any]) -> None:
        """Load weights and moments."""
        for index, weight in enumerate(self._optimizer.param_groups[0]["params"]):
            weight.copy_(state["weights"][str(index)])
        moments = {int(index): kept for index, kept in state["moments"].items()}
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": moments, "param_groups": groups})

    def train_step(self, x0: Latent, condition: Condition, rng: Generator) -> int:
        """One step of the optimiser on the denoising loss."""
        t = self.schedule.time(torch.rand(len(x0), generator=rng, dtype=torch.float64))
        with torch.enable_grad():
            loss = self.prior.loss(x0, normal(x0, rng), t, condition)
            self._optimizer.zero_grad()
            loss.backward()
        self._optimizer.step()
        return 1

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The adapted network's prediction, without guidance."""
        return predict(self.prior, Query(x_t, t, condition))[0]


@dataclass(frozen=True)
class DefaultRenderModel(RenderModel):
    """`LoRAModel` where the prior is a network; `Empirical` elsewhere, as on the exact worlds.

    Rank and learning rate matter for networks only.

    Raises:
        InputError: as for `LoRAModel`.
    """

    rank: int = 4
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        """Check the numbers."""
        LoRAModel(self.rank, self.learning_rate)

    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """That of the kind that suits the prior."""
        network = isinstance(unwrap(prior), NetworkPrior)
        return (LoRAModel(self.rank, self.learning_rate) if network else Empirical()).learner(prior, rng)


RENDER_MODELS: tuple[type[RenderModel], ...] = (Empirical, LoRAModel, DefaultRenderModel)
"""All of them."""
