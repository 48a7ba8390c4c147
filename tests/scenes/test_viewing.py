"""How a 3-D scene is looked at: views, backgrounds and the codec."""

import pytest
import torch
from torch import Generator

from potstill.diffusion.codec import PixelUnshuffle
from potstill.errors import InputError
from potstill.scenes import Among, Gaussians, Orbit, RandomColour, SolidColour, Viewing, ring

SMALL = Orbit(width=8, height=8)


def test_a_view_holds_a_row_for_each_camera():
    view = Viewing(Among(ring(4, size=8)), views=3, background=RandomColour())(Generator().manual_seed(0))
    assert set(view) == {"world_to_camera", "intrinsics", "size", "azimuth", "elevation", "index", "background"}
    assert all(len(value) == 3 for value in view.values())
    assert len(view["background"].unique(dim=0)) == 3


def test_the_background_shows_where_the_object_is_not():
    scene = Gaussians.ball(20, 0.3, Generator().manual_seed(0), Viewing(SMALL))
    dark, light = (scene.pictures(ring(2, size=8), SolidColour(*[level] * 3)) for level in (0.0, 1.0))
    assert torch.allclose(light[:, :, 0, 0], torch.tensor(1.0))
    assert dark[:, :, 0, 0].max() == 0
    opacity = scene.shade(ring(2, size=8).view())[1]
    assert torch.allclose(light - dark, (1 - opacity).expand(-1, 3, -1, -1), atol=1e-6)


def test_the_render_is_the_encoding_of_the_pictures():
    scene = Gaussians.ball(20, 0.5, Generator().manual_seed(0), Viewing(SMALL, codec=PixelUnshuffle(2)))
    view = scene.view(Generator().manual_seed(1))
    assert scene(view).shape == (2, 12, 4, 4)
    assert torch.equal(scene(view), scene.viewing.codec.encode(scene.render(view)))


def test_views_of_a_step_are_what_single_views_are():
    scene = Gaussians.ball(40, 0.6, Generator().manual_seed(0), Viewing(SMALL, views=3, background=RandomColour()))
    view = scene.view(Generator().manual_seed(1))
    whole = scene(view)
    for row in range(3):
        one = scene({name: value[row : row + 1] for name, value in view.items()})
        assert torch.allclose(one[0], whole[row], atol=1e-6)


def test_what_is_no_viewing_is_refused():
    with pytest.raises(InputError, match="views = 0 must be"):
        Viewing(views=0)
    with pytest.raises(InputError, match=r"red = 1.5 must be"):
        SolidColour(red=1.5)
