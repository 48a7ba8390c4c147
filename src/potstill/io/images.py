"""Images from files, PIL images, arrays and tensors as float32 [b, 3, h, w] in [0, 1], and back as 8-bit PNG."""

import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Shaped
from PIL import Image
from PIL.Image import Resampling
from PIL.PngImagePlugin import PngImageFile, PngInfo
from torch import Tensor

from potstill.errors import InputError
from potstill.io.decode import Picture, arrays, display_name, open_lazily, unit
from potstill.io.resize import Fit
from potstill.tensors import Images, Levels

TEXT = 1_000_000
"""Maximum characters of text in a PNG, written or read."""


def read_image(path: str | Path, fit: Fit = Fit(), frame: int | None = None) -> Float[Tensor, "1 3 h w"]:
    """Read an image file as RGB.

    EXIF rotation is applied; transparency is composited on `fit.background`. Grey, palette and CMYK are converted to
    RGB without colour profiles; 16-bit white, 65,535, is 1, and float files are in [0, 1]. Colour with 16 bits is
    reduced to its high 8 bits; grey keeps 16. Scaling works on floats with the Lanczos filter, after compositing, so
    that the colours of transparent pixels leave no fringes.

    Args:
        path: a PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF file.
        fit: how the image is brought to its size.
        frame: the frame of an animation or the page of a document; required if there are several.

    Raises:
        InputError: the image cannot be read or breaks a rule, has a side below 8 pixels, or over 100 megapixels.
    """
    return as_images(path, fit, frame)


def as_images(value: Picture, fit: Fit = Fit(), frame: int | None = None) -> Images:
    """Convert any picture as `read_image` does, to float32 on the CPU; a tensor may be a batch.

    Raises:
        InputError: as in `read_image`; values outside [0, 1] or NaN; an invalid type or shape; a frame of something
            other than a file.
    """
    return torch.cat([_image(pixels, fit) for pixels in arrays(value, frame)])


def read_mask(value: Picture, size: tuple[int, int], fit: Fit = Fit()) -> Float[Tensor, "1 1 h w"]:
    """Read an edit mask: 1 (white) is edited, 0 (black) is kept, grey is in between.

    Colours are converted to luminance (Rec. 601). If some pixels are transparent and all others have one colour, the
    mask is the alpha channel; otherwise transparent is black. Padding is 0. Scaling uses the triangle filter: Lanczos
    would ring, and kept pixels must be exactly 0.

    Args:
        value: a mask for the whole picture.
        size: height and width of its picture, upright and before `fit`, as from `open_image(path)`.
        fit: that of the picture.

    Raises:
        InputError: the mask cannot be read, has another size, or leaves nothing to edit.
    """
    name = display_name(value, "the mask")
    pixels, *more = arrays(value, None, "the mask")
    if more:
        raise InputError(f"{name} is a batch of {1 + len(more)}: give one mask")
    if pixels.shape[:2] != tuple(size):
        (height, width), (own_height, own_width) = size, pixels.shape[:2]
        raise InputError(
            f"{name} is {own_width} x {own_height} pixels and its picture {width} x {height}: "
            "draw the mask on the whole picture, at its size"
        )
    plane = _coverage(pixels)
    if not plane.any():
        raise InputError(f"{name} is black all over, so there is nothing to edit: paint white what is to change")
    mask = fit(plane, 0.0, Resampling.BILINEAR)
    if not mask.any():
        raise InputError(f"all white of {name} is cut off by {fit}, so there is nothing to edit: pad or resize instead")
    return torch.from_numpy(mask)[None, None]


def _image(pixels: Shaped[np.ndarray, "h w c"], fit: Fit) -> Float[Tensor, "1 3 H W"]:
    channels = pixels.shape[2]
    alpha = unit(pixels[..., -1]) if channels in (2, 4) else None
    planes = []
    # Channel by channel, to avoid holding a large photograph in floats.
    for k, behind in enumerate(fit.colour):
        plane = unit(pixels[..., k if channels > 2 else 0])
        if alpha is not None:
            plane = alpha * plane + (1 - alpha) * np.float32(behind)
        planes.append(fit(plane, behind, Resampling.LANCZOS))
    return torch.from_numpy(np.stack(planes))[None]


def _coverage(pixels: Shaped[np.ndarray, "h w c"]) -> Float[np.ndarray, "h w"]:
    """The values of a mask before scaling."""
    channels = pixels.shape[2]
    if channels > 2:
        red, green, blue = (unit(pixels[..., k]) for k in range(3))
        # In terms of differences, so that grey is reproduced exactly.
        light = green + np.float32(0.299) * (red - green) + np.float32(0.114) * (blue - green)
    else:
        light = unit(pixels[..., 0])
    if channels in (1, 3):
        return light
    alpha = unit(pixels[..., -1])
    showing = pixels[alpha > 0, : channels - 1]
    if (alpha < 1).any() and (showing == showing[:1]).all():
        return alpha
    return light * alpha


def levels(images: Images) -> Levels:
    """8-bit levels, floor(255 x + 1/2) with x clamped to [0, 1], on the CPU; 8-bit images are reproduced exactly.

    Raises:
        InputError: a NaN.
    """
    if images.isnan().any():
        raise InputError("the picture holds NaN: pixels must be numbers")
    return (images.detach().cpu().to(torch.float32).clamp(0, 1) * 255 + 0.5).floor().to(torch.uint8)


def psnr(error: float) -> float:
    """The peak signal-to-noise ratio of a mean squared error of images in [0, 1]: -10 log10(error), at most 100 dB."""
    return -10 * math.log10(max(error, 1e-10))


def to_pil(images: Images) -> list[Image.Image]:
    """Images as 8-bit RGB, see `levels`.

    Raises:
        InputError: a NaN.
    """
    return [Image.fromarray(picture.permute(1, 2, 0).contiguous().numpy()) for picture in levels(images)]


def png_bytes(image: Float[Tensor, "1 3 h w"], text: Mapping[str, str] | None = None) -> bytes:
    """An image as an 8-bit PNG, with text for `read_text`.

    Raises:
        InputError: a key is not 1 to 79 printable Latin-1 characters, or text is not valid Unicode or too long.
    """
    info = PngInfo()
    text = dict(text or {})
    for key, value in text.items():
        try:
            if not 1 <= len(key.encode("latin-1")) <= 79 or not key.isprintable() or key != key.strip():
                raise ValueError
            value.encode()
        except ValueError:
            raise InputError(
                f"text of a PNG, {key[:80]!r}: {value[:80]!r}, must have a key of 1 to 79 printable Latin-1 characters "
                "and a value in Unicode: choose another key, or remove the invalid characters"
            ) from None
        info.add_text(key, value)
    _check_text("the PNG", text)
    buffer = io.BytesIO()
    to_pil(image)[0].save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def read_text(path: str | Path) -> dict[str, str]:
    """The text of a PNG; empty for other formats.

    Raises:
        InputError: the file cannot be read, or its text is too long.
    """
    with open_lazily(path) as picture:
        text = dict(picture.text) if isinstance(picture, PngImageFile) else {}
    _check_text(display_name(path), text)
    return {str(key): str(value) for key, value in text.items()}


def _check_text(name: str, text: Mapping[str, str]) -> None:
    if (length := sum(len(key) + len(value) for key, value in text.items())) > TEXT:
        raise InputError(f"{name} holds {length:,} characters of text: at most {TEXT:,} are used; shorten it")
