import pytest
import torch

from potstill.errors import InputError
from potstill.worlds.toys.bank import FOLDER, ToyBank, smoothed, split_planes


def test_the_bank_is_small_and_holds_what_it_says():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 4_000_000
    bank = ToyBank()
    assert len({toy.kind for toy in bank.classes}) >= 12
    assert bank.variants >= 4
    assert len(bank.cameras) >= 72
    assert bank.cameras.index.tolist() == [*range(len(bank.cameras))]
    assert all(len({toy.colour for toy in bank.classes if toy.kind == kind}) >= 2 for kind in ("teapot", "owl"))
    pictures = bank.pictures(0)
    assert pictures.shape == (len(bank.classes), bank.variants, 3, 64, 64)
    flat = pictures.flatten(0, 1).flatten(1).double()
    apart = torch.cdist(flat, flat) + 1e9 * torch.eye(len(flat), dtype=torch.float64)
    assert apart.min() / 255 > 10 * 0.05 / 2, "some toys look the same: within ten widths of the noise"


def test_the_corners_are_background_and_the_colours_those_of_the_palette():
    bank = ToyBank(kinds=("teapot",))
    red, blue = bank.pictures(24).double() / 255  # the front
    for toy, pictures in zip(bank.classes, (red, blue), strict=True):
        palette = {name: torch.tensor(ink, dtype=torch.float64) for name, ink in bank.palette(toy).items()}
        assert torch.allclose(pictures[:, :, 0, 0], palette["background"], atol=0.5 / 255)
        body = pictures[:, :, 34, 32]
        shade = (body @ palette["main"]) / palette["main"].square().sum()
        assert torch.allclose(body, shade[:, None] * palette["main"], atol=2 / 255)
        assert (shade > 0.5).all()
        assert (shade <= 1).all()


def test_left_is_left():
    """The spout of the teapot is on its left: on the right of the picture from the front, on the left from behind."""
    bank = ToyBank(kinds=("teapot",))
    background = torch.tensor(bank.palette(bank.classes[0])["background"])[:, None, None]
    higher = []
    for camera in (24, 36):
        covered = (bank.pictures(camera)[0, 0].float() / 255 - background).abs().amax(0) > 0.02
        row, column = covered.nonzero().unbind(1)
        left, right = (row[abs(column - end) < 3].float().mean() for end in (column.min(), column.max()))
        higher.append("right" if right < left - 2 else "left" if left < right - 2 else "neither")
    assert bank.cameras.azimuth[[24, 36]].abs().tolist() == pytest.approx([0, 180], abs=1e-3)
    assert higher == ["right", "left"], "the spout ends higher than the handle"


def test_smaller_pictures_are_the_same_views():
    large, small = ToyBank(kinds=("car",)), ToyBank(size=16, kinds=("car",))
    mean = torch.nn.functional.avg_pool2d(large.pictures(5)[0].float(), 4)
    assert (mean - small.pictures(5)[0].float()).abs().mean() < 6


def test_smoothing_adds_the_variance_it_should():
    point = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    point[0, 0, 4, 4] = 1
    blurred = smoothed(point.expand(1, 3, 9, 9))[0, 0]
    place = torch.arange(9, dtype=torch.float64) - 4
    assert blurred.sum() == pytest.approx(1)
    assert (blurred.sum(0) * place**2).sum() == pytest.approx(0.3 - 1 / 12)
    flat = torch.full((1, 3, 5, 5), 0.25, dtype=torch.float64)
    assert torch.allclose(smoothed(flat), flat)


@pytest.mark.parametrize("count", range(2, 9))
def test_planes_are_split_once_each(count):
    groups = split_planes(count)
    assert [plane for group in groups for plane in group] == [*range(count)]
    assert max(map(len, groups)) <= 3


def test_what_is_no_bank_is_refused():
    for wrong in ({"size": 48}, {"size": 0}):
        with pytest.raises(InputError, match="must divide 64"):
            ToyBank(**wrong)
    with pytest.raises(InputError, match="unknown kind of toy 'tepot'"):
        ToyBank(kinds=("tepot",))
