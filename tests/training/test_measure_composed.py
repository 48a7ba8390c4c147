import torch

from training.captions import BACKGROUNDS, PLACES, Picture, Thing
from training.compose import generator, known, paint
from training.data import Drawings
from training.heldout import heldout
from training.icons import icons
from training.measure_composed import at_places, in_colours, nearest, unseen_colours, unseen_places


def drawings() -> Drawings:
    """Two drawings, in their own colour and in three others; all other icons look like the first."""
    y, x = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    disc = (((x - 32) ** 2 + (y - 32) ** 2 < 400) * 255).byte()
    square = (((x - 30).abs() < 14) & ((y - 36).abs() < 20)).byte() * 255
    base = [torch.stack([torch.full((64, 64), 128, dtype=torch.uint8)] * 3 + [cover]) for cover in (disc, square)]
    icon_of = {icon: index % 2 for index, icon in enumerate(icons())}
    variants, things = [], []
    for icon in icons()[:200]:
        for colour in ("red", "green", "blue"):
            rgb = torch.tensor(BACKGROUNDS[colour], dtype=torch.uint8)[:, None, None].expand(3, 64, 64)
            variants.append(torch.cat([rgb, base[icon_of[icon]][3:]]))
            things.append(Thing(icon, colour))
    pixels = torch.stack([base[icon_of[icon]] for icon in icons()])
    places = {thing: index for index, thing in enumerate([*map(Thing, icons()), *things])}
    return Drawings(torch.cat([pixels, torch.stack(variants)]), places, {})


def test_what_is_measured_was_held_out():
    shown = drawings()
    coloured, placed = unseen_colours(shown, 30, 1), unseen_places(50, 1)
    assert len(coloured) == 30
    assert len(set(placed)) == 50
    assert all(picture in heldout() for picture in (*coloured, *placed))
    assert all(picture.colour != picture.background for picture in coloured)


def test_the_true_pictures_have_the_right_colour_and_place_and_others_have_not():
    shown, rng = drawings(), generator(0)
    coloured, placed = unseen_colours(shown, 20, 1), unseen_places(20, 1)
    for pictures, candidates in (
        (coloured, [in_colours(picture, shown) for picture in coloured]),
        (placed, [at_places(picture) for picture in placed]),
    ):
        images = paint(shown, pictures)
        noisy = (images + 0.05 * torch.randn(images.shape, generator=rng)).clamp(0, 1)
        assert nearest(noisy, candidates, shown) == pictures
        wrong = [next(one for one in row if one != picture) for row, picture in zip(candidates, pictures, strict=True)]
        assert nearest(paint(shown, wrong), candidates, shown) == wrong
    assert len(at_places(Picture(known()[0], place="left"))) == len(PLACES)
