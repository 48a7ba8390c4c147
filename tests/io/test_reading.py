"""Pictures of every kind are read as what they show."""

import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from potstill.errors import InputError
from potstill.io.decode import open_image
from potstill.io.images import as_images, png_bytes, read_image, to_pil
from potstill.io.resize import Fit
from tests.io.samples import NOISE, RAMP, levels, png, save


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
    assert open_image(path).size == (32, 24)
    assert np.array_equal(levels(as_images(open_image(path))), NOISE)
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
