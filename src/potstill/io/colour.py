"""Colours as sRGB: an embedded profile is applied, and a hint at other colours that cannot be is named."""

import io
import struct
import warnings
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image

from potstill.errors import Note

CICP = "cicp"
"""The key of an image's `info` for what `png_colours` found."""
_PRIMARIES = {1: "those of sRGB", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_TRANSFERS = {8: "linear", 13: "that of sRGB", 16: "PQ", 18: "HLG"}
_SRGB = (1, 13, 0, 1)
_SAME = 2  # levels: a profile that moves no colour by more is that of sRGB


def to_srgb(picture: Image.Image, name: str) -> Image.Image:
    """A decoded image in sRGB: the same image without a profile or with that of sRGB, else RGB or RGBA.

    A note says what is not applied: a broken profile or one of another kind of image, the gamma and the cICP of a PNG,
    Adobe RGB named in EXIF data alone, and the inks of CMYK without a profile.
    """
    if colours := picture.info.get(CICP):
        text = f"{name} has colours with {colours}, which are not converted: they are approximate"
        warnings.warn(text, Note, stacklevel=2)
        if not picture.info.get("icc_profile"):
            return picture
    if not picture.info.get("icc_profile") and picture.mode != "LAB":
        if reason := _hint(picture):
            warnings.warn(f"{name} {reason}: its colours are approximate", Note, stacklevel=2)
        return picture
    from PIL import ImageCms

    if picture.mode == "LAB":
        return _converted(picture, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    try:
        return _converted(picture, ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"])))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:80] or "it is damaged"
        warnings.warn(f"{name} is read as sRGB, for its colour profile cannot be applied: {reason}", Note, stacklevel=2)
        return picture


def png_colours(file: BinaryIO) -> str:
    """The colours that the chunk cICP of a PNG states (ITU-T H.273) in words; "" without one, and for sRGB.

    It stands before the pixels, and Pillow passes over it.
    """
    file.seek(0)
    if file.read(8) != b"\x89PNG\r\n\x1a\n":
        return ""
    for _ in range(1000):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IDAT":
            return ""
        if head[4:] == b"cICP":
            break
        file.seek(struct.unpack(">I", head[:4])[0] + 4, io.SEEK_CUR)
    codes = tuple(file.read(4))
    if len(codes) < 4 or codes == _SRGB:
        return ""
    primaries, transfer = _PRIMARIES.get(codes[0], codes[0]), _TRANSFERS.get(codes[1], codes[1])
    return f"cICP {'/'.join(map(str, codes))} (primaries {primaries}, transfer {transfer})"


def _converted(picture: Image.Image, profile: Any) -> Image.Image:
    """The image through a profile of `ImageCms`, with the relative colorimetric intent and black point compensation.

    Raises:
        ValueError: the profile is for another kind of image.
    """
    from PIL import ImageCms

    space = profile.profile.xcolor_space.strip()
    mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}.get(space, "")
    alien = f"it is for {space}, and the picture is {picture.mode}"
    if not mode or ((picture.mode in ("CMYK", "LAB") or mode in ("CMYK", "LAB")) and picture.mode != mode):
        raise ValueError(alien)
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    change = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB", intent, flags)
    if mode in ("RGB", "L") and _is_identity(change, mode):
        return picture
    if picture.mode.startswith(("I", "F")) or (mode == "L" and picture.mode not in ("L", "LA", "1")):
        raise ValueError(alien)
    opaque = picture.mode not in ("RGBA", "LA", "PA") and "transparency" not in picture.info
    alpha = None if opaque else picture.convert("RGBA").getchannel("A")
    base = picture if picture.mode == mode else picture.convert("RGBA").convert(mode)
    found: Any = ImageCms.applyTransform(base, change)
    if alpha is not None:
        found.putalpha(alpha)
    found.info = {key: value for key, value in picture.info.items() if key != "transparency"}
    return found


def _is_identity(change: Any, mode: str) -> bool:
    """Whether a transform leaves a grid of colours as they are."""
    from PIL import ImageCms

    levels = np.linspace(0, 255, 9 if mode == "RGB" else 256).astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(27, 27, 3) if mode == "RGB" else levels[None]
    moved = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), change)).astype(int)
    return bool(np.abs(moved - (grid if mode == "RGB" else grid[..., None])).max() <= _SAME)


def _hint(picture: Image.Image) -> str:
    """What an image without a profile says of colours that are not sRGB."""
    if picture.mode == "CMYK":
        return "has CMYK inks and no colour profile"
    gamma = picture.info.get("gamma")
    if isinstance(gamma, float) and "srgb" not in picture.info and not 0.43 < gamma < 0.48:
        return f"has gamma {gamma:.3g}, which is not applied"
    exif = picture.getexif()
    held = ExifTags.IFD.Interop in exif.get_ifd(ExifTags.IFD.Exif)  # Pillow 12 needs it
    interop = exif.get_ifd(ExifTags.IFD.Interop) if held else {}
    return "is marked as Adobe RGB and has no colour profile" if str(interop.get(1, "")).startswith("R03") else ""
