import contextlib
import io
import os
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from potstill.errors import InputError
from potstill.fit import Fit
from potstill.images import as_images, png_bytes, read_image, read_mask, read_text, to_pil
from potstill.rasters import FORMATS, PIXELS, load

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (24, 32, 3), dtype=np.uint8)
RAMP = np.tile(np.arange(256, dtype=np.uint8), (8, 1))


def save(path, picture, **options):
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def levels(images):
    return np.asarray(to_pil(images)[0])


def test_8_bit_pictures_come_back_exactly(tmp_path):
    path = save(tmp_path / "a.png", NOISE)
    images = read_image(path)
    assert images.dtype == torch.float32
    assert np.array_equal(levels(images), NOISE)
    (tmp_path / "b.png").write_bytes(png_bytes(images))
    assert torch.equal(read_image(str(tmp_path / "b.png")), images)


def test_every_level_is_itself_and_halves_round_up():
    images = as_images(np.repeat(RAMP[..., None], 3, 2))
    assert np.array_equal(levels(images)[..., 0], RAMP)
    steps = torch.tensor([-1.0, 0.4 / 255, 0.5 / 255, 1.5 / 255, 254.6 / 255, 2.0]).expand(1, 3, 1, 6)
    assert levels(steps)[0, :, 0].tolist() == [0, 0, 1, 2, 255, 255]
    with pytest.raises(InputError, match="NaN"):
        to_pil(steps * float("nan"))


@pytest.mark.parametrize("kind", ["file", "text file path", "PIL", "uint8", "uint16", "float64", "tensor", "batch"])
def test_a_picture_is_the_same_however_it_is_passed(tmp_path, kind):
    path = save(tmp_path / "a.png", NOISE)
    unit = NOISE / 255
    tensor = torch.from_numpy(unit).permute(2, 0, 1)
    value = {
        "file": path,
        "text file path": str(path),
        "PIL": Image.fromarray(NOISE),
        "uint8": NOISE,
        "uint16": NOISE.astype(np.uint16) * 257,
        "float64": unit,
        "tensor": tensor,
        "batch": torch.stack([tensor, tensor.flip(-1)]),
    }[kind]
    images = as_images(value, Fit(16))
    expected = as_images(NOISE, Fit(16))
    assert torch.allclose(images[:1], expected, atol=1e-6)
    if kind == "batch":
        assert torch.allclose(images[1:], as_images(NOISE[:, ::-1].copy(), Fit(16)), atol=1e-6)


# How a camera held in each of the eight ways stores the same upright picture.
STORED = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.swapaxes(0, 1),
    6: lambda x: np.rot90(x, 1),
    7: lambda x: x.swapaxes(0, 1)[::-1, ::-1],
    8: lambda x: np.rot90(x, -1),
}


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tiff"])
@pytest.mark.parametrize("orientation", STORED)
def test_all_orientations_give_the_same_picture(tmp_path, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "a.webp" else {}
    path = save(tmp_path / name, np.ascontiguousarray(STORED[orientation](NOISE)), exif=exif, **options)
    assert np.array_equal(levels(read_image(path)), NOISE)
    # Once decoded it is upright: it is not turned again.
    assert load(path).size == (32, 24)
    assert np.array_equal(levels(as_images(load(path))), NOISE)
    with Image.open(path) as lazy:
        assert np.array_equal(levels(as_images(lazy)), NOISE)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        pytest.param("a.png", RAMP.astype(np.uint16) * 257, id="16-bit PNG"),
        pytest.param("a.tiff", RAMP.astype(np.uint16) * 257, id="16-bit TIFF"),
        pytest.param("a.tiff", (RAMP.astype(np.uint16) * 257).astype(">u2"), id="16-bit big-endian TIFF"),
        pytest.param("a.pgm", RAMP.astype(np.uint16) * 257, id="16-bit PGM"),
        pytest.param("a.tiff", RAMP.astype(np.int32) * 257, id="32-bit TIFF"),
        pytest.param("a.tiff", (RAMP / 255).astype(np.float32), id="float TIFF"),
        pytest.param("a.pfm", (RAMP / 255).astype(np.float32), id="float PFM"),
        pytest.param("a.gif", RAMP, id="GIF"),
        pytest.param("a.bmp", RAMP, id="BMP"),
        pytest.param("a.pgm", RAMP, id="PGM"),
    ],
)
def test_grey_of_any_depth_is_its_8_bit_version(tmp_path, name, array):
    images = read_image(save(tmp_path / name, array))
    expected = torch.from_numpy(RAMP / 255).float()
    assert (images - expected).abs().max() < 1 / 255 / 100
    assert (images[..., 255] == 1).all()


def test_16_bits_are_kept():
    fine = np.tile(np.arange(1000, 1016, dtype=np.uint16), (8, 1))
    assert torch.allclose(as_images(fine) * 65535, torch.arange(1000.0, 1016.0), atol=0.01)


def test_16_bit_colour_is_its_high_byte(tmp_path):
    """Pillow has no deeper colour; white is white all the same."""
    row = [65535] * 12 + [65535, 32896, 0] + [257 * 7] * 9
    data = zlib.compress((b"\0" + struct.pack(">24H", *row)) * 8)
    (tmp_path / "a.png").write_bytes(png(8, 8, (b"IDAT", data), bits=16))
    expected = torch.tensor(row).reshape(8, 3).T / 65535
    assert torch.allclose(read_image(tmp_path / "a.png")[0, :, 0], expected, atol=1e-6)


def test_16_bit_transparency(tmp_path):
    grey = np.full((8, 16), 300, np.uint16)
    grey[:, 8:] = 301
    images = read_image(save(tmp_path / "a.png", grey, transparency=300), Fit(background="red"))
    assert images[0, :, 0, 0].tolist() == [1, 0, 0]
    assert torch.allclose(images[0, :, 0, 8], torch.tensor(301 / 65535))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I", "I;16", "F"])
@pytest.mark.parametrize("white", [True, False], ids=["white", "black"])
def test_white_is_white_and_black_is_black_in_every_mode(mode, white):
    deep = {"I": 65535, "I;16": 65535, "F": 1.0}
    if mode in deep:
        picture = Image.new(mode, (8, 8), deep[mode] if white else 0)
    else:
        picture = Image.new("RGB", (8, 8), "white" if white else "black").convert(mode)
    assert (as_images(picture) == float(white)).all()


def test_cmyk_files(tmp_path):
    for name in ("a.jpg", "a.tiff"):
        assert (read_image(save(tmp_path / name, Image.new("CMYK", (8, 8), 0))) == 1).all()
        ink = read_image(save(tmp_path / name, Image.new("CMYK", (8, 8), (255, 0, 0, 0))))
        assert torch.allclose(ink[0, :, 0, 0], torch.tensor([0.0, 1.0, 1.0]), atol=2 / 255)


def palette(transparency):
    picture = Image.new("P", (8, 8), 3)
    picture.putpalette([0, 0, 0] * 3 + [0, 0, 255])
    picture.info["transparency"] = transparency
    return picture


@pytest.mark.parametrize(
    ("picture", "alpha"),
    [
        pytest.param(Image.new("RGBA", (8, 8), (0, 0, 255, 128)), 128 / 255, id="RGBA"),
        pytest.param(Image.new("RGBA", (8, 8), (0, 0, 255, 0)), 0.0, id="hidden colour"),
        pytest.param(palette(3), 0.0, id="palette, one transparent colour"),
        pytest.param(palette(bytes([255, 255, 255, 51])), 0.2, id="palette with alphas"),
    ],
)
@pytest.mark.parametrize("background", ["white", "black", "lime", "#804020", "hsl(0, 100%, 50%)"])
def test_alpha_is_composited_on_the_background(tmp_path, picture, alpha, background):
    fit = Fit(background=background)
    behind, blue = torch.tensor(fit.colour), torch.tensor([0.0, 0.0, 1.0])
    expected = alpha * blue + (1 - alpha) * behind
    assert torch.allclose(as_images(picture, fit)[0, :, 3, 3], expected, atol=1e-6)
    assert torch.allclose(read_image(save(tmp_path / "a.png", picture), fit)[0, :, 3, 3], expected, atol=1e-6)


def test_grey_with_alpha_half_on_white():
    images = as_images(Image.new("LA", (8, 8), (0, 51)))
    assert torch.allclose(images, torch.tensor(0.8))


def test_hidden_colours_leave_no_fringe():
    """Transparent red beside opaque white, on white: scaled in any way it stays white."""
    pixels = np.full((16, 16, 4), 255, np.uint8)
    pixels[:, ::2] = (255, 0, 0, 0)
    for size in (8, 11, 40):
        assert torch.allclose(as_images(pixels, Fit(size)), torch.tensor(1.0), atol=1e-6)


sides = st.integers(8, 60)


@given(sides, sides, sides, sides, st.sampled_from(["crop", "resize", "pad"]))
def test_geometry_is_the_closed_form(h, w, high, wide, mode):
    """A picture of its own coordinates: after the fit, each pixel says where it came from."""
    y, x = np.mgrid[:h, :w] + 0.5
    picture = np.stack([y / h, x / w, 0 * x], -1)
    images = as_images(picture, Fit((high, wide), mode, background="blue"))[0]
    assert images.shape == (3, high, wide)
    factor = {"crop": max, "pad": min}.get(mode, max)(high / h, wide / w)
    tall, broad = (high, wide) if mode == "resize" else (max(1, round(h * factor)), max(1, round(w * factor)))
    top, left = (int((all - part) / 2) for all, part in ((tall, high), (broad, wide)))
    from_y, from_x = (torch.arange(high) + top + 0.5) / tall, (torch.arange(wide) + left + 0.5) / broad
    inside = ((from_y > 0) & (from_y < 1))[:, None] & ((from_x > 0) & (from_x < 1))
    assert torch.equal(images[2] > 0.5, ~inside)
    # Away from the edges, where the filter has all its taps, a linear picture is reproduced.
    reach_y, reach_x = 3.5 * max(1 / h, 1 / tall), 3.5 * max(1 / w, 1 / broad)
    deep_y, deep_x = (from_y > reach_y) & (from_y < 1 - reach_y), (from_x > reach_x) & (from_x < 1 - reach_x)
    rows = images[0][:, deep_x & inside.any(0)][deep_y]
    assert torch.allclose(rows, from_y[deep_y, None].float().expand_as(rows), atol=0.01)
    columns = images[1][deep_y & inside.any(1)][:, deep_x]
    assert torch.allclose(columns, from_x[deep_x].float().expand_as(columns), atol=0.01)


@pytest.mark.parametrize(
    ("fit", "rows", "columns"),
    [
        pytest.param(Fit(), slice(0, 24), slice(0, 32), id="as it is"),
        pytest.param(Fit(multiple=8), slice(0, 24), slice(0, 32), id="already a multiple"),
        pytest.param(Fit(multiple=7), slice(1, 22), slice(2, 30), id="cut equally, odd pixel at the end"),
        pytest.param(Fit(multiple=16), slice(4, 20), slice(0, 32), id="multiple of 16"),
        pytest.param(Fit(24), slice(0, 24), slice(4, 28), id="crop without scaling"),
        pytest.param(Fit((24, 31)), slice(0, 24), slice(0, 31), id="crop by one"),
    ],
)
def test_what_need_not_be_scaled_is_not(fit, rows, columns):
    assert np.array_equal(levels(as_images(NOISE, fit)), NOISE[rows, columns])


def test_padding_lies_around_the_untouched_picture():
    padded = levels(as_images(NOISE, Fit((40, 32), "pad", "red")))
    assert np.array_equal(padded[8:32], NOISE)
    assert (padded[:8] == (255, 0, 0)).all()
    assert (padded[32:] == (255, 0, 0)).all()


def test_cutting_before_scaling_is_cutting_after():
    """The part that shows is computed alone; the slow twin scales everything."""
    strip = RNG.random((12, 200), dtype=np.float32)
    whole = Image.fromarray(strip).resize((round(200 * 32 / 12), 32), Image.Resampling.LANCZOS)
    left = (whole.width - 32) // 2
    slow = np.asarray(whole).clip(0, 1)[:, left : left + 32]
    assert np.allclose(as_images(strip, Fit(32))[0, 0].numpy(), slow, atol=1e-4)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tiff"])
def test_frames(tmp_path, name):
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    frames = [Image.new("RGB", (16, 16), colour) for colour in colours]
    options = {"lossless": True} if name == "a.webp" else {}
    path = save(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], **options)
    with pytest.raises(InputError, match="has 3 frames: choose one with frame = 0 to 2"):
        read_image(path)
    for frame, colour in enumerate(colours):
        assert levels(read_image(path, frame=frame))[5, 5].tolist() == list(colour)
    for frame in (-1, 3):
        with pytest.raises(InputError, match=f"frame = {frame} of .* must be from 0 to 2"):
            read_image(path, frame=frame)


def test_a_still_has_one_frame_and_a_photograph_with_companions_too(tmp_path):
    path = save(tmp_path / "a.png", NOISE)
    assert np.array_equal(levels(read_image(path, frame=0)), NOISE)
    with pytest.raises(InputError, match=r"frame = 1 of .* must be from 0 to 0"):
        read_image(path, frame=1)
    grey, gain = Image.new("RGB", (16, 16), "grey"), Image.new("RGB", (8, 8))
    save(tmp_path / "a.jpg", grey, format="MPO", save_all=True, append_images=[gain])
    assert levels(read_image(tmp_path / "a.jpg"))[3, 3].tolist() == [128] * 3
    with pytest.raises(InputError, match="frame = 0: the picture is not a file"):
        as_images(NOISE, frame=0)


# Masks


def disc(h, w):
    y, x = np.mgrid[:h, :w]
    return (((y - 0.5 * h) ** 2 + (x - 0.55 * w) ** 2) < (0.25 * min(h, w)) ** 2).astype(np.uint8) * 255


@pytest.mark.parametrize("mode", ["crop", "resize", "pad"])
@pytest.mark.parametrize("size", [(32, 32), (48, 96), (17, 23), (128, 64), None])
def test_the_mask_follows_the_picture(mode, size):
    mask = disc(60, 90)
    fit = Fit(size, mode, background="black", multiple=1 if size else 16)
    image, fitted = as_images(mask, fit), read_mask(mask, (60, 90), fit)
    assert fitted.shape[2:] == image.shape[2:]
    assert (image[:, :1] - fitted).abs().mean() < 0.01
    assert ((image[:, :1] > 0.5) == (fitted > 0.5)).float().mean() > 0.995


def test_a_mask_follows_a_turned_photograph(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "a.png", np.ascontiguousarray(np.rot90(disc(24, 32))), exif=exif)
    picture, fit = load(path), Fit(16)
    image, mask = as_images(picture, fit), read_mask(disc(24, 32), (picture.height, picture.width), fit)
    assert (image[:, :1] - mask).abs().mean() < 0.02


def test_what_is_kept_is_exactly_0_and_what_is_edited_exactly_1():
    """The reach of the filter apart: two pixels of the result are 5.4 of the mask."""
    mask = read_mask(disc(100, 100), (100, 100), Fit(37))
    at = (torch.arange(37) + 0.5) * 100 / 37
    distance = ((at[:, None] - 50) ** 2 + (at - 55) ** 2).sqrt()
    assert (mask[0, 0][distance > 25 + 6] == 0).all()
    assert torch.allclose(mask[0, 0][distance < 25 - 6], torch.tensor(1.0))


GREY = np.tile(np.linspace(0, 255, 16).astype(np.uint8), (16, 1))
HALF = np.where(np.arange(16) < 8, 0, 255).astype(np.uint8)[None].repeat(16, 0)
ZERO, FULL = np.zeros_like(HALF), np.full_like(HALF, 255)


def stack(*channels):
    return np.stack(channels, -1)


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        pytest.param(GREY, GREY, id="grey is partial"),
        pytest.param(HALF > 0, HALF, id="bool array"),
        pytest.param(torch.from_numpy(HALF > 0), HALF, id="bool tensor"),
        pytest.param(torch.from_numpy(HALF / 255)[None], HALF, id="tensor with a channel"),
        pytest.param(torch.from_numpy(HALF / 255)[None, None], HALF, id="tensor with a batch"),
        pytest.param(stack(GREY, GREY, GREY), GREY, id="RGB"),
        pytest.param(stack(HALF, HALF, HALF, FULL), HALF, id="opaque RGBA"),
        pytest.param(stack(ZERO, ZERO, ZERO, GREY), GREY, id="alpha alone, black"),
        pytest.param(stack(FULL, FULL, FULL, GREY), GREY, id="alpha alone, white"),
        pytest.param(stack(ZERO, HALF), HALF, id="alpha alone, grey"),
        pytest.param(stack(HALF, HALF, HALF, HALF), HALF, id="white strokes, hidden black"),
        pytest.param(stack(255 - HALF, 255 - HALF, 255 - HALF, HALF), HALF, id="black strokes, hidden white"),
        pytest.param(stack(GREY, GREY, GREY, HALF), np.minimum(GREY, HALF), id="transparent is black"),
        pytest.param(Image.fromarray(HALF).convert("1"), HALF, id="1 bit"),
        pytest.param(Image.fromarray(HALF).convert("P"), HALF, id="palette"),
        pytest.param(FULL, FULL, id="all white"),
    ],
)
def test_white_is_edited(mask, expected):
    got = read_mask(mask, (16, 16))[0, 0]
    assert torch.allclose(got, torch.from_numpy(expected / 255).float(), atol=1e-6)


@pytest.mark.parametrize(
    ("mask", "size", "fit", "message"),
    [
        pytest.param(HALF, (16, 17), Fit(), "is 16 x 16 pixels and its picture 17 x 16", id="another size"),
        pytest.param(ZERO, (16, 16), Fit(), "nothing to edit: paint white", id="black"),
        pytest.param(stack(ZERO, ZERO, ZERO, FULL), (16, 16), Fit(), "nothing to edit", id="opaque black"),
        pytest.param(stack(FULL, FULL, FULL, ZERO), (16, 16), Fit(), "nothing to edit", id="transparent"),
        pytest.param(
            np.pad(np.zeros((16, 60), bool), ((0, 0), (4, 0)), constant_values=True),
            (16, 64),
            Fit(16),
            "cut off",
            id="cut off",
        ),
        pytest.param(torch.ones(2, 1, 16, 16), (16, 16), Fit(), "a batch of 2", id="batch"),
        pytest.param(
            torch.full((1, 16, 16), float("nan")), (16, 16), Fit(), "the mask holds values from nan", id="NaN"
        ),
    ],
)
def test_masks_that_cannot_be_are_refused(mask, size, fit, message):
    with pytest.raises(InputError, match=message):
        read_mask(mask, size, fit)


def test_a_mask_file_is_named(tmp_path):
    path = save(tmp_path / "m.png", ZERO)
    with pytest.raises(InputError, match=r"m\.png' is black all over"):
        read_mask(path, (16, 16))


# Text


def test_text_comes_back(tmp_path):
    text = {"prompt": "ein Löwe\nund ein 猫 🐱", "settings": '{"steps": 10}', "größe": "", "code": "__import__('os')"}
    (tmp_path / "a.png").write_bytes(png_bytes(as_images(NOISE), text))
    assert read_text(tmp_path / "a.png") == text
    assert {type(value) for value in read_text(tmp_path / "a.png").values()} == {str}
    assert np.array_equal(levels(read_image(tmp_path / "a.png")), NOISE)
    assert read_text(save(tmp_path / "a.jpg", NOISE, comment=b"hello")) == {}
    assert png_bytes(as_images(NOISE), text) == png_bytes(as_images(NOISE), text)


@pytest.mark.parametrize(
    "text",
    [{"": "x"}, {"k" * 80: "x"}, {"猫": "x"}, {"a\0b": "x"}, {" a": "x"}, {"a": "\udcff"}, {"a": "x" * 1_000_001}],
    ids=["empty", "long", "not Latin-1", "zero", "space", "surrogate", "too long"],
)
def test_text_that_a_png_cannot_hold_is_refused(text):
    with pytest.raises(InputError, match="text"):
        png_bytes(as_images(NOISE), text)


def test_foreign_text_is_bounded(tmp_path):
    for compressed in (True, False):
        info = PngImagePlugin.PngInfo()
        for key in "abc":
            info.add_text(key, "x" * 900_000, zip=compressed)
        with pytest.raises(InputError, match="at most 1,000,000"):
            read_text(save(tmp_path / "a.png", NOISE, pnginfo=info))
    info.add_text("bomb", "x" * 50_000_000, zip=True)
    path = save(tmp_path / "a.png", NOISE, pnginfo=info)
    for read in (read_text, read_image):
        with pytest.raises(InputError, match="too large"):
            read(path)


# What users and attackers pass


def png(h, w, *chunks, bits=8, kind=2):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*each) for each in chunks) + chunk(b"IEND", b"")


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
    "dot.png": (encoded("PNG", NOISE[:1, :1]), "is 1 x 1 pixels: every side must have at least 8"),
    "line.png": (encoded("PNG", NOISE[:7]), "is 32 x 7 pixels"),
    "none.png": (png(0, 0), ANY),
    "forged.png": (png(30_000, 30_000), "at most 100 megapixels are read; scale it down"),
    "forged-most.png": (png(2**31 - 1, 2**31 - 1), "at most 100 megapixels"),
    "forged-warned.png": (png(10_000, 10_001), "10001 x 10000 pixels: at most 100 megapixels"),
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
    for read in (read_image, lambda path: read_mask(path, (24, 32)), load):
        if read is load and path.suffix == ".pfm":
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
        pytest.param(np.zeros((0, 0, 3), np.uint8), "is 0 x 0 pixels", id="no pixels"),
        pytest.param(np.zeros((7, 8, 3), np.uint8), "is 8 x 7 pixels", id="too small"),
        pytest.param(torch.zeros(8, 8, 3), r"tensor of shape \(8, 8, 3\): give \[3, h, w\]", id="channels last"),
        pytest.param(torch.zeros(0, 3, 8, 8), "tensor of shape", id="empty batch"),
        pytest.param(torch.zeros(1, 1, 3, 8, 8), "tensor of shape", id="five axes"),
        pytest.param(Image.new("RGB", (4, 4)), "is 4 x 4 pixels", id="small PIL image"),
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
        ({"size": 7}, "size = 7 must have sides of at least 8"),
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
    with pytest.raises(InputError, match="32 x 24 pixels cannot be cut to multiples of 64: give a size"):
        as_images(NOISE, Fit(multiple=64))


def test_a_pil_image_is_left_alone():
    picture = Image.fromarray(NOISE)
    picture.info["dpi"] = (72, 72)
    as_images(picture, Fit(16))
    assert picture.info == {"dpi": (72, 72)}
    assert picture.size == (32, 24)
