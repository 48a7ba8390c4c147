"""Images that change, as an animated GIF."""

import io
from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from potstill.io.images import to_pil
from potstill.tensors import Images

SMALLEST = 256
"""Pixels along the shorter side of an animation; smaller images are enlarged, pixel by pixel."""


def gif_bytes(frames: Sequence[Images], seconds: float = 0.06, rest: float = 2.0) -> bytes:
    """The frames, each a row of images [b, 3, h, w], as a GIF that rests at the end."""
    pictures = [to_pil(row(enlarged(frame)))[0] for frame in frames]
    palette = pictures[-1].quantize(255)
    colours = [palette if picture is pictures[-1] else picture.quantize(255) for picture in pictures]
    buffer = io.BytesIO()
    durations = [round(1000 * seconds)] * (len(colours) - 1) + [round(1000 * rest)]
    colours[0].save(buffer, "GIF", save_all=True, append_images=colours[1:], duration=durations, loop=0)
    return buffer.getvalue()


def row(images: Images) -> Float[Tensor, "1 3 h width"]:
    """Images side by side, one wide image."""
    b, c, h, w = images.shape
    return images.permute(1, 2, 0, 3).reshape(1, c, h, b * w)


def enlarged(images: Images) -> Float[Tensor, "b 3 height width"]:
    """Images of at least `SMALLEST` pixels a side, every pixel a square."""
    factor = max(1, SMALLEST // min(images.shape[-2:]))
    return F.interpolate(images, scale_factor=factor, mode="nearest") if factor > 1 else images
