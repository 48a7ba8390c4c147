import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from training.data import draw, load
from training.icons import Icon, concepts, icons

PACK = {
    "width": 32,
    "height": 32,
    "icons": {
        "square": {"body": '<path fill="#f00" d="M0 0h16v32H0z"/>'},
        "wide": {"body": '<path fill="#00f" d="M0 0h32v16H0z"/>', "height": 16},
    },
}


def test_an_icon_is_drawn_as_its_svg_says():
    picture = draw(PACK, "square", 8)
    assert picture.shape == (8, 8, 4)
    np.testing.assert_array_equal(picture[:, :4], np.broadcast_to([255, 0, 0, 255], (8, 4, 4)))
    assert (picture[:, 4:, 3] == 0).all()


def test_an_icon_that_is_not_square_keeps_its_shape_in_the_middle():
    cover = draw(PACK, "wide", 8)[..., 3]
    assert (cover[2:6] == 255).all()
    assert (cover[[0, 1, 6, 7]] == 0).all()


def test_the_packs_spell_skin_tones_differently():
    assert Icon("fluent", "waving-hand", "dark").source_name == "waving-hand-dark"
    assert Icon("noto", "waving-hand", "dark").source_name == "waving-hand-dark-skin-tone"
    assert Icon("noto", "man-red-hair", "dark").source_name == "man-dark-skin-tone-red-hair"
    assert Icon("fluent", "man-red-hair", "dark").source_name == "man-red-hair-dark"
    assert Icon("noto", "pizza").key == "noto/pizza"


def test_the_list_has_every_icon_once_and_in_both_styles():
    assert len(set(icons())) == len(icons())
    for style in ("fluent", "noto"):
        assert {icon.concept for icon in icons() if icon.style == style} == set(concepts())


def test_drawings_of_other_icons_are_refused_with_the_fix(tmp_path):
    with pytest.raises(FileNotFoundError, match="make model-data"):
        load(tmp_path / "icons.safetensors")
    pixels = torch.zeros(1, 4, 64, 64, dtype=torch.uint8)
    save_file({"pixels": pixels}, tmp_path / "icons.safetensors", {"keys": json.dumps(["noto/pizza"])})
    with pytest.raises(ValueError, match="make model-data"):
        load(tmp_path / "icons.safetensors")
