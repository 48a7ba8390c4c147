"""How a 3-D scene is looked at while it is optimised: the cameras of a step, the background and the codec."""

import abc
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.diffusion.codec import Codec, PixelUnshuffle
from potstill.fields import Checked, check_count, check_number
from potstill.scenes.camera_rules import MOST_VIEWS, CameraRule, Orbit
from potstill.scenes.cameras import Cameras
from potstill.scenes.scene import Scene, View
from potstill.tensors import Grid, Images


@dataclass(frozen=True)
class Background(Checked, abc.ABC):
    """The colour behind the object."""

    @abc.abstractmethod
    def __call__(self, count: int, rng: Generator) -> Float[Tensor, "v 3"]:
        """A colour in [0, 1] for each view."""


@dataclass(frozen=True)
class SolidColour(Background):
    """One colour in every view, white by default. A white object on white may dissolve: see `RandomColour`.

    Raises:
        InputError: a share is not in [0, 1].
    """

    red: float = 1.0
    green: float = 1.0
    blue: float = 1.0

    def __post_init__(self) -> None:
        """Check the shares."""
        super().__post_init__()
        for name in ("red", "green", "blue"):
            check_number(name, getattr(self, name), 0.0, 1.0)

    def __call__(self, count: int, rng: Generator) -> Float[Tensor, "v 3"]:
        """The same for all."""
        return torch.tensor([self.red, self.green, self.blue]).repeat(count, 1)


@dataclass(frozen=True)
class RandomColour(Background):
    """Another colour in each view, uniform in RGB, so that no hole of the object hides in its background."""

    def __call__(self, count: int, rng: Generator) -> Float[Tensor, "v 3"]:
        """A draw for each."""
        return torch.rand(count, 3, generator=rng)


@dataclass(frozen=True)
class Viewing(Checked):
    """The views of a step: `views` cameras drawn by a rule, a background for each, and the codec of the model.

    Raises:
        InputError: views are not from 1 to 1,024.
    """

    cameras: CameraRule = Orbit()
    views: int = 2
    """Cameras in a step. All are one batch and one network call."""
    background: Background = SolidColour()
    codec: Codec = PixelUnshuffle()
    """From pictures in [0, 1] to what the model denoises."""

    def __post_init__(self) -> None:
        """Check the number of views."""
        super().__post_init__()
        check_count("views", self.views, MOST_VIEWS, usual="2")

    def __call__(self, rng: Generator) -> View:
        """Draw the view of a step: the entries of `Cameras.view`, and `background` [v, 3]."""
        cameras = self.cameras(self.views, rng)
        return {**cameras.view(), "background": self.background(self.views, rng)}


class Solid(Scene, abc.ABC):
    """A 3-D scene: an object around the origin before a background, seen by several cameras at once.

    A subclass renders colour and opacity; the rest is here. The render of a step is the codec's encoding of

        picture = colour + (1 - opacity) background.
    """

    costly = True

    def __init__(self, viewing: Viewing) -> None:
        """To be looked at like this."""
        super().__init__()
        self.viewing = viewing

    @abc.abstractmethod
    def shade(self, view: View) -> tuple[Float[Tensor, "v 3 h w"], Float[Tensor, "v 1 h w"]]:
        """The object on black, and its opacity in [0, 1], for each camera of the view."""

    @abc.abstractmethod
    def parameter_groups(self) -> list[dict]:
        """The parameters for an optimiser, each group with its learning rate and `name`."""

    def view(self, rng: Generator) -> View:
        """Draw the cameras and backgrounds of a step, on the device and in the dtype of the scene."""
        like = next(self.parameters())
        view = self.viewing(rng)
        return {name: value.to(like) if value.is_floating_point() else value for name, value in view.items()}

    @abc.abstractmethod
    def mass(self) -> tuple[Float[Tensor, "n 3"], Float[Tensor, " n"]]:
        """Places in the world, and how much of the object is there."""

    def render(self, view: View) -> Images:
        """The pictures of the view; colours beyond [0, 1] stay as they are."""
        return before_background(*self.shade(view), view)

    def encoded(self, colour: Float[Tensor, "v 3 h w"], opacity: Float[Tensor, "v 1 h w"], view: View) -> Grid:
        """The encoding of what `shade` gave, before the background."""
        return self.viewing.codec.encode(before_background(colour, opacity, view))

    def forward(self, view: View) -> Grid:
        """The encoding of the pictures."""
        return self.encoded(*self.shade(view), view)

    @torch.no_grad()
    def pictures(self, cameras: Cameras, background: Background | None = None) -> Images:
        """What cameras see, clamped to [0, 1], before a background, by default that of the viewing; to look at."""
        like = next(self.parameters())
        colour = (background or self.viewing.background)(len(cameras), Generator().manual_seed(0))
        view = {**cameras.to(like.dtype).to(like.device).view(), "background": colour.to(like)}
        return self.render(view).clamp(0, 1)


def before_background(colour: Float[Tensor, "v 3 h w"], opacity: Float[Tensor, "v 1 h w"], view: View) -> Images:
    """colour + (1 - opacity) background."""
    return colour + (1 - opacity) * view["background"].to(colour)[:, :, None, None]
