"""Images from files, PIL images, arrays and tensors as float32 [b, 3, h, w] in [0, 1], and back as 8-bit PNG."""

import io
import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Shaped
from PIL import Image
from PIL.Image import Resampling
from PIL.PngImagePlugin import PngImageFile, PngInfo
from torch import Tensor

from potstill.errors import InputError, Note
from potstill.io.decode import Picture, arrays, display_name, open_lazily, size_text, unit
from potstill.io.resize import Fit
from potstill.tensors import Images, Levels

TEXT = 1_000_000
"""Maximum characters of text in a PNG, written or read."""
_GREY = 12 / 255  # the largest difference of channels in what is meant as grey, after a JPEG
_WHITE = 0.98
_LABELS = 5  # a mask whose lightest level is at most this holds numbers of classes, not light


def read_image(path: str | Path, fit: Fit = Fit(), frame: int | None = None) -> Float[Tensor, "1 3 h w"]:
    """Read an image file as RGB.

    EXIF rotation is applied; transparency is composited on `fit.background`. Colours are converted to sRGB by the
    file's profile (relative colorimetric, with black point compensation); without one they are sRGB. 16-bit white,
    65,535, is 1, and float files are in [0, 1]. Colour with 16 bits is reduced to its high 8 bits; grey keeps 16.
    Scaling works on floats with the Lanczos filter, after compositing, so that the colours of transparent pixels leave
    no fringes. A note says what of this could not be done.

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

    If some pixels are transparent and all others have one colour, the mask is the alpha channel; otherwise transparent
    is black, and other colours than grey are refused. A note says so, and where a mask is white all over or nowhere
    quite white. Padding is 0. Scaling uses the triangle filter: Lanczos
    would ring, and kept pixels must be exactly 0.

    Args:
        value: a mask for the whole picture.
        size: height and width of its picture, upright and before `fit`, as from `open_image(path)`.
        fit: that of the picture.

    Raises:
        InputError: the mask cannot be read, has another size or colours, or leaves nothing to edit.
    """
    name = display_name(value, "the mask")
    pixels, *more = arrays(value, None, "the mask", colour=False)
    if more:
        raise InputError(f"{name} is a batch of {1 + len(more)}: give one mask")
    if pixels.shape[:2] != tuple(size):
        raise InputError(
            f"{name} is {size_text(*pixels.shape[:2])} pixels and its picture {size_text(*size)}: "
            "draw the mask on the whole picture, at its size"
        )
    plane = _coverage(pixels, name)
    most, white = float(plane.max()), np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 0
    if not most:
        raise InputError(f"{name} is black all over, so there is nothing to edit: paint white what is to change")
    if white and round(most * white) <= _LABELS:
        raise InputError(
            f"{name} has levels from 0 to {most * white:.0f}, and white is {white}: multiply them, so that 1 is {white}"
        )
    if most < _WHITE:
        _note(f"{name} is nowhere lighter than {most:.0%} white, so at most {most:.0%} of a change shows")
    elif plane.min() > _WHITE:
        _note(f"{name} is white all over, so everything is edited, as without a mask")
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


def _coverage(pixels: Shaped[np.ndarray, "h w c"], name: str) -> Float[np.ndarray, "h w"]:
    """The values of a mask before scaling.

    Raises:
        InputError: it has colours other than grey.
    """
    channels = pixels.shape[2]
    alpha = unit(pixels[..., -1]) if channels in (2, 4) else None
    clear = alpha is not None and bool((alpha < 1).any())
    if alpha is not None and clear:
        showing = pixels[alpha > 0, : channels - 1]
        if (showing == showing[:1]).all():
            _note(f"{name} is read by its transparency: opaque pixels are edited, transparent ones kept")
            return alpha
    light = unit(pixels[..., 0])
    if channels > 2:
        red, green, blue = light, unit(pixels[..., 1]), unit(pixels[..., 2])
        off = np.maximum(np.abs(red - green), np.abs(blue - green)) * (1 if alpha is None else alpha > 0)
        if off.max() > _GREY:
            row, column = np.unravel_index(int(off.argmax()), off.shape)
            shown = "#" + "".join(f"{round(255 * float(part[row, column])):02x}" for part in (red, green, blue))
            raise InputError(
                f"{name} has the colour {shown} at column {column}, row {row}, and a mask is white where to edit, "
                "black where to keep, or grey: save it in greys, or paint in one colour on transparent ground"
            )
        # In terms of differences, so that grey is reproduced exactly.
        light = green + np.float32(0.299) * (red - green) + np.float32(0.114) * (blue - green)
    if alpha is None or not clear:
        return light
    _note(f"{name} has transparent pixels, which are kept like black ones")
    return light * alpha


def _note(text: str) -> None:
    warnings.warn(text, Note, stacklevel=4)


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
