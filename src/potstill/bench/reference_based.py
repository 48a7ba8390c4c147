"""The interface of judges, and the judge that compares an edit with its true answer.

PSNR alone favours a blur, so outlines have a score of their own. All images are in [0, 1].
"""

import abc
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Bool, Float
from skimage.metrics import structural_similarity
from torch import Tensor

from potstill.bench.editing import Preview
from potstill.bench.emoji_pairs import Pair
from potstill.bench.retrieval import is_nearest
from potstill.io.images import psnr
from potstill.tensors import Images

Scores: TypeAlias = dict[str, float | None]
"""None if a score is not defined for a pair."""


@dataclass(frozen=True)
class Judge(abc.ABC):
    """Scores the result of an edit."""

    @property
    @abc.abstractmethod
    def order(self) -> str | None:
        """The score that ranks, smallest first; None if no single score can."""

    @property
    @abc.abstractmethod
    def headline(self) -> tuple[str, ...]:
        """One or two scores shown in figures."""

    @property
    def identity(self) -> dict[str, str]:
        """What the scores depend on besides the images."""
        return {}

    @abc.abstractmethod
    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores of one image, with the same names for every pair."""

    def of_preview(self, preview: Preview, index: int, pair: Pair) -> Scores:
        """The scores of one result; by default those of its image."""
        return self(preview.images[[index]], pair)

    def shown(self, images: Images) -> Images:
        """What figures show of images; by default all of them."""
        return images


@dataclass(frozen=True)
class ByError(Judge, abc.ABC):
    """Ranks by the relative error to the true answer, and shows it with the PSNR."""

    @property
    def order(self) -> str:
        """Relative error."""
        return "error"

    @property
    def headline(self) -> tuple[str, str]:
        """Relative error and PSNR."""
        return "error", "psnr"


@dataclass(frozen=True)
class ReferenceBased(ByError):
    """Compares an edit with its true answer: `scores`, and for emoji `retrieved`, 1 if the nearest drawing is it."""

    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores, and retrieval."""
        assert pair.answer is not None
        assert pair.edit_region is not None
        found = scores(out, pair.source, pair.answer, pair.edit_region)
        return {**found, "retrieved": float(is_nearest(out, pair)) if pair.split else None}


def scores(out: Images, source: Images, answer: Images, changes: Float[Tensor, "b 1 h w"]) -> Scores:
    """The scores of one image, or of several that are judged as one.

    - `error`: |out - answer| / |source - answer|: 0 is the answer, 1 the source unchanged, above 1 is damage.
    - `psnr`: see `potstill.io.images.psnr`.
    - `ssim`: structural similarity (Wang et al. 2004), windows of 7 pixels, averaged over channels.
    - `inside`, `outside`: root mean square errors where the image must change, and elsewhere.
    - `outlines`: |∇out - ∇answer| / |∇answer|, from differences of neighbouring pixels; a flat image has 1.
    """
    wrong = (out - answer).square()
    inside = changes.expand_as(wrong) > 0.5
    edges, true_edges = neighbour_differences(out), neighbour_differences(answer)
    return {
        "error": float((wrong.sum() / (source - answer).square().sum().clamp(min=1e-12)).sqrt()),
        "psnr": psnr(float(wrong.mean())),
        "ssim": _similarity(out, answer),
        "inside": rms(wrong, inside),
        "outside": rms(wrong, ~inside),
        "outlines": float((edges - true_edges).norm() / true_edges.norm().clamp(min=1e-6)),
    }


def neighbour_differences(images: Images) -> Float[Tensor, " n"]:
    """Differences between horizontal, then vertical neighbours."""
    return torch.cat([images.diff(dim=-1).flatten(), images.diff(dim=-2).flatten()])


def _similarity(one: Images, other: Images) -> float:
    found = [
        structural_similarity(array(out), array(answer), channel_axis=-1, data_range=1.0)
        for out, answer in zip(one.split(1), other.split(1), strict=True)
    ]
    return float(np.mean(found))


def rms(squares: Float[Tensor, "b c h w"], where: Bool[Tensor, "b c h w"]) -> float:
    """The root of the mean of squares where they count; 0 if nowhere."""
    return float(squares[where].mean().sqrt()) if where.any() else 0.0


def array(images: Images) -> Float[np.ndarray, "h w 3"]:
    """The first image, in the layout of scikit-image."""
    return images[0].permute(1, 2, 0).numpy()
