"""The text that a PNG carries."""

import numpy as np
import pytest
from PIL import PngImagePlugin

from potstill.errors import InputError
from potstill.io.images import as_images, png_bytes, read_image, read_text
from tests.io.samples import NOISE, levels, save


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
