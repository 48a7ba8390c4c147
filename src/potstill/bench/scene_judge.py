"""The judges of 3-D scenes, from 24 cameras: how near an edit is to its true answer, and what a scene looks like.

All views count together. Which caption and which azimuth a scene has is found by the nearest true pictures, with the
features of `potstill.bench.retrieval`.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from potstill.bench.editing import Preview
from potstill.bench.emoji_pairs import Pair
from potstill.bench.reference_based import ByError, Judge, Scores, rms, scores
from potstill.bench.retrieval import features
from potstill.bench.scene_pictures import AZIMUTHS, ELEVATIONS, data_hash, truth, unstrip
from potstill.bench.scene_starts import Material
from potstill.tensors import Images

NEAR = 22.5
"""Degrees between azimuths that count as the same; the cameras of the lower ring are as far apart."""
NEAREST = 5
SOME = tuple(range(0, len(AZIMUTHS), 4))
"""The views by which captions are told apart."""
SHOWN = (0, 4, 8, 12)
"""The views in figures: front, left, back, right."""


@dataclass(frozen=True)
class SceneJudge(ByError):
    """Compares the edit of a scene with its true answer: `scores` over all views, and

    - `changed`: root mean square of result - source scene where nothing must change, that is, of what the edit spoilt;
      `outside` has the error of the fitted source scene as well.
    - `azimuth`: the share of views for which the true view with the same azimuth within 22.5 degrees is the nearest
      among those of their elevation, if the toy has a front.
    - `retrieved`: 1 if the answer is the nearest of all captions of the benchmark.
    """

    material: Material = "gaussians"

    @property
    def identity(self) -> dict[str, str]:
        """The version of these scores, the true pictures and source scenes, and what scenes are made of."""
        return {"scenes": "1", "truth": data_hash(), "material": self.material}

    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores of a strip of views."""
        assert pair.answer is not None
        assert pair.edit_region is not None
        found = scores(*(unstrip(each) for each in (out, pair.source, pair.answer, pair.edit_region)))
        return {**found, "azimuth": azimuth(out, pair.target_prompt), "retrieved": float(rank(out, pair) == 1)}

    def of_preview(self, preview: Preview, index: int, pair: Pair) -> Scores:
        """All scores."""
        out = preview.images[[index]]
        assert pair.edit_region is not None
        before = out if preview.before is None else preview.before[[index]]
        kept = (pair.edit_region < 0.5).expand_as(out)
        spoilt = None if preview.before is None else rms((out - before).square(), kept)
        return {**self(out, pair), "changed": spoilt}

    def shown(self, images: Float[Tensor, "1 3 h all"]) -> Images:
        """Four views."""
        return four(images)


@dataclass(frozen=True)
class PromptJudge(Judge):
    """Says what a generated scene looks like.

    - `rank`: the place of its caption among all captions of the benchmark, the nearest first.
    - `in_five`: 1 if it is one of the nearest five.
    - `azimuth`: as of `SceneJudge`.
    """

    material: Material = "gaussians"

    @property
    def order(self) -> str:
        """The rank of the caption."""
        return "rank"

    @property
    def headline(self) -> tuple[str, str]:
        """The rank and the azimuth."""
        return "rank", "in_five"

    @property
    def identity(self) -> dict[str, str]:
        """As that of `SceneJudge`."""
        return SceneJudge(self.material).identity

    def __call__(self, out: Images, pair: Pair) -> Scores:
        """The scores of a strip of views."""
        place = rank(out, pair)
        return {"rank": float(place), "in_five": float(place <= NEAREST), "azimuth": azimuth(out, pair.target_prompt)}

    def shown(self, images: Float[Tensor, "1 3 h all"]) -> Images:
        """Four views."""
        return four(images)


def rank(out: Images, pair: Pair) -> int:
    """The place of the pair's answer among all captions, by the distance of the features of some views."""
    captions = [*truth().looks]
    mine = features(unstrip(out)[list(SOME)]).ravel()
    distance = np.square(_everything() - mine).sum(1)
    return 1 + int((distance < distance[captions.index(pair.target_prompt)] - 1e-9).sum())


def azimuth(out: Images, caption: str) -> float | None:
    """The share of views that are nearest to a true view from their side; None if the sides look alike."""
    if caption not in truth().told:
        return None
    distance = np.square(features(unstrip(out))[:, None] - _views(caption)).sum(2)
    heights, sides = np.array(ELEVATIONS), np.array(AZIMUTHS)
    distance[heights[:, None] != heights] = np.inf
    turned = np.abs((sides[distance.argmin(1)] - sides + 180) % 360 - 180)
    return float((turned <= NEAR).mean())


def four(strip: Float[Tensor, "1 3 h all"]) -> Float[Tensor, "1 3 h four"]:
    """The views in figures."""
    return torch.cat([unstrip(strip)[view] for view in SHOWN], 2)[None]


@cache
def _everything() -> Float[np.ndarray, "captions features"]:
    """The features of some views of every caption; takes seconds, once."""
    rows = [features(truth().pictures(caption, SOME)).ravel().astype(np.float32) for caption in truth().looks]
    return np.stack(rows)


@cache
def _views(caption: str) -> Float[np.ndarray, "views features"]:
    return features(truth().pictures(caption))
