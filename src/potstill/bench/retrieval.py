"""Which drawing an image shows: the nearest by shape and colour.

The distance is Euclidean between features of the image blurred by a pixel: histograms of oriented gradients (8x8
cells, normalised over the whole image: normalised per cell, the noise of a flat background would count as much as
the drawing), and colour histograms of the four quarters (4 bins per channel), each scaled to unit length.
"""

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from skimage.feature import hog

from potstill.bench.emoji_pairs import Pair, drawings, on_background
from potstill.io.images import levels
from potstill.tensors import Images


def features(images: Images) -> Float[np.ndarray, "b features"]:
    """The features of each image: shape, then colour."""
    rows = []
    for image in blur(images, 1.0).permute(0, 2, 3, 1).numpy():
        shape = hog(image, pixels_per_cell=(8, 8), cells_per_block=(8, 8), channel_axis=-1)
        quarters = image.reshape(2, 32, 2, 32, 3).transpose(0, 2, 1, 3, 4).reshape(4, -1, 3)
        colours = [np.histogramdd(quarter, 4, [(0, 1)] * 3)[0].ravel() ** 0.5 for quarter in quarters]
        rows.append(np.concatenate([_unit(shape), _unit(np.concatenate(colours))]))
    return np.stack(rows)


def blur(images: Images, width: float) -> Images:
    """A Gaussian blur with a standard deviation of `width` pixels."""
    line = torch.exp(-0.5 * (torch.arange(-4.0, 5.0) / width) ** 2)
    kernel = (line[:, None] * line / line.sum() ** 2).expand(3, 1, 9, 9)
    return F.conv2d(F.pad(images, (4, 4, 4, 4), mode="replicate"), kernel, groups=3).clamp(0, 1)


def is_nearest(out: Images, pair: Pair) -> bool:
    """Whether the answer is nearer to `out` than every other drawing on the backgrounds of source and answer."""
    assert pair.answer is not None
    (mine, answer) = features(torch.cat([out, pair.answer]))
    others = np.concatenate([_candidates(colour) for colour in {_corner(pair.source), _corner(pair.answer)}])
    return bool(np.square(others - mine).sum(1).min() >= np.square(answer - mine).sum() - 1e-9)


@cache
def _candidates(colour: str) -> Float[np.ndarray, "n features"]:
    """All drawings on a background."""
    return features(on_background(drawings(), colour))


def _corner(image: Images) -> str:
    """The flat colour behind a drawing."""
    return "#" + bytes(levels(image)[0, :, 0, 0].tolist()).hex()


def _unit(vector: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
