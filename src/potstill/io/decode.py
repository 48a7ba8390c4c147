"""Images as stored: files (raster formats only, sizes checked before decoding), PIL images and arrays."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.Image import Transpose
from torch import Tensor

from potstill.errors import InputError, Note
from potstill.io.bounded import Allowance, BoundedFile
from potstill.io.colour import CICP, png_colours, to_srgb
from potstill.io.files import check_file

# Formats that Pillow decodes itself. EPS, for example, would start Ghostscript on the user's file.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
Picture: TypeAlias = str | Path | Image.Image | np.ndarray | Tensor
"""A file, a PIL image, an array [h, w] or [h, w, c], or a tensor [h, w], [c, h, w] or [b, c, h, w].

c is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha). Floats are in [0, 1]; bool, uint8 and uint16 are divided by
their maximum.
"""

PIXELS = 100_000_000
"""Maximum number of pixels."""
FRAMES = 1_000_000
"""Maximum number of frames that can be chosen from."""
SIDE = 8
"""Minimum length of a side."""

_WHITE = {np.bool_: 1, np.uint8: 255, np.uint16: 65535}
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


def open_image(path: str | Path, frame: int | None = None, colour: bool = True) -> Image.Image:
    """Decode an image file, with EXIF rotation applied, and with `colour` its colours in sRGB (see `to_srgb`).

    Of an MPO file (a photograph with a depth or gain map, or a preview) only the photograph is read.

    Raises:
        InputError: the file cannot be read, has too few or too many pixels, has several frames and none is chosen,
            or does not have the chosen frame.
    """
    name = display_name(path)
    with open_lazily(path) as picture:
        frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
        if frame is None and frames > 1:
            raise InputError(
                f"{name} has {frames} frames: choose one with frame = 0 to {frames - 1}, or save it as a still"
            )
        if frame is not None and not 0 <= frame < frames:
            raise InputError(f"frame = {frame} of {name} must be from 0 to {frames - 1}: choose another frame")
        allowance = Allowance(name)
        for each in range(1, (frame or 0) + 1):  # one by one: some formats draw each on the one before
            picture.seek(each)
            allowance.check()
        return upright(picture, name, colour)


def upright(picture: Image.Image, name: str, colour: bool = True) -> Image.Image:
    """A decoded copy, EXIF rotation applied, with `colour` in sRGB. All metadata except transparency is dropped.

    Raises:
        InputError: the image cannot be decoded, or has too few or too many pixels.
    """
    check_size(name, picture.height, picture.width)
    deep = _is_deep(picture)
    with _explained(name):
        picture.load()
    if colour:
        if deep:
            warnings.warn(f"{name} has 16 bits a channel, of which the high 8 are read", Note, stacklevel=2)
        picture = to_srgb(picture, name)
    with _explained(name):
        turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
        turned = picture.copy() if turn is None else picture.transpose(turn)
    # Remaining EXIF data would rotate the picture a second time.
    turned.info = {key: value for key, value in picture.info.items() if key == "transparency"}
    return turned


def is_svg(head: bytes) -> bool:
    """Whether a file that begins like this is an SVG drawing."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in head


@contextmanager
def open_lazily(path: str | Path) -> Iterator[Image.Image]:
    """A context with the opened, not yet decoded image; its size is checked, and decoding errors become InputErrors."""
    name = display_name(path)
    with _explained(name):
        path = Path(path)
        check_file(path, "a picture", name)
        with BoundedFile(path, name) as file:
            head = file.read(4096)
            if not head:
                raise InputError(f"{name} is empty: give a picture")
            if is_svg(head) or path.suffix.lower() in (".svg", ".svgz"):
                fix = "export it as PNG; `potstill edit` and `edit_drawing` take the SVG itself"
                raise InputError(f"{name} is an SVG drawing, not a raster picture: {fix}")
            colours = png_colours(file)
            file.seek(0)
            with Image.open(file, formats=_formats()) as picture:
                picture.info[CICP] = colours
                check_size(name, picture.height, picture.width)
                yield picture


def size_text(height: int, width: int) -> str:
    """A size as photo tools write it, the width first: 640x480."""
    return f"{width}x{height}"


def check_size(name: str, height: int, width: int) -> None:
    """Check the size of an image before it is decoded.

    Raises:
        InputError: a side below `SIDE`, or more than `PIXELS` pixels.
    """
    if min(height, width) < SIDE:
        raise InputError(
            f"{name} is {size_text(height, width)} pixels: every side must have at least {SIDE}; give a larger picture"
        )
    if height * width > PIXELS:
        raise InputError(_too_large(name, size_text(height, width)))


def display_name(value: Picture, what: str = "the picture") -> str:
    """The name of a picture in messages: a quoted path on one line, or `what`."""
    return repr(str(value)) if isinstance(value, str | Path) else what


def arrays(
    value: Picture, frame: int | None = None, what: str = "the picture", colour: bool = True
) -> list[Shaped[np.ndarray, "h w c"]]:
    """The pixels of each picture in the batch, checked against the rules of `Picture`.

    With `colour` those of a file or a PIL image are in sRGB, without it as they are stored.

    Raises:
        InputError: as in `open_image`; a frame of something other than a file; an invalid type, shape, size or value.
    """
    name = display_name(value, what)
    if frame is not None and not isinstance(value, str | Path):
        raise InputError(f"frame = {frame}: {name} is not a file; give the frame itself")
    if isinstance(value, str | Path):
        batch = [_decoded(open_image(value, frame, colour), name)]
    elif isinstance(value, Image.Image):
        batch = [_decoded(upright(value, name, colour), name)]
    elif isinstance(value, Tensor):
        tensor = value.detach().cpu()
        if tensor.ndim < 2 or tensor.ndim > 4 or 0 in tensor.shape or (tensor.ndim > 2 and tensor.shape[-3] > 4):
            raise InputError(f"{name} is a tensor of shape {tuple(value.shape)}: give [3, h, w] or [b, 3, h, w]")
        tensor = tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        rows = tensor.reshape(-1, *(tensor.shape[-3:] if tensor.ndim > 2 else (1, *tensor.shape)))
        batch = [picture.permute(1, 2, 0).numpy() for picture in rows]
    elif isinstance(value, np.ndarray):
        batch = [value[..., None] if value.ndim == 2 else value]
    else:
        raise InputError(f"{name} is a {type(value).__name__}: give a path, a PIL image, an array or a tensor")
    for pixels in batch:
        _check(pixels, name)
    return batch


def unit(plane: Shaped[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """One channel as float32 in [0, 1]."""
    return plane.astype(np.float32) / np.float32(_WHITE.get(plane.dtype.type, 1))


def _is_deep(picture: Image.Image) -> bool:
    """Whether an image, not yet decoded, has colours of 16 bits, which Pillow halves. It keeps those of grey."""
    raw = [tile[3] if isinstance(tile[3], str) else tile[3][0] for tile in getattr(picture, "tile", ()) if tile[3]]
    return not picture.mode.startswith(("I", "F")) and any(isinstance(mode, str) and ";16" in mode for mode in raw)


def _check(pixels: Shaped[np.ndarray, "..."], name: str) -> None:
    if pixels.ndim != 3 or not 1 <= pixels.shape[2] <= 4:
        raise InputError(f"{name} is an array of shape {pixels.shape}: give [h, w], [h, w, 3] or [h, w, 4]")
    check_size(name, *pixels.shape[:2])
    if pixels.dtype.kind != "f" and pixels.dtype.type not in _WHITE:
        raise InputError(f"{name} holds {pixels.dtype}: give uint8, uint16, or floats in [0, 1]")
    if pixels.dtype.kind == "f" and not (pixels.min() >= 0 and pixels.max() <= 1):
        raise InputError(
            f"{name} holds values from {pixels.min():g} to {pixels.max():g}: floats must be numbers in [0, 1]; "
            "divide 8-bit levels by 255"
        )


def _decoded(picture: Image.Image, name: str) -> Shaped[np.ndarray, "h w c"]:
    """Grey of more than 8 bits unchanged; everything else as 8-bit RGB, with alpha if it is not opaque."""
    if picture.mode == "F":
        return np.asarray(picture)[..., None]
    if picture.mode.startswith("I"):
        levels = np.asarray(picture)
        if levels.min() < 0 or levels.max() > 65535:
            raise InputError(f"{name} holds levels from {levels.min()} to {levels.max()}: save it with 8 or 16 bits")
        levels = levels.astype(np.uint16)
        if (hidden := picture.info.get("transparency")) is None:
            return levels[..., None]
        return np.stack([levels, np.where(levels == hidden, np.uint16(0), np.uint16(65535))], -1)
    with _explained(name):
        pixels = np.asarray(picture.convert("RGBA"))
    return pixels[..., :3] if pixels[..., 3].min() == 255 else pixels


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Pillow warns about sizes, which are checked here, and about metadata, which is not used.
            warnings.filterwarnings("ignore", module="PIL")
            yield
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        raise InputError(_too_large(name, "far too many")) from error
    except UnidentifiedImageError as error:
        formats = f"{', '.join(_formats())}; export HEIC and others as JPEG"
        raise InputError(f"{name} is not a picture that can be read: give {formats}") from error
    except Exception as error:
        # Decoders raise many kinds of errors: SyntaxError, ValueError, struct.error, EOFError, zlib.error, ...
        if isinstance(error, OSError) and error.strerror:
            raise InputError(f"cannot read {name}: {error.strerror}; check its path and its permissions") from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"cannot decode {name}: {reason}; it is damaged or unusual, save it again as PNG") from error


def _too_large(name: str, size: str) -> str:
    return f"{name} is {size} pixels: at most {PIXELS // 1_000_000} megapixels are read; scale it down first"


def _formats() -> list[str]:
    # Pillow raises KeyError for formats it was built without.
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]
