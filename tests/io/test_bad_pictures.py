"""What users and attackers pass as a picture."""

import contextlib
import io
import os
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from potstill.errors import InputError
from potstill.io.decode import FORMATS, PIXELS, open_image
from potstill.io.images import as_images, read_image, read_mask, read_text
from potstill.io.resize import Fit
from tests.io.samples import NOISE, RNG, png, save


def encoded(kind, array=NOISE, **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind, **options)
    return buffer.getvalue()


SVG = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n(id) run\nshowpage\n"
ANY = "."  # which part a decoder trips over first is its own business
HOSTILE = {
    "empty.png": (b"", "is empty"),
    "text.png": (b"hello, this is no picture\n" * 9, "is not a picture that can be read: give PNG"),
    "zeros.png": (bytes(1000), "is not a picture"),
    "random.png": (RNG.bytes(1000), "is not a picture"),
    "drawing.svg": (SVG, "SVG drawing, not a raster picture: export it as PNG"),
    "drawing.png": (SVG, "SVG drawing"),
    "packed.svgz": (b"\x1f\x8b\x08", "SVG drawing"),
    "page.eps": (EPS, "is not a picture that can be read"),
    "page.jpg": (EPS, "is not a picture that can be read"),
    "page.pdf": (b"%PDF-1.7\n" + bytes(100), "is not a picture"),
    "photo.heic": (b"\0\0\0\x18ftypheic\0\0\0\0" + bytes(100), "is not a picture"),
    "icon.ico": (encoded("ICO"), "is not a picture"),
    "targa.tga": (encoded("TGA"), "is not a picture"),
    "header.png": (encoded("PNG")[:20], ANY),
    "half.png": (encoded("PNG")[:1000], "cannot decode .*save it again"),
    "short.png": (encoded("PNG")[:-400], "cannot decode"),
    "half.jpg": (encoded("JPEG")[:700], "cannot decode"),
    "half.webp": (encoded("WEBP", lossless=True)[:400], ANY),
    "half.gif": (encoded("GIF")[:800], "cannot decode"),
    "half.bmp": (encoded("BMP")[:500], "cannot decode"),
    "half.tiff": (encoded("TIFF")[:500], ANY),
    "half.ppm": (encoded("PPM")[:500], "cannot decode"),
    "flipped.png": (encoded("PNG")[:300] + bytes(20) + encoded("PNG")[320:], "cannot decode"),
    "nothing.png": (png(16, 16), "cannot decode"),
    "bad-zip.png": (png(16, 16, (b"IDAT", b"not zlib")), "cannot decode"),
    "kind.png": (png(16, 16, (b"IDAT", b""), kind=5), ANY),
    "words.ppm": (b"P3 16 16 255\n" + b"one two three ", "cannot decode"),
    "sizes.ppm": (b"P6 sixteen 16 255\n", ANY),
    "minus.ppm": (b"P6 -16 16 255\n" + bytes(800), ANY),
    "nan.pfm": (b"Pf\n8 8\n-1.0\n" + struct.pack("<f", float("nan")) * 64, "values from nan to nan"),
    "bright.pfm": (b"Pf\n8 8\n-1.0\n" + struct.pack("<f", 255.0) * 64, "values from 255 to 255"),
    "loop.tiff": (b"II*\0\x08\0\0\0\0\0\x08\0\0\0", ANY),
    "dot.png": (encoded("PNG", NOISE[:1, :1]), "is 1x1 pixels: every side must have at least 8"),
    "line.png": (encoded("PNG", NOISE[:7]), "is 32x7 pixels"),
    "none.png": (png(0, 0), ANY),
    "forged.png": (png(30_000, 30_000), "at most 100 megapixels are read; scale it down"),
    "forged-most.png": (png(2**31 - 1, 2**31 - 1), "at most 100 megapixels"),
    "forged-warned.png": (png(10_000, 10_001), "10001x10000 pixels: at most 100 megapixels"),
    "forged.bmp": (encoded("BMP")[:18] + struct.pack("<ii", 30_000, 30_000) + encoded("BMP")[26:], "megapixels"),
    "forged.gif": (b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + encoded("GIF")[10:], "megapixels"),
    "forged.ppm": (b"P6 30000 30000 255\n", "megapixels"),
    "strip.ppm": (b"P6 200000000 8 255\n", "megapixels"),
}
SUPPORTED = [name for name in FORMATS if name in Image.registered_extensions().values()]
if "AVIF" in SUPPORTED:
    HOSTILE["half.avif"] = (encoded("AVIF")[:300], ANY)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_picture_is_one_line(tmp_path, name):
    data, message = HOSTILE[name]
    path = tmp_path / name
    path.write_bytes(data)
    for read in (read_image, lambda path: read_mask(path, (24, 32)), open_image):
        if read is open_image and path.suffix == ".pfm":
            continue
        with pytest.raises(InputError, match=message) as error:
            read(path)
        assert "\n" not in str(error.value)
        assert repr(str(path)) in str(error.value)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_no_cut_or_flip_of_a_file_leaks_another_error(tmp_path, kind):
    data = encoded(kind)
    path = tmp_path / "a"
    rng = np.random.default_rng(1)
    for trial in range(60):
        broken = bytearray(data[: rng.integers(1, len(data))] if trial % 3 == 0 else data)
        # Headers are short and decide most: half of the flips go there.
        for at in rng.integers(0, len(broken) if trial % 2 else min(64, len(broken)), 3):
            broken[at] ^= 1 << rng.integers(8)
        path.write_bytes(broken)
        for read in (read_image, read_text):
            with contextlib.suppress(InputError):
                read(path)


def test_the_whole_of_pillows_warnings_stays_inside(tmp_path):
    """Pillow warns between 89 and 179 megapixels, and of EXIF data that cannot be parsed."""
    side = 9_600
    assert 89_478_485 < side * side < PIXELS
    path = tmp_path / "a.png"
    path.write_bytes(png(side, side, kind=0))
    with pytest.raises(InputError, match="cannot decode"):
        read_text(path)
    broken = save(tmp_path / "b.jpg", NOISE, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_image(broken).shape == (1, 3, 24, 32)


def test_paths_that_are_no_files(tmp_path, monkeypatch):
    for path, message in [
        (tmp_path / "gone.png", "there is no such file"),
        (tmp_path, "it is a folder"),
        ("", "it is a folder"),
        (tmp_path / "gone" / "a.png", "there is no such file"),
        ("a" * 5000, "cannot read"),
        ("a\0b", "no such file|cannot"),
        ("https://example.com/a.png", "there is no such file"),
        (tmp_path / "line\nbreak.png", "there is no such file"),
    ]:
        with pytest.raises(InputError, match=message) as error:
            read_image(path)
        assert "\n" not in str(error.value)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="a device or a pipe"):
        read_image(tmp_path / "pipe.png")
    path = save(tmp_path / "a.png", NOISE)

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", forbidden)
    with pytest.raises(InputError, match=r"cannot read .*a\.png': Permission denied; check"):
        read_image(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(np.full((8, 8, 3), 1.5), "values from 1.5 to 1.5: floats must be numbers in", id="above 1"),
        pytest.param(np.full((8, 8, 3), -0.1), "values from -0.1", id="below 0"),
        pytest.param(np.full((8, 8), np.nan), "values from nan", id="NaN array"),
        pytest.param(torch.full((3, 8, 8), torch.inf), "to inf", id="infinite"),
        pytest.param(torch.full((3, 8, 8), torch.nan), "nan", id="NaN tensor"),
        pytest.param(np.zeros((8, 8, 3), int), "holds int64: give uint8", id="integers"),
        pytest.param(torch.zeros(3, 8, 8, dtype=torch.int32), "holds int32", id="integer tensor"),
        pytest.param(np.zeros((8, 8, 3), complex), "holds complex128", id="complex"),
        pytest.param(np.full((8, 8, 3), "x"), "holds <U1", id="text"),
        pytest.param(np.zeros((3, 8, 8), np.uint8), r"shape \(3, 8, 8\): give \[h, w\]", id="channels first"),
        pytest.param(np.zeros((1, 8, 8, 3), np.uint8), "shape", id="array batch"),
        pytest.param(np.zeros(8, np.uint8), "shape", id="one axis"),
        pytest.param(np.zeros((), np.uint8), "shape", id="no axis"),
        pytest.param(np.zeros((0, 0, 3), np.uint8), "is 0x0 pixels", id="no pixels"),
        pytest.param(np.zeros((7, 8, 3), np.uint8), "is 8x7 pixels", id="too small"),
        pytest.param(torch.zeros(8, 8, 3), r"tensor of shape \(8, 8, 3\): give \[3, h, w\]", id="channels last"),
        pytest.param(torch.zeros(0, 3, 8, 8), "tensor of shape", id="empty batch"),
        pytest.param(torch.zeros(1, 1, 3, 8, 8), "tensor of shape", id="five axes"),
        pytest.param(Image.new("RGB", (4, 4)), "is 4x4 pixels", id="small PIL image"),
        pytest.param(Image.new("I", (8, 8), 70_000), "levels from 70000", id="32 bits"),
        pytest.param(Image.new("F", (8, 8), 255.0), "values from 255", id="float levels"),
    ],
)
def test_values_that_are_no_picture_are_refused(value, message):
    with pytest.raises(InputError, match=message):
        as_images(value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 7}, "size = 7x7 must have sides of at least 8"),
        ({"size": (64, 0)}, "size = "),
        ({"size": -64}, "size = -64"),
        ({"size": 10_001}, "at most 100 megapixels"),
        ({"size": 100, "multiple": 8}, "multiples of 8"),
        ({"multiple": 0}, "multiple = 0 must be at least 1"),
        ({"background": "whitish"}, "background = 'whitish' must be an opaque colour"),
        ({"background": "#ffffff80"}, "opaque"),
        ({"background": ""}, "background = ''"),
    ],
)
def test_a_fit_that_cannot_be_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        Fit(**options)


def test_a_picture_smaller_than_the_multiple_is_refused():
    with pytest.raises(InputError, match="32x24 pixels cannot be cut to multiples of 64: give a size"):
        as_images(NOISE, Fit(multiple=64))


def test_a_pil_image_is_left_alone():
    picture = Image.fromarray(NOISE)
    picture.info["dpi"] = (72, 72)
    as_images(picture, Fit(16))
    assert picture.info == {"dpi": (72, 72)}
    assert picture.size == (32, 24)
