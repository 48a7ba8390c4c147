"""Masks: where to edit."""

import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from potstill.errors import InputError, Note
from potstill.io.decode import open_image
from potstill.io.images import as_images, read_mask
from potstill.io.resize import Fit
from tests.io.samples import save


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
    picture, fit = open_image(path), Fit(16)
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
        pytest.param(HALF, (16, 17), Fit(), "is 16x16 pixels and its picture 17x16", id="another size"),
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
        pytest.param(stack(HALF, ZERO, ZERO), (16, 16), Fit(), "has the colour #ff0000 at column 8, row 0", id="red"),
        pytest.param(stack(HALF, HALF, GREY), (16, 16), Fit(), "save it in greys, or paint in one colour", id="tinted"),
        pytest.param(stack(HALF, ZERO, GREY, HALF), (16, 16), Fit(), "has the colour #ff00", id="colours and alpha"),
        pytest.param(HALF // 255, (16, 16), Fit(), "has levels from 0 to 1, and white is 255: multiply", id="labels"),
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


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        pytest.param(HALF // 2, "is nowhere lighter than 50% white, so at most 50% of a change shows", id="half"),
        pytest.param(FULL, "is white all over, so everything is edited", id="white"),
        pytest.param(
            stack(FULL, ZERO, ZERO, HALF), "opaque pixels are edited, transparent ones kept", id="red strokes"
        ),
        pytest.param(stack(GREY, GREY, GREY, HALF), "has transparent pixels, which are kept", id="grey and alpha"),
    ],
)
def test_how_a_mask_is_read_is_said_where_there_is_a_choice(mask, said):
    with pytest.warns(Note, match=said):
        read_mask(mask, (16, 16))


@pytest.mark.parametrize("mask", [HALF, GREY, stack(HALF, HALF, HALF), stack(HALF, HALF, HALF, FULL), HALF > 0])
def test_nothing_is_said_of_an_ordinary_mask(mask):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_mask(mask, (16, 16))


def test_a_grey_mask_may_come_from_a_jpeg(tmp_path):
    path = save(tmp_path / "m.jpg", np.stack([disc(64, 64)] * 3, -1), quality=60)
    assert read_mask(path, (64, 64)).max() > 0.98
