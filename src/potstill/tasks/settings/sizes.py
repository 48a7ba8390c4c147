"""Notes on sizes: how a picture was brought to the model's size, and sizes far from those of the training."""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from potstill.errors import InputError, Note
from potstill.io.decode import Picture, display_name, size_text
from potstill.io.resize import Fit
from potstill.priors.loading import BUNDLED
from potstill.priors.pipeline import Pipeline

FAR = 2.0
"""The factor between the pixels of an image and of those in training above which a warning is due."""
LARGEST = 1_000
"""Maximum factor between the pixels of all images of a run and of one in training."""


def note_size(picture: Picture, batch: Sequence[Shaped[np.ndarray, "h w c"]], resize: Fit, prior: Pipeline) -> None:
    """Say in one line what was done to a picture, and for whom; nothing if its pixels were used as they are."""
    height, width, channels = batch[0].shape
    if resize.background != "white" and channels not in (2, 4) and resize.mode != "pad":
        text = f"background = {resize.background} changes nothing: no pixel is transparent, and nothing is padded"
        warnings.warn(text, stacklevel=4)
    seen = [f"transparent pixels made {resize.background}"] if channels in (2, 4) else []
    done = [part for part in (resize.describe(height, width), *seen) if part]
    if not done or isinstance(picture, np.ndarray | Tensor):  # the caller knows the shape of an array
        return
    text = f"{display_name(picture)}: {size_text(height, width)}, {', '.join(done)}"
    if (height, width) != prior.size:
        if (name := prior.identity.get("name")) in BUNDLED:
            text += f"; {name} draws 64x64 {name} and nothing else: choose another model for photos"
        elif resize.shape(height, width) == prior.size:
            text += ", which the model was trained on"
    warnings.warn(text, Note, stacklevel=4)


def check_size(height: int, width: int, prior: Pipeline, count: int = 1) -> None:
    """Warn of a size far from what the model was trained on, and say how much longer a step takes.

    Raises:
        InputError: the images of a run have more than 1,000 times the pixels of those in training.
    """
    own = prior.size
    ratio = height * width / (own[0] * own[1])
    if count * ratio > LARGEST:
        images = "an image" if count == 1 else f"{count:,} images"
        fix = "choose a smaller size" if count == 1 else "ask for fewer at once, with other seeds"
        raise InputError(
            f"{images} of {size_text(height, width)} would take {count * ratio:,.0f} times the memory and work of one "
            f"of {size_text(*own)}, which the model was trained on; at most {LARGEST:,} times is allowed: {fix}"
        )
    if 1 / FAR <= ratio <= FAR:
        return
    large = f"a step is about {ratio:,.3g} times the work and takes longer by about as much, and parts may repeat"
    small = "images this small come out worse"
    warnings.warn(
        f"size = {size_text(height, width)} is far from {size_text(*own)}, which the model was trained on: "
        f"{large if ratio > 1 else small}",
        stacklevel=4,
    )
