"""How a run is guided, as a setting: what makes the wrapper that goes around its prior."""

import abc
import math
from dataclasses import dataclass

from potstill.diffusion.guidance import Interval, PerpNeg, Rescaled, check_interval, check_rescale
from potstill.diffusion.prior import Condition, Guidance, Guided, Prior
from potstill.errors import InputError


@dataclass(frozen=True)
class Guiding(abc.ABC):
    """A way to guide."""

    @abc.abstractmethod
    def __call__(self, prior: Prior, scale: float, negative: Condition) -> Guidance:
        """The prior under guidance of that scale, away from the negative condition or, where it is empty, from none."""


@dataclass(frozen=True)
class Plain(Guiding):
    """Classifier-free guidance; a negative prompt takes the place of the empty one."""

    def __call__(self, prior: Prior, scale: float, negative: Condition) -> Guidance:
        """`Guided`."""
        return Guided(prior, scale, negative)


@dataclass(frozen=True)
class Rescale(Guiding):
    """As `Plain`, with the contrast of the conditional prediction (arXiv 2305.08891): against overexposure.

    Raises:
        InputError: the rescale is not in [0, 1].
    """

    rescale: float = 0.7

    def __post_init__(self) -> None:
        """Check the rescale."""
        check_rescale(self.rescale)

    def __call__(self, prior: Prior, scale: float, negative: Condition) -> Guidance:
        """`Rescaled`."""
        return Rescaled(prior, scale, negative, self.rescale)


@dataclass(frozen=True)
class Within(Guiding):
    """As `Plain` at times from low to high, fractions of the schedule, and elsewhere none (arXiv 2404.07724).

    Raises:
        InputError: low and high are not in order within [0, 1].
    """

    low: float = 0.2
    high: float = 0.8

    def __post_init__(self) -> None:
        """Check the interval."""
        check_interval(self.low, self.high)

    def __call__(self, prior: Prior, scale: float, negative: Condition) -> Guidance:
        """`Interval`."""
        return Interval(prior, scale, negative, self.low, self.high)


@dataclass(frozen=True)
class Perpendicular(Guiding):
    """Away from the negative prompt, but only at right angles to the prompt (Perp-Neg, arXiv 2304.04968).

    Raises:
        InputError: the weight is not finite.
    """

    weight: float = 1.0
    """Of the negative prompt, beside 1 of the prompt."""

    def __post_init__(self) -> None:
        """Check the weight."""
        if not math.isfinite(self.weight):
            raise InputError(f"weight = {self.weight} of the negative prompt must be finite; 1 is usual")

    def __call__(self, prior: Prior, scale: float, negative: Condition) -> Guidance:
        """`PerpNeg`."""
        return PerpNeg(prior, scale, avoided=(negative,), weights=(self.weight,))


GUIDANCE_RULES: tuple[type[Guiding], ...] = (Plain, Rescale, Within, Perpendicular)
"""All of them."""
