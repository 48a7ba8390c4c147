"""How a picture comes to its size."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from potstill.io.images import as_images
from potstill.io.resize import Fit
from tests.io.samples import NOISE, RNG, levels


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
