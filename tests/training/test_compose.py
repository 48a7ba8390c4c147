import pytest
import torch

from training.captions import BACKGROUNDS, PLACES, SIZES, Picture, Thing
from training.compose import NO_CAPTION, SMALL, TWO, Pictures, generator, paint, say
from training.data import Drawings
from training.heldout import unseen_colour
from training.icons import icons
from training.model import build_tokenizer

ICON = icons()[7]
COLOURED = icons()[700]
COLOUR = next(colour for colour in BACKGROUNDS if not unseen_colour(COLOURED.concept, colour))


@pytest.fixture(scope="module")
def drawings():
    """Every drawing is a half-covering red, and ICON is an opaque one with a hole in the middle."""
    pixels = torch.zeros(len(icons()), 4, 64, 64, dtype=torch.uint8)
    pixels[:, 0] = 255
    pixels[:, 3] = 51
    pixels[7, 3] = 255
    pixels[7, 3, 24:40, 24:40] = 0
    variants = torch.full((1, 4, 64, 64), 255, dtype=torch.uint8)
    places = {thing: index for index, thing in enumerate([*map(Thing, icons()), Thing(COLOURED, COLOUR)])}
    return Drawings(torch.cat([pixels, variants]), places, {ICON: "red"})


def test_the_background_shows_where_the_drawing_does_not_cover(drawings):
    image = paint(drawings, [Picture(ICON, "blue")])[0]
    blue = torch.tensor(BACKGROUNDS["blue"]) / 255
    torch.testing.assert_close(image[:, 32, 32], blue)
    torch.testing.assert_close(image[:, 0, 0], torch.tensor([1.0, 0.0, 0.0]))
    veil = paint(drawings, [Picture(icons()[0], "blue")])[0, :, 5, 5]
    torch.testing.assert_close(veil, 0.2 * torch.tensor([1.0, 0.0, 0.0]) + 0.8 * blue)


@pytest.mark.parametrize(("size", "place"), [(size, place) for size in SIZES for place in PLACES])
def test_a_smaller_picture_is_the_big_one_at_its_place_in_fewer_pixels(drawings, size, place):
    big, smaller = paint(drawings, [Picture(ICON, "green"), Picture(ICON, "green", place, size=size)])
    pixels = SIZES[size]
    room = 64 - pixels
    top = 0 if "top" in place else room if "bottom" in place else room // 2
    left = 0 if "left" in place else room if "right" in place else room // 2
    found = smaller[:, top : top + pixels, left : left + pixels]
    if size == "small":
        torch.testing.assert_close(found, torch.nn.functional.avg_pool2d(big, 2))
    torch.testing.assert_close(found.mean((1, 2)), big.mean((1, 2)), atol=0.02, rtol=0)
    outside = torch.ones(64, 64, dtype=torch.bool)
    outside[top : top + pixels, left : left + pixels] = False
    green = torch.tensor(BACKGROUNDS["green"]) / 255
    torch.testing.assert_close(smaller[:, outside], green[:, None].expand(3, int(outside.sum())))


@pytest.mark.parametrize(
    ("relation", "half"), [("left", (0, 0)), ("right", (0, 32)), ("above", (0, 0)), ("below", (32, 0))]
)
def test_two_things_are_where_the_relation_says(drawings, relation, half):
    image = paint(drawings, [Picture(ICON, "green", relation=relation, other=Thing(COLOURED, COLOUR))])[0]
    y, x = (half[0], 16) if relation in ("above", "below") else (16, half[1])
    small = paint(drawings, [Picture(ICON, "green", "middle")])[0, :, 16:48, 16:48]
    torch.testing.assert_close(image[:, y : y + 32, x : x + 32], small)
    y, x = (32 - half[0], 16) if relation in ("above", "below") else (16, 32 - half[1])
    torch.testing.assert_close(image[:, y : y + 32, x : x + 32], torch.ones(3, 32, 32))  # the variant is all white


def test_the_same_seed_draws_the_same_and_another_seed_another(drawings):
    one, same, other = (Pictures(drawings).draw(20, generator(*seed)) for seed in ((3, 1), (3, 1), (3, 2)))
    assert one == same != other


def test_shares_of_small_double_white_and_silent_pictures(drawings):
    rng = generator(1)
    pictures = Pictures(drawings).draw(2_000, rng)
    captions = [say(picture, drawings, rng) for picture in pictures]
    assert sum(bool(picture.place) for picture in pictures) / 2_000 == pytest.approx(SMALL, abs=0.03)
    assert sum(bool(picture.other) for picture in pictures) / 2_000 == pytest.approx(TWO, abs=0.03)
    assert captions.count("") / 2_000 == pytest.approx(NO_CAPTION, abs=0.03)
    for picture, words in zip(pictures, captions, strict=True):
        if words and "background" not in words:
            assert picture.background == "white"


def test_every_caption_is_in_words_that_the_model_has(drawings):
    rng, tokenizer = generator(4), build_tokenizer()
    for picture in Pictures(drawings).draw(500, rng):
        words = say(picture, drawings, rng).replace("unheard", "")
        assert tokenizer.unk_token_id not in tokenizer(words).input_ids, words


def test_nothing_is_painted_on_its_own_colour(drawings):
    for picture in Pictures(drawings).draw(1_000, generator(2)):
        for thing in picture.things:
            assert picture.background == "white" or picture.background not in (
                thing.colour,
                *thing.icon.concept.split("-"),
            )
