"""Bringing images to their working size by cropping, resizing or padding."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageColor
from PIL.Image import Resampling

from potstill.errors import InputError
from potstill.io.decode import PIXELS, SIDE

Mode = Literal["crop", "resize", "pad"]


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
                raise InputError(
                    f"size = {self.size} must have sides of at least {SIDE} pixels that are multiples of "
                    f"{self.multiple}, and at most {PIXELS // 1_000_000} megapixels"
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

    def __call__(self, plane: Float[np.ndarray, "h w"], fill: float, filter: Resampling) -> Float[np.ndarray, "H W"]:
        """Scale one channel, then cut it or pad it with `fill`.

        Raises:
            InputError: a side is shorter than `multiple`.
        """
        h, w = plane.shape
        (high, wide), (tall, broad) = self.shape(h, w), self.scaled(h, w)
        if not high or not wide:
            raise InputError(
                f"a picture of {w} x {h} pixels cannot be cut to multiples of {self.multiple}: give a size, or a "
                "larger picture"
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
