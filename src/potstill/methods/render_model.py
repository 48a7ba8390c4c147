"""A model of the renders, which learns them as they change: what VSD compares the prior with."""

import abc
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator
from torch.optim import Adam

from potstill.diffusion.prior import Condition, Prediction, Prior, Query, Tally, Wrapper, innermost, predict
from potstill.errors import InputError
from potstill.priors.lora import adapt
from potstill.priors.pipeline import Pipeline
from potstill.tensors import Latent, Times, normal, per_sample


class LearnedPrior(Prior, abc.ABC):
    """A denoiser of the renders of a run. The loop holds it, so that a method stays a pure function."""

    @abc.abstractmethod
    def learn(self, x0: Latent, condition: Condition, rng: Generator) -> int:
        """One lesson on the renders of now; returns the network evaluations that it took for each sample."""

    def state(self) -> dict[str, Any]:
        """What it has learned, as tensors by name; nothing, where each lesson is the first."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Know what `state` says."""


@dataclass(frozen=True)
class WithRenderModel(Wrapper):
    """A prior, and beside it a model of the renders."""

    model: Prior

    @property
    def renders(self) -> Prior:
        """The model."""
        return self.model

    def counted(self, tally: Tally) -> Prior:
        """Both, counted together."""
        return WithRenderModel(self.prior.counted(tally), self.model.counted(tally))

    @property
    def bare(self) -> Prior:
        """The wrapped prior's, accompanied."""
        return WithRenderModel(self.prior.bare, self.model)

    def guided(self, scale: float) -> Prior:
        """The wrapped prior's, accompanied."""
        return WithRenderModel(self.prior.guided(scale), self.model)

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Ask the wrapped prior."""
        return self.prior(x_t, t, condition)


@dataclass(frozen=True)
class RenderModel(abc.ABC):
    """How the renders are modelled."""

    @abc.abstractmethod
    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """A model that has seen no render yet, for a run with this prior.

        Raises:
            InputError: the prior does not allow it.
        """


@dataclass(frozen=True)
class Empirical(RenderModel):
    """Exactly, and without training: the renders of a step are all there are, so p(x_0) is a point at each of them.

    x̂_0(x_t) = sum_k r_k x_0_k with r_k = softmax_k(-|x_t - alpha_t x_0_k|² / (2 sigma_t²)). For a single render
    this is x_0 itself and eps_hat the noise, so VSD is SDS; several push one another apart where their noised
    versions overlap, which for pictures is at large t only.
    """

    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """Points without any yet."""
        return EmpiricalPrior(prior)


class EmpiricalPrior(LearnedPrior):
    """Equal weights on points: the `Empirical` model of the renders."""

    def __init__(self, prior: Prior, points: Latent | None = None) -> None:
        """Under the prior's schedule."""
        self.schedule, self.points = prior.schedule, points

    @property
    def unconditional(self) -> Condition:
        """Nothing: points are told nothing."""
        return {}

    def learn(self, x0: Latent, condition: Condition, rng: Generator) -> int:
        """Take the renders for the points."""
        if any((value != value[:1]).any() for value in condition.values()):
            raise InputError(
                "renders of different views are not points of one distribution, so Empirical() cannot model them: "
                "take LoRAModel() on a pipeline"
            )
        self.points = x0
        return 0

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """x̂_0 and eps_hat of the points."""
        if self.points is None:
            raise InputError("the model of the renders has seen none yet: let it learn first")
        alpha, sigma = (per_sample(c, x_t) for c in self.schedule(t))
        points = self.points.flatten(1)
        away = (x_t.flatten(1)[:, None] - alpha.reshape(-1, 1, 1) * points).square().sum(2)
        r = (-away / (2 * sigma.reshape(-1, 1) ** 2)).softmax(1)
        return Prediction.from_x0((r @ points).reshape(x_t.shape), x_t, alpha, sigma)


@dataclass(frozen=True)
class LoRAModel(RenderModel):
    """The prior's own network with trainable low-rank weights beside the frozen ones (LoRA), told the prompt.

    It begins as the prior without guidance, and in each step takes one step of Adam down its denoising loss
    on the renders, at a time drawn from the whole schedule. The rate is that of ProlificDreamer's code.

    Raises:
        InputError: the rank is below 1, or the rate not finite or not above 0.
    """

    rank: int = 4
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.rank < 1 or not 0 < self.learning_rate < math.inf:
            raise InputError(
                f"a model of the renders with rank = {self.rank}, learning rate = {self.learning_rate}: "
                "the rank must be at least 1, the rate finite and above 0; 4 and 0.0001 are usual"
            )

    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """A second network that shares the weights of the first and adds its own."""
        inner = innermost(prior.guided(1.0))
        if not isinstance(inner, Pipeline):
            raise InputError(f"{type(inner).__name__} has no network to adapt: take render_model=Empirical()")
        return LoRAPrior(adapt(inner, self.rank, rng), self.learning_rate)


class LoRAPrior(LearnedPrior):
    """A pipeline with low-rank weights that are trained: the `LoRAModel` model of the renders."""

    def __init__(self, prior: Pipeline, learning_rate: float) -> None:
        """With an optimiser over what is trainable."""
        self.prior, self.schedule = prior, prior.schedule
        weights = [weight for weight in prior.network.parameters() if weight.requires_grad]
        self._optimizer = Adam(weights, lr=learning_rate)

    @property
    def unconditional(self) -> Condition:
        """The pipeline's."""
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
        """Weights and moments."""
        for index, weight in enumerate(self._optimizer.param_groups[0]["params"]):
            weight.copy_(state["weights"][str(index)])
        moments = {int(index): kept for index, kept in state["moments"].items()}
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": moments, "param_groups": groups})

    def learn(self, x0: Latent, condition: Condition, rng: Generator) -> int:
        """One step of the optimiser."""
        t = self.schedule.time(torch.rand(len(x0), generator=rng, dtype=torch.float64))
        with torch.enable_grad():
            loss = self.prior.loss(x0, normal(x0, rng), t, condition)
            self._optimizer.zero_grad()
            loss.backward()
        self._optimizer.step()
        return 1

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The adapted network's, without guidance."""
        return predict(self.prior, Query(x_t, t, condition))[0]


@dataclass(frozen=True)
class DefaultRenderModel(RenderModel):
    """`LoRAModel` on a pipeline; `Empirical` on priors without a network, such as the exact worlds.

    Rank and rate count on pipelines only.

    Raises:
        InputError: as for `LoRAModel`.
    """

    rank: int = 4
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        """Check the numbers."""
        LoRAModel(self.rank, self.learning_rate)

    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior:
        """Of the one that fits the prior."""
        pipeline = isinstance(innermost(prior), Pipeline)
        return (LoRAModel(self.rank, self.learning_rate) if pipeline else Empirical()).learner(prior, rng)


RENDER_MODELS: tuple[type[RenderModel], ...] = (Empirical, LoRAModel, DefaultRenderModel)
"""All of them."""
