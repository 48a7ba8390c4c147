"""Wrappers: priors around priors, the functions that rebuild a chain of them, and those apart from guidance."""

import abc
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from torch import Generator

from potstill.diffusion.prior import Condition, NetworkPrior, Prediction, Prior
from potstill.diffusion.schedule import Schedule
from potstill.errors import InputError
from potstill.fields import shown
from potstill.tensors import Latent, Times, per_sample


@dataclass(frozen=True)
class Wrapper(Prior, abc.ABC):
    """A prior around another one. A subclass defines `__call__`; all else is the wrapped prior's.

    Guidance is changed and taken off inside of a wrapper, which then stands around the result (see
    `potstill.diffusion.guidance.with_scale`).
    """

    prior: Prior

    def __post_init__(self) -> None:
        """Check the prior.

        Raises:
            InputError: it is not a Prior.
        """
        if not isinstance(self.prior, Prior):
            raise InputError(
                f"prior = {shown(self.prior)} of {type(self).__name__} must be a Prior, such as a Mixture or what "
                'potstill.load("emoji") gives'
            )

    of_network: ClassVar[bool] = False
    """Whether the wrapper stays next to the network, so that it sees the call of each branch of the guidance."""

    @property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """The wrapped prior's."""
        return self.prior.schedule

    @property
    def unconditional(self) -> Condition:
        """The wrapped prior's."""
        return self.prior.unconditional

    @property
    def guidance_scale(self) -> float:
        """The wrapped prior's."""
        return self.prior.guidance_scale

    @property
    def negative_condition(self) -> Condition:
        """The wrapped prior's."""
        return self.prior.negative_condition

    @property
    def render_model(self) -> Prior:
        """The wrapped prior's."""
        return self.prior.render_model

    def sampling_times(self, steps: int, x0: Latent) -> list[Times]:
        """The wrapped prior's."""
        return self.prior.sampling_times(steps, x0)

    def check(self, x0: Latent, condition: Condition) -> None:
        """The wrapped prior's."""
        self.prior.check(x0, condition)

    def trainable(self, rank: int, rng: Generator) -> NetworkPrior:
        """The wrapped prior's, without this wrapper."""
        return self.prior.trainable(rank, rng)

    def with_distilled_scale(self, scale: float) -> Prior | None:
        """This wrapper around the wrapped prior's."""
        scaled = self.prior.with_distilled_scale(scale)
        return None if scaled is None else replace(self, prior=scaled)


def unwrap(prior: Prior) -> Prior:
    """The innermost prior, without any wrapper."""
    while isinstance(prior, Wrapper):
        prior = prior.prior
    return prior


def change_network(prior: Prior, change: Callable[[Prior], Prior]) -> Prior:
    """The prior with a change to its innermost part: the innermost prior with the wrappers that stay next to it."""
    if isinstance(prior, Wrapper) and not prior.of_network:
        return replace(prior, prior=change_network(prior.prior, change))
    return change(prior)


@dataclass(frozen=True)
class Clipped(Wrapper):
    """The predicted x0 clamped to [-1, 1], the range of pixels, and the eps that still makes x_t with it:

        x0 = clamp(x0_hat, -1, 1), eps = (x_t - alpha_t x0) / sigma_t

    Guidance pushes pixels beyond their range. diffusers' DDIM clips x0 alone with `clip_sample`, unless
    `use_clipped_model_output` is set; its eps then belongs to another x0, and guided samples turn black. Not for the
    latents of an autoencoder, which have no range.
    """

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The wrapped prior's prediction, clipped."""
        x0 = self.prior(x_t, t, condition).x0.clamp(-1, 1)
        alpha, sigma = (per_sample(value, x_t) for value in self.schedule(t))
        return Prediction.from_x0(x0, x_t, alpha, sigma)


@dataclass
class CallCounter:
    """How often a network was called."""

    calls: int = 0
    evaluations: int = 0
    """Samples in all calls."""


@dataclass(frozen=True)
class Counted(Wrapper):
    """A prior that counts its calls. `count_calls` puts it inside of guidance, where the calls of the network are."""

    counter: CallCounter = field(default_factory=CallCounter)

    of_network: ClassVar[bool] = True

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Count the call and its samples, and pass it on."""
        self.counter.calls += 1
        self.counter.evaluations += len(x_t)
        return self.prior(x_t, t, condition)


def count_calls(prior: Prior, counter: CallCounter) -> Prior:
    """The prior, whose network counts its calls in `counter`."""
    return change_network(prior, lambda network: Counted(network, counter))
