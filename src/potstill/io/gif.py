"""Animated GIFs."""

import io
from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from potstill.io.images import to_pil
from potstill.tensors import Images

SMALLEST = 256
"""Minimum pixels along the shorter side of an animation; smaller images are enlarged without smoothing."""


def encode_gif(frames: Sequence[Image.Image], seconds: float = 0.06, rest: float = 2.0, **options: Any) -> bytes:
    """Quantised frames as a looping GIF; each is shown for `seconds`, the last for `rest`."""
    durations = [round(1000 * seconds)] * (len(frames) - 1) + [round(1000 * rest)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, **options)
    return buffer.getvalue()


def gif_bytes(frames: Sequence[Images], rest: float = 2.0) -> bytes:
    """The frames, each a batch of images [b, 3, h, w] shown side by side, as a GIF; the last is shown for `rest`."""
    pictures = [to_pil(row(enlarged(frame)))[0] for frame in frames]
    palette = pictures[-1].quantize(255)
    drawn = [palette if picture is pictures[-1] else picture.quantize(255) for picture in pictures]
    return encode_gif(drawn, rest=rest)


def row(images: Images) -> Float[Tensor, "1 3 h width"]:
    """A batch side by side as one wide image."""
    b, c, h, w = images.shape
    return images.permute(1, 2, 0, 3).reshape(1, c, h, b * w)


def enlarged(images: Images) -> Float[Tensor, "b 3 height width"]:
    """Images enlarged by a whole factor to at least `SMALLEST` pixels per side, without smoothing."""
    factor = max(1, SMALLEST // min(images.shape[-2:]))
    return F.interpolate(images, scale_factor=factor, mode="nearest") if factor > 1 else images
