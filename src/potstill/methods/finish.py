"""What is done to the pictures of an edit after its last step, with the picture it started from at hand."""

import abc
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.fields import Checked
from potstill.tensors import Images, without_small

Source = Float[Tensor, "#b 3 h w"]
Planes = Float[Tensor, "b planes h w"]


@dataclass(frozen=True)
class Finish(Checked, abc.ABC):
    """A function of the edited pictures and their source, without the network."""

    @abc.abstractmethod
    def __call__(self, images: Images, source: Source) -> Images:
        """The finished pictures.

        Args:
            images: the edited pictures [b, 3, h, w] in [0, 1].
            source: the pictures they come from, one for each or one for all.
        """


@dataclass(frozen=True)
class Untouched(Finish):
    """The pictures as the method leaves them."""

    def __call__(self, images: Images, source: Source) -> Images:
        """The images."""
        return images


@dataclass(frozen=True)
class GuidedFilter(Finish):
    """Where the colours of the source explain the change of a picture, what they explain.

    In every window, the change d = x - x_src is fitted by an affine function of the source's colours, d ≈ A x_src + b:

        A = (cov(x_src) + eps 1)^-1 cov(x_src, d),   b = mean(d) - A mean(x_src)

    and q is the mean of the fits of all windows around a pixel. So a new colour or background gets the outlines of the
    source, without blur or halo. Nothing of the kind explains a thing in another place: where the local mean of
    (q - d)² is well above tolerance², d stays:

        d <- d + exp(-(mean (q - d)² / tolerance²)²) (q - d)

    At last, small changes are undone, by `potstill.tensors.without_small`: there, the picture is the source again, to
    the bit.

    The fit is the guided filter (He, Sun and Tang 2013, Guided Image Filtering, with a colour guide) of the change; the
    two other parts are ours.

    Raises:
        InputError: radius is not in (0, 0.5], tolerance not positive, or still not in [0, 1).
    """

    radius: float = 0.1
    """Half the width of a window, as a share of the shorter side. Residuals are averaged over 1.5 times as much."""
    tolerance: float = 0.07
    """Root mean square, on the scale of [0, 1], of a residual that still counts as noise."""
    still: float = 0.1
    """The smallest change that is kept whole; 0 keeps all."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        super().__post_init__()
        if not 0 < self.radius <= 0.5:
            raise InputError(f"radius = {self.radius} must be above 0 and at most 0.5 of the picture's shorter side")
        if not self.tolerance > 0:
            raise InputError(f"tolerance = {self.tolerance} must be above 0: 0.07 suits drawings")
        if not 0 <= self.still < 1:
            raise InputError(f"still = {self.still} must be at least 0 and below 1")

    def __call__(self, images: Images, source: Source) -> Images:
        """As the class says; in float64, as covariances of flat colours cancel, and so on the CPU: MPS has none."""
        guide = source.cpu().double().expand_as(images)
        change = images.cpu().double() - guide
        side = min(images.shape[-2:])
        explained = fitted(guide, change, max(1, round(self.radius * side)))
        excess = (explained - change).square().mean(1, keepdim=True)
        excess = box_mean(excess, max(1, round(1.5 * self.radius * side))) / self.tolerance**2
        change = change + (-excess.square()).exp() * (explained - change)
        return (guide + without_small(change, self.still)).clamp(0, 1).to(images)


@dataclass(frozen=True)
class TwoScales(Finish):
    """A guided filter with narrow windows, and then one with wide windows on its result.

    Narrow windows follow the picture, but the noise of the edit stays in their fits; wide ones average it out, and
    explain less. So wide windows are trusted only where the narrow ones, which have removed blur and noise, agree with
    them: the tolerance there is small. (Lepski's choice of a window, 1990, asks the same of nested windows.) Small
    changes are undone at the end only.
    """

    narrow: GuidedFilter = GuidedFilter(tolerance=0.09, still=0.0)
    """The first filter."""
    wide: GuidedFilter = GuidedFilter(radius=0.375, tolerance=0.03)
    """The second."""

    def __call__(self, images: Images, source: Source) -> Images:
        """The second filter's result on that of the first."""
        return self.wide(self.narrow(images, source), source)


def box_mean(planes: Planes, radius: int) -> Planes:
    """The mean over the square of (2 radius + 1)² pixels around each; at the border the last pixels repeat."""
    for dim, sides in ((2, (0, 0, radius, radius)), (3, (radius, radius, 0, 0))):
        sums = F.pad(planes, sides, mode="replicate").cumsum(dim)
        sums = torch.cat([torch.zeros_like(sums.narrow(dim, 0, 1)), sums], dim)
        count, width = planes.shape[dim], 2 * radius + 1
        planes = (sums.narrow(dim, width, count) - sums.narrow(dim, 0, count)) / width
    return planes


def fitted(guide: Images, values: Images, radius: int, eps: float = 1e-5) -> Images:
    """The guided filter of `values` by the colours of `guide`: affine fits in windows, averaged over the windows."""
    b, _, h, w = guide.shape
    mean, of_values = box_mean(guide, radius), box_mean(values, radius)

    def covariance(other: Images, of_other: Images) -> Float[Tensor, "b 3 3 h w"]:
        products = (guide[:, :, None] * other[:, None]).flatten(1, 2)
        return box_mean(products, radius).view(b, 3, 3, h, w) - mean[:, :, None] * of_other[:, None]

    last = (0, 3, 4, 1, 2)
    square = covariance(guide, mean).permute(last) + eps * torch.eye(3).to(guide)
    slope = torch.linalg.solve(square, covariance(values, of_values).permute(last)).permute(0, 3, 4, 1, 2)
    offset = of_values - (slope * mean[:, :, None]).sum(1)
    slope = box_mean(slope.flatten(1, 2), radius).view(b, 3, 3, h, w)
    return (slope * guide[:, :, None]).sum(1) + box_mean(offset, radius)


FINISHES = (TwoScales, GuidedFilter, Untouched)
