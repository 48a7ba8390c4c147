"""Measures of a 3-D scene against the toys it should be one of, over all cameras at once."""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from potstill.tensors import Images
from potstill.worlds.toys.bank import ToyBank, ToyClass

DARKEST = 0.3
"""The least light that a colour is recognised in."""
FAINTEST = 0.1
"""The least part of a toy's face that is called a face: where two colours meet, pixels may look like a third."""


@dataclass(frozen=True)
class ToyMetrics:
    """How near the pictures of a scene are to those of a toy. The toy is the nearest of its class over all views."""

    psnr: float
    """Of all views at once, in dB: -10 log10 of the mean square difference from the toy, pictures in [0, 1]."""
    agreement: float
    """The share of views whose own nearest toy is that toy."""
    relative_error: float | None
    """|result - answer| / |source - answer| over all views, where the answer is the source's variant in the target's
    class: 0 is a perfect edit, 1 no edit at all. None without a source."""
    janus: float | None
    """How much of the front is seen from behind, in units of what is seen of it in front: 0 where one side has a face,
    1 where all sides have one (see `janus`). None where no colour of the toy is only in front, and where no face is
    left."""


def measure_toy(
    bank: ToyBank,
    pictures: Images,
    target: Bool[Tensor, " classes"],
    source: tuple[Images, Images] | None = None,
) -> ToyMetrics:
    """The metrics of pictures of a scene from all cameras of the bank, in [0, 1].

    Args:
        bank: the toys.
        pictures: of the scene.
        target: the classes it may be of.
        source: pictures of the scene before its edit, and those that a perfect edit has.
    """
    number, gaps = nearest(bank, pictures, target)
    kind = bank.classes[int(target.nonzero()[number // bank.variants, 0])]
    answer = toys(bank, target)[number]
    relative = None
    if source is not None:
        before, after = (each.to(pictures) for each in source)
        relative = float((pictures - after).norm() / (before - after).norm())
    return ToyMetrics(
        psnr=-10 * math.log10(max(float(gaps[number].mean()), 1e-12)),
        agreement=float((gaps.argmin(0) == number).double().mean()),
        relative_error=relative,
        janus=None if kind.front is None else janus(bank, kind, pictures, answer),
    )


def toys(bank: ToyBank, target: Bool[Tensor, " classes"]) -> Float[Tensor, "toys cameras 3 h w"]:
    """All variants of these classes from all cameras, in [0, 1]."""
    named = [toy for toy, chosen in zip(bank.classes, target.tolist(), strict=True) if chosen]
    some = replace(bank, kinds=tuple(dict.fromkeys(toy.kind for toy in named)))  # the others need not be coloured
    rows = [some.classes.index(toy) for toy in named]
    seen = [some.pictures(camera)[rows].flatten(0, 1) for camera in range(len(bank.cameras))]
    return torch.stack(seen, 1).double() / 255


def nearest_toy(bank: ToyBank, pictures: Images, target: Bool[Tensor, " classes"]) -> Images:
    """The toy of these classes that is nearest over all views, from all cameras."""
    return toys(bank, target)[nearest(bank, pictures, target)[0]]


def nearest(
    bank: ToyBank, pictures: Images, target: Bool[Tensor, " classes"]
) -> tuple[int, Float[Tensor, "toys cameras"]]:
    """The number of the nearest toy over all views, and the mean square difference of each toy in each view."""
    gaps = (toys(bank, target) - pictures.double()).square().flatten(2).mean(2)
    return int(gaps.mean(1).argmin()), gaps


def janus(bank: ToyBank, toy: ToyClass, pictures: Images, answer: Images) -> float | None:
    """How much of the front is seen from behind.

    With a the share of each pixel of the result that is the front's colour, and b that of the answer,

        mean over the rear views of sum max(0, min(a, w) - b')  /  mean over the front views of sum min(a, w),

    where w is the most of b at this place and height over all azimuths and their mirror images: a second face is a
    turned copy of the first, so what has this colour elsewhere is no face. b' is the most of b within a pixel, so that
    an edge that is a pixel off is no face either. Both halves hold the views from the sides.

    Args:
        bank: the toys.
        toy: what the result should be; it has a front.
        pictures: of the result, from all cameras.
        answer: of that toy.

    Returns:
        The number, or None where the front shows less than `FAINTEST` of the toy's own.
    """
    shares, own = (front_shares(bank, toy, each) for each in (pictures, answer.to(pictures)))
    height = bank.cameras.elevation.round(decimals=3)
    widest = torch.stack([own[height == each].amax(0) for each in height])
    turn = bank.cameras.azimuth.abs().round(decimals=3)
    front, behind = turn <= 90, turn >= 90
    if shares[front].mean() < FAINTEST * own[front].mean():
        return None
    shares = shares.minimum(widest.maximum(widest.flip(2)))
    near = F.max_pool2d(own[:, None], 3, 1, 1)[:, 0]
    return float((shares - near).clamp(min=0)[behind].mean() / shares[front].mean().clamp(min=1e-12))


def front_shares(bank: ToyBank, toy: ToyClass, pictures: Images) -> Float[Tensor, "v h w"]:
    """The share of each pixel, from 0 to 1, that is in the toy's front colour.

    A pixel p is taken for the nearest of the mixtures of two of the toy's colours, the background among them, in tenths
    and in any light: c = light · ((1 - s) c_i + s c_j), light = p · c / |c|² from `DARKEST` to 1.
    """
    palette = bank.palette(toy)
    tenths = torch.arange(11).to(pictures) / 10
    pairs = torch.combinations(torch.arange(len(palette))).to(pictures.device)
    parts = torch.eye(len(palette)).to(pictures)[pairs]
    parts = (parts[:, :1] * (1 - tenths)[:, None] + parts[:, 1:] * tenths[:, None]).flatten(0, 1)
    mixtures = parts @ torch.tensor([*palette.values()]).to(pictures)
    sizes, share = mixtures.square().sum(1), parts[:, [*palette].index(str(toy.front))]
    found = []
    for pixels in pictures.movedim(1, -1):  # one by one, for each is compared with some two hundred mixtures
        along = pixels @ mixtures.T
        light = (along / sizes).clamp(DARKEST, 1)
        found.append(share[(light * (light * sizes - 2 * along)).argmin(-1)])
    return torch.stack(found)
