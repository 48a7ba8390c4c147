"""What a judge of edits is, and the one who knows the answers: how near an edit comes to its true answer.

PSNR alone favours a blur, so outlines have a score of their own. All pictures are in [0, 1].
"""

import abc
import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float
from skimage.metrics import structural_similarity
from torch import Tensor

from potstill.bench.emoji_pairs import Pair
from potstill.bench.retrieval import retrieved
from potstill.tensors import Images

Scores: TypeAlias = dict[str, float | None]
"""None where a pair has no such score."""


@dataclass(frozen=True)
class Judge(abc.ABC):
    """Scores the result of an edit."""

    @property
    @abc.abstractmethod
    def order(self) -> str | None:
        """The score that ranks, the smallest first; None if no score alone can."""

    @property
    @abc.abstractmethod
    def headline(self) -> tuple[str, ...]:
        """One or two scores that figures show."""

    @property
    def identity(self) -> dict[str, str]:
        """What its scores rest on beside the pictures."""
        return {}

    @abc.abstractmethod
    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores of one picture, the same names for every pair."""


@dataclass(frozen=True)
class Truth(Judge):
    """Holds a picture against its true answer: `scores`, and of emoji `retrieved` (1 or 0): is the answer nearest?"""

    @property
    def order(self) -> str:
        """The relative error."""
        return "error"

    @property
    def headline(self) -> tuple[str, str]:
        """Relative error and PSNR."""
        return "error", "psnr"

    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores, and retrieval."""
        assert pair.answer is not None
        assert pair.must_change is not None
        found = scores(out, pair.source, pair.answer, pair.must_change)
        return {**found, "retrieved": float(retrieved(out, pair)) if pair.split else None}


def scores(out: Images, source: Images, answer: Images, changes: Float[Tensor, "1 1 h w"]) -> Scores:
    """The scores of one picture.

    - `error`: |out - answer| / |source - answer|: 0 is the answer, 1 is doing nothing, above 1 is damage.
    - `psnr`: of the mean squared error, in dB; at most 100.
    - `ssim`: structural similarity (Wang et al. 2004), windows of 7 pixels, mean over channels.
    - `inside`, `outside`: root mean square errors where the picture must change, and where it must not.
    - `outlines`: |∇out - ∇answer| / |∇answer|, with differences between neighbouring pixels: a flat blur has 1.
    """
    wrong = (out - answer).square()
    inside = changes.expand_as(wrong) > 0.5
    return {
        "error": float((wrong.sum() / (source - answer).square().sum().clamp(min=1e-12)).sqrt()),
        "psnr": decibels(float(wrong.mean())),
        "ssim": np.asarray(structural_similarity(array(out), array(answer), channel_axis=-1, data_range=1.0)).item(),
        "inside": _rms(wrong, inside),
        "outside": _rms(wrong, ~inside),
        "outlines": float((slopes(out) - slopes(answer)).norm() / slopes(answer).norm().clamp(min=1e-6)),
    }


def slopes(images: Images) -> Float[Tensor, " n"]:
    """Differences between neighbours to the right and below."""
    return torch.cat([images.diff(dim=-1).flatten(), images.diff(dim=-2).flatten()])


def _rms(squares: Tensor, where: Bool[Tensor, "b c h w"]) -> float:
    return float(squares[where].mean().sqrt()) if where.any() else 0.0


def decibels(error: float) -> float:
    """PSNR of a mean squared error, at most 100."""
    return -10 * math.log10(max(error, 1e-10))


def array(images: Images) -> Float[np.ndarray, "h w 3"]:
    """The first picture, as scikit-image takes it."""
    return images[0].permute(1, 2, 0).numpy()
