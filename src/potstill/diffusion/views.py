"""The one place where a view becomes a condition: a prior that is asked about pictures under views.

A scene draws a view, entries with a row for each picture, such as a camera, and the loop adds them to the condition.
`ByView` stands next to the network and turns them into what the network takes, in one of several ways of reading.
"""

import abc
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.prior import Condition, NetworkPrior, Prediction
from potstill.diffusion.schedule import Schedule
from potstill.diffusion.wrappers import Wrapper
from potstill.errors import InputError
from potstill.fields import Checked, check_count
from potstill.tensors import Latent, Times

VIEW_ENTRIES = frozenset(
    {"world_to_camera", "intrinsics", "size", "azimuth", "elevation", "index", "background", "offset"}
)
"""What the view of a 3-D scene may hold."""


class ViewReading(Checked, abc.ABC):
    """How the entries of a view become those that a network takes."""

    def widen(self, condition: Condition) -> Condition:
        """A condition of the network, in the form that this reading takes for a prompt; by default the same."""
        return condition

    @abc.abstractmethod
    def __call__(self, condition: Condition, prompts: Collection[str]) -> Condition:
        """The network's condition.

        Args:
            condition: of one call, with the view's entries.
            prompts: the entries that hold the prompt.

        Raises:
            InputError: the view lacks an entry, or the prompt has another form.
        """


@dataclass(frozen=True)
class PassEntries(ViewReading):
    """Some entries of the view as they are, for an exact world whose score takes the camera; none for one without.

    Raises:
        InputError: a view has no entry of that name.
    """

    entries: tuple[str, ...] = ("world_to_camera", "intrinsics")

    def __post_init__(self) -> None:
        """Check the names."""
        super().__post_init__()
        if unknown := sorted({*self.entries} - VIEW_ENTRIES):
            known = ", ".join(sorted(VIEW_ENTRIES))
            raise InputError(f"entries {', '.join(unknown)} are not of a view: choose from {known}")

    def __call__(self, condition: Condition, prompts: Collection[str]) -> Condition:
        """The prompt and those entries."""
        return {**without_view(condition), **{name: entry(condition, name) for name in self.entries}}


@dataclass(frozen=True)
class CameraEmbedding(ViewReading):
    """Waves of azimuth and elevation, as `class_labels` of a network that takes numbers there (diffusers'
    `class_embed_type="projection"`):

        sin(k azimuth), cos(k azimuth), sin(k elevation), cos(k elevation),   k = 1, ..., orders

    Nothing is lost to words, and the circle closes. The unconditional prediction has the same camera. All zeros, which
    no camera has, stand for an unknown one.

    Raises:
        InputError: orders are not from 1 to 64.
    """

    orders: int = 4

    def __post_init__(self) -> None:
        """Check the number."""
        super().__post_init__()
        check_count("orders", self.orders, 64, usual="4")

    def __call__(self, condition: Condition, prompts: Collection[str]) -> Condition:
        """The prompt and `class_labels` [b, 4 orders]."""
        return {**without_view(condition), "class_labels": self.embed(*angles(condition))}

    def embed(self, azimuth: Float[Tensor, " b"], elevation: Float[Tensor, " b"]) -> Float[Tensor, "b n"]:
        """The waves of angles in degrees, [b, 4 orders]."""
        order = torch.arange(1, self.orders + 1).to(azimuth)
        waves = [each[:, None].deg2rad() * order for each in (azimuth, elevation)]
        return torch.cat([part for wave in waves for part in (wave.sin(), wave.cos())], 1)


@dataclass(frozen=True)
class ByView(Wrapper):
    """A prior that takes a view with each condition: the reading turns it into what the network takes.

    It stays next to the network, inside of guidance, so that each branch is read under its view: the conditional, the
    unconditional and the negative one, that of the source, and those of an inversion. Prompts that depend on the view
    come from `ViewPrompts.encode`.
    """

    reading: ViewReading

    of_network: ClassVar[bool] = True

    @property
    def unconditional(self) -> Condition:
        """The wrapped prior's, in the form of the reading."""
        return self.reading.widen(self.prior.unconditional)

    @property
    def negative_condition(self) -> Condition:
        """The wrapped prior's, in the form of the reading."""
        return self.reading.widen(self.prior.negative_condition)

    @property
    def call_key(self) -> Hashable:
        """Equal for one network read in the same way."""
        return self.prior.call_key, self.reading

    def check(self, x0: Latent, condition: Condition) -> None:
        """The wrapped prior's."""
        self.prior.check(x0, self.reading(condition, self.prior.unconditional))

    def trainable(self, rank: int, rng: Generator) -> NetworkPrior:
        """The wrapped prior's, read in the same way."""
        return NetworkByView(self.prior.trainable(rank, rng), self.reading)

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The wrapped prior's prediction under the view."""
        return self.prior(x_t, t, self.reading(condition, self.prior.unconditional))


@dataclass(frozen=True, eq=False)
class NetworkByView(NetworkPrior):
    """`ByView` for a network in training."""

    prior: NetworkPrior
    reading: ViewReading

    @property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """The network's."""
        return self.prior.schedule

    @property
    def unconditional(self) -> Condition:
        """The network's, in the form of the reading."""
        return self.reading.widen(self.prior.unconditional)

    @property
    def trainable_weights(self) -> Sequence[Tensor]:
        """The network's."""
        return self.prior.trainable_weights

    def loss(self, x0: Latent, noise: Latent, t: Times, condition: Condition) -> Float[Tensor, ""]:
        """The network's, under the view."""
        return self.prior.loss(x0, noise, t, self.reading(condition, self.prior.unconditional))

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The network's prediction under the view."""
        return self.prior(x_t, t, self.reading(condition, self.prior.unconditional))


def without_view(condition: Condition) -> Condition:
    """The condition without the entries of a view."""
    return {name: value for name, value in condition.items() if name not in VIEW_ENTRIES}


def entry(condition: Condition, name: str) -> Tensor:
    """An entry of the view.

    Raises:
        InputError: the condition does not hold it.
    """
    if name not in condition:
        raise InputError(
            f"the condition has no {name}, which this prior takes: use a scene that draws cameras, such as Gaussians"
        )
    return condition[name]


def angles(condition: Condition) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """Azimuth and elevation of each view, in degrees.

    Raises:
        InputError: the condition does not hold them.
    """
    return entry(condition, "azimuth"), entry(condition, "elevation")
