"""Contact sheets: images in rows on grey, with optional captions underneath."""

import io
import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from potstill.errors import InputError
from potstill.io.images import levels
from potstill.io.printable import printable
from potstill.tensors import Images

_GAP, _GREY, _INK, _TEXT, _LINE = 4, (226, 228, 232), (34, 39, 46), 12, 15
_LETTER = 6.2  # mean width of a letter of that font size, in pixels


def contact_sheet(images: Images, columns: int, captions: Sequence[str] = (), zoom: int = 1) -> bytes:
    """A PNG of images in [0, 1] in rows of `columns`; each pixel becomes zoom x zoom pixels.

    Raises:
        InputError: the number of captions is not that of the images.
    """
    if captions and len(captions) != len(images):
        raise InputError(f"got {len(captions)} captions for {len(images)} images: give one per image, or none")
    pixels = levels(images).permute(0, 2, 3, 1).numpy()
    pixels = pixels.repeat(zoom, 1).repeat(zoom, 2)
    _, height, width, _ = pixels.shape
    lines = [textwrap.wrap(printable(text), max(1, int(width / _LETTER))) for text in captions or [""] * len(images)]
    tall = [_LINE * max(map(len, lines[start : start + columns])) for start in range(0, len(lines), columns)]
    tops = np.cumsum([_GAP, *(height + words + _GAP for words in tall)]).tolist()
    sheet = Image.new("RGB", (columns * (width + _GAP) + _GAP, tops[-1]), _GREY)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_TEXT)
    for n, image in enumerate(pixels):
        left, top = _GAP + n % columns * (width + _GAP), tops[n // columns]
        sheet.paste(Image.fromarray(image), (left, top))
        for row, line in enumerate(lines[n]):
            pen.text((left + 1, top + height + row * _LINE), line, _INK, font)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
