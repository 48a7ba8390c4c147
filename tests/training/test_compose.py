import pytest
import torch

from training.captions import BACKGROUNDS, Picture
from training.compose import NO_CAPTION, SMALL, Pictures, generator, paint, say
from training.icons import icons

ICON = icons()[7]


@pytest.fixture(scope="module")
def drawings():
    """Every drawing is a half-covering red, and ICON is an opaque one with a hole in the middle."""
    pixels = torch.zeros(len(icons()), 4, 64, 64, dtype=torch.uint8)
    pixels[:, 0] = 255
    pixels[:, 3] = 51
    pixels[7, 3] = 255
    pixels[7, 3, 24:40, 24:40] = 0
    return pixels


def test_the_background_shows_where_the_drawing_does_not_cover(drawings):
    image = paint(drawings, [Picture(ICON, "blue")])[0]
    blue = torch.tensor(BACKGROUNDS["blue"]) / 255
    torch.testing.assert_close(image[:, 32, 32], blue)
    torch.testing.assert_close(image[:, 0, 0], torch.tensor([1.0, 0.0, 0.0]))
    veil = paint(drawings, [Picture(icons()[0], "blue")])[0, :, 5, 5]
    torch.testing.assert_close(veil, 0.2 * torch.tensor([1.0, 0.0, 0.0]) + 0.8 * blue)


@pytest.mark.parametrize(
    ("place", "corner"),
    [("left", (16, 0)), ("right", (16, 32)), ("top", (0, 16)), ("bottom", (32, 16)), ("middle", (16, 16))],
)
def test_a_small_picture_is_the_averaged_big_one_at_its_place(drawings, place, corner):
    big, small = paint(drawings, [Picture(ICON, "green"), Picture(ICON, "green", place)])
    top, left = corner
    found = small[:, top : top + 32, left : left + 32]
    torch.testing.assert_close(found, torch.nn.functional.avg_pool2d(big, 2))
    outside = torch.ones(64, 64, dtype=torch.bool)
    outside[top : top + 32, left : left + 32] = False
    green = torch.tensor(BACKGROUNDS["green"]) / 255
    torch.testing.assert_close(small[:, outside], green[:, None].expand(3, int(outside.sum())))


def test_the_same_seed_draws_the_same_and_another_seed_another():
    one, same, other = (Pictures().draw(20, generator(*seed)) for seed in ((3, 1), (3, 1), (3, 2)))
    assert one == same != other


def test_shares_of_small_white_and_silent_pictures():
    rng = generator(1)
    pictures = Pictures().draw(2_000, rng)
    captions = [say(picture, rng) for picture in pictures]
    assert sum(map(bool, (picture.place for picture in pictures))) / 2_000 == pytest.approx(SMALL, abs=0.03)
    assert captions.count("") / 2_000 == pytest.approx(NO_CAPTION, abs=0.03)
    for picture, words in zip(pictures, captions, strict=True):
        if words and "background" not in words:
            assert picture.background == "white"


def test_nothing_is_painted_on_its_own_colour():
    for picture in Pictures().draw(1_000, generator(2)):
        assert picture.background == "white" or picture.background not in picture.icon.concept.split("-")
