"""Measures of a 3-D scene against the toys it should be one of, over all cameras at once."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from potstill.tensors import Images
from potstill.worlds.toys.bank import ToyBank, ToyClass

NEAR = 30.0
"""Azimuths this near to 0 are the front, this near to 180 the back, in degrees."""
DARKEST = 0.3
"""The least light that a colour is recognised in."""


@dataclass(frozen=True)
class ToyMetrics:
    """How near the pictures of a scene are to those of a toy. The toy is the nearest of its class over all views."""

    psnr: float
    """Of all views at once, in dB: -10 log10 of the mean square difference from the toy, pictures in [0, 1]."""
    agreement: float
    """The share of views whose own nearest toy is that toy."""
    relative_error: float | None
    """|result - answer| / |source - answer| over all views, where the answer is the source's variant in the target's
    class: 0 is a perfect edit, 1 is none. None without a source."""
    janus: float | None
    """How much of the front is seen from behind: pixels in the colour that only the front has (the nose of a snowman),
    mean over the views within 30 degrees of the back, over their mean in the toy's own views within 30 degrees of the
    front. A toy has nearly 0, two faces have 1. None where no colour is only in front."""


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


def janus(bank: ToyBank, toy: ToyClass, pictures: Images, answer: Images) -> float:
    """The front as seen from behind, in units of the front as seen in front of the answer (see `ToyMetrics.janus`)."""
    turn = bank.cameras.azimuth.abs().round(decimals=3)
    behind = front_pixels(bank, toy, pictures[turn >= 180 - NEAR]).double().mean()
    before = front_pixels(bank, toy, answer[turn <= NEAR]).double().mean()
    return float(behind / before)


def front_pixels(bank: ToyBank, toy: ToyClass, pictures: Images) -> Int[Tensor, " v"]:
    """How many pixels of each picture look like the toy's front colour: nearer to it, in some light, than to others.

    The light of a pixel p in colour c is p · c / |c|², from `DARKEST` to 1. The background has one light only.
    """
    palette = bank.palette(toy)
    background = torch.tensor(palette.pop("background")).to(pictures)
    inks = torch.tensor([*palette.values()]).to(pictures)
    light = torch.einsum("vchw,pc->vphw", pictures, inks) / inks.square().sum(1)[:, None, None]
    shaded = light.clamp(DARKEST, 1)[:, :, None] * inks[:, :, None, None]
    gaps = (pictures[:, None] - shaded).square().sum(2)
    empty = (pictures - background[:, None, None]).square().sum(1, keepdim=True)
    closest = torch.cat([empty, gaps], 1).argmin(1)
    return (closest == 1 + [*palette].index(str(toy.front))).flatten(1).sum(1)
