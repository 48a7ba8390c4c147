"""Bringing images to their working size by cropping, resizing or padding."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageColor
from PIL.Image import Resampling

from potstill.errors import InputError
from potstill.io.decode import PIXELS, SIDE, size_text

Mode = Literal["crop", "resize", "pad"]
Size: TypeAlias = str | int | tuple[int, int]
"""A size as it is stated: "640x480" (width x height), one number for a square, "source" for that of the picture, or
height and width as in the shape of a tensor."""


def read_size(size: Size) -> tuple[int, int] | None:
    """The height and width of a stated size; None for that of the source.

    Raises:
        InputError: it has another form, or a side is below 1 or above 100 million.
    """
    if isinstance(size, str):
        if size.strip().lower() == "source":
            return None
        sides = re.fullmatch(r"\s*(\d{1,12})(?:\s*[x×X]\s*(\d{1,12}))?\s*", size, re.ASCII)
        if sides is None:
            pair = re.fullmatch(r"\W*(\d{1,12})[\s,;*/]+(\d{1,12})\W*", size, re.ASCII)
            such = f"such as {pair[1]}x{pair[2]}" if pair else "such as 640x480, one number for a square, or source"
            raise InputError(f"size = {size[:60]!r} must be WIDTHxHEIGHT in pixels, {such}")
        height, width = int(sides[2] or sides[1]), int(sides[1])
    else:
        height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < 1:
        raise InputError(f"size = {size_text(height, width)} must be at least 1 pixel wide and high")
    if max(height, width) > PIXELS:
        raise InputError(f"size = {size_text(height, width)} must be at most {PIXELS:,} pixels wide and high")
    return height, width


@dataclass(frozen=True)
class Fit:
    """How an image and its mask are brought to their working size.

    With a size, the image is scaled by one factor (sides are rounded) and centred: "crop" fills the size and cuts the
    rest, "pad" shows the whole image on the background; "resize" scales each side by its own factor. Without a size,
    pixels are unchanged, and the edges are cut equally on both sides (an odd pixel at the bottom and on the right) to a
    multiple of `multiple`.

    Args:
        size: height and width in pixels, or one number for both.
        mode: crop, resize or pad; used only with a size.
        background: a colour that PIL knows, behind transparent pixels and around padded images.
        multiple: the number that both sides must be divisible by.

    Raises:
        InputError: a side below 8 or not divisible, too many pixels, an unknown mode or colour.
    """

    size: int | tuple[int, int] | None = None
    mode: Mode = "crop"
    background: str = "white"
    multiple: int = 1

    def __post_init__(self) -> None:
        """Validate."""
        if self.multiple < 1:
            raise InputError(f"multiple = {self.multiple} must be at least 1")
        if self.mode not in get_args(Mode):
            raise InputError(f"mode = {self.mode!r} must be one of {', '.join(get_args(Mode))}")
        if self.size is not None:
            height, width = self.shape(0, 0)
            if min(height, width) < SIDE or height * width > PIXELS or height % self.multiple or width % self.multiple:
                least = -(-SIDE // self.multiple)
                near = [self.multiple * max(least, round(side / self.multiple)) for side in (height, width)]
                fix = f"the nearest is {size_text(*near)}" if near[0] * near[1] <= PIXELS else "choose a smaller one"
                raise InputError(
                    f"size = {size_text(height, width)} must have sides of at least {SIDE} pixels that are multiples "
                    f"of {self.multiple}, and at most {PIXELS // 1_000_000} megapixels"
                    f": {fix}"
                )
        _ = self.colour

    @property
    def colour(self) -> tuple[float, float, float]:
        """The background as red, green and blue in [0, 1]."""
        try:
            colour = ImageColor.getrgb(self.background)
        except ValueError:
            colour = ()
        if len(colour) != 3:
            raise InputError(
                f"background = {self.background!r} must be an opaque colour: give a name such as 'white' or '#rrggbb'"
            )
        return colour[0] / 255, colour[1] / 255, colour[2] / 255

    def shape(self, height: int, width: int) -> tuple[int, int]:
        """The final height and width for an image of this height and width."""
        if self.size is None:
            return height - height % self.multiple, width - width % self.multiple
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def scaled(self, height: int, width: int) -> tuple[int, int]:
        """The height and width of the whole image after scaling, before cutting or padding."""
        if self.size is None:
            return height, width
        high, wide = self.shape(height, width)
        if self.mode == "resize":
            return high, wide
        factor = (max if self.mode == "crop" else min)(high / height, wide / width)
        return max(1, round(height * factor)), max(1, round(width * factor))

    def describe(self, height: int, width: int) -> str:
        """What is done to an image of this height and width, in words; empty if nothing is."""
        (high, wide), (tall, broad) = self.shape(height, width), self.scaled(height, width)
        if (high, wide) == (height, width):
            return ""
        shape, scaled = size_text(high, wide), size_text(tall, broad)
        if self.size is not None and self.mode == "pad":
            return f"resized to {scaled} and padded to {shape}" if scaled != shape else f"resized to {shape}"
        if self.size is not None and self.mode == "resize":
            bent = abs(tall * width / (broad * height) - 1) > 0.01
            return f"resized to {shape}{', which changes its proportions' if bent else ''}"
        seen = min(height, round(high * height / tall)), min(width, round(wide * width / broad))
        parts = [f"cropped to its middle {size_text(*seen)}"] if seen != (height, width) else []
        parts += [f"resized to {shape}"] if seen != (high, wide) else []
        return " and ".join(parts)

    def __call__(self, plane: Float[np.ndarray, "h w"], fill: float, filter: Resampling) -> Float[np.ndarray, "H W"]:
        """Scale one channel, then cut it or pad it with `fill`.

        Raises:
            InputError: a side is shorter than `multiple`.
        """
        h, w = plane.shape
        (high, wide), (tall, broad) = self.shape(h, w), self.scaled(h, w)
        if not high or not wide:
            raise InputError(
                f"a picture of {size_text(h, w)} pixels cannot be cut to multiples of {self.multiple}: give a size, "
                "or a larger picture"
            )
        rows, columns = min(high, tall), min(wide, broad)
        top, left = (tall - rows) // 2, (broad - columns) // 2
        if (tall, broad) == (h, w):
            plane = plane[top : top + rows, left : left + columns]
        else:
            # Only the visible part is computed: a long strip, scaled up as a whole, might not fit into memory.
            box = (left * w / broad, top * h / tall, (left + columns) * w / broad, (top + rows) * h / tall)
            plane = np.asarray(Image.fromarray(plane).resize((columns, rows), filter, box)).clip(0, 1)
        above, before = (high - rows) // 2, (wide - columns) // 2
        room = ((above, high - rows - above), (before, wide - columns - before))
        return np.pad(plane, room, constant_values=fill)
