"""What is said of sizes: how a picture was brought to the model's size, and sizes far from what it was trained on."""

import warnings
from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from potstill.errors import Note
from potstill.io.decode import Picture, display_name, size_text
from potstill.io.resize import Fit
from potstill.priors.pipeline import Pipeline

FAR = 2.0
"""The factor between the pixels of an image and of those in training above which a warning is due."""


def note_size(picture: Picture, batch: Sequence[Shaped[np.ndarray, "h w c"]], resize: Fit, prior: Pipeline) -> None:
    """Say in one line what was done to a picture, and for whom; nothing if its pixels were used as they are."""
    height, width, channels = batch[0].shape
    seen = [f"transparent pixels made {resize.background}"] if channels in (2, 4) else []
    done = [part for part in (resize.describe(height, width), *seen) if part]
    if not done or isinstance(picture, np.ndarray | Tensor):  # whoever has numbers can see their shape
        return
    text = f"{display_name(picture)}: {size_text(height, width)}, {', '.join(done)}"
    if (height, width) != prior.size:
        if prior.identity.get("name") == "emoji":
            text += "; emoji draws 64x64 emoji and nothing else: choose another model for photos"
        elif resize.shape(height, width) == prior.size:
            text += ", which the model was trained on"
    warnings.warn(text, Note, stacklevel=4)


def warn_of_size(height: int, width: int, prior: Pipeline) -> None:
    """Warn of a size far from what the model was trained on, and say how much longer a step takes."""
    own = prior.size
    ratio = height * width / (own[0] * own[1])
    if 1 / FAR <= ratio <= FAR:
        return
    large = f"a step is about {ratio:,.3g} times the work and takes longer by about as much, and parts may repeat"
    small = "images this small come out worse"
    warnings.warn(
        f"size = {size_text(height, width)} is far from {size_text(*own)}, which the model was trained on: "
        f"{large if ratio > 1 else small}",
        stacklevel=4,
    )
