import pytest
import torch
import torch.nn.functional as F

from potstill.errors import InputError
from potstill.methods.finish import GuidedFilter, TwoScales, Untouched, box_mean, fitted

MIX = torch.tensor([[0.1, 0.2, 0.6], [0.5, 0.1, 0.1], [0.2, 0.6, 0.1]], dtype=torch.float64)


@pytest.fixture
def source():
    """Flat colours with sharp outlines, 48x64."""
    rng = torch.Generator().manual_seed(0)
    cells = torch.rand(1, 3, 6, 8, generator=rng, dtype=torch.float64)
    return F.interpolate(cells, scale_factor=8, mode="nearest")


@pytest.fixture
def recoloured(source):
    return torch.einsum("ij,bjhw->bihw", MIX, source) + 0.05


def rms(one, other):
    return float((one - other).square().mean().sqrt())


def test_box_mean_is_the_mean_over_the_window_with_repeated_borders():
    planes = torch.rand(2, 3, 7, 9, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = box_mean(planes, 2)
    rows, columns = torch.arange(-2, 3).tile(2, 1)
    for y, x in ((0, 0), (3, 4), (6, 8)):
        window = planes[:, :, (y + rows).clamp(0, 6)][:, :, :, (x + columns).clamp(0, 8)]
        torch.testing.assert_close(found[:, :, y, x], window.mean((2, 3)))


def test_the_fit_is_the_mean_of_least_squares_in_every_window():
    rng = torch.Generator().manual_seed(2)
    guide, values = torch.rand(2, 1, 3, 11, 11, generator=rng, dtype=torch.float64)
    found = fitted(guide, values, 1, eps=1e-12)[0, :, 5, 5]
    fits = []
    for y in (4, 5, 6):
        for x in (4, 5, 6):
            window = (..., slice(y - 1, y + 2), slice(x - 1, x + 2))
            colours = torch.cat([guide[window].reshape(3, 9), torch.ones(1, 9, dtype=torch.float64)]).T
            solution = torch.linalg.lstsq(colours, values[window].reshape(3, 9).T).solution
            fits.append(torch.cat([guide[0, :, 5, 5], torch.ones(1, dtype=torch.float64)]) @ solution)
    torch.testing.assert_close(found, torch.stack(fits).mean(0), rtol=1e-6, atol=1e-6)


def test_an_affine_change_of_colours_stays(source, recoloured):
    assert rms(GuidedFilter(still=0.0)(recoloured, source), recoloured) < 2e-4


def test_blur_and_noise_of_a_recoloured_picture_go(source, recoloured):
    rng = torch.Generator().manual_seed(3)
    blurred = box_mean(recoloured, 1) + 0.02 * torch.randn(recoloured.shape, generator=rng, dtype=torch.float64)
    assert rms(blurred, recoloured) > 0.05
    assert rms(GuidedFilter(tolerance=0.1)(blurred, source), recoloured) < 0.6 * rms(blurred, recoloured)


def test_small_changes_are_undone_to_the_bit(source):
    rng = torch.Generator().manual_seed(4)
    near = (source + 0.039 * (2 * torch.rand(source.shape, generator=rng) - 1)).clamp(0, 1).float()
    assert torch.equal(GuidedFilter()(near, source.float()), source.float())
    assert torch.equal(GuidedFilter()(source.float(), source.float()), source.float())


def test_what_the_colours_of_the_source_cannot_explain_stays():
    source = torch.full((1, 3, 64, 64), 0.9, dtype=torch.float64)
    moved = source.clone()
    source[..., 8:24, 8:24], moved[..., 40:56, 40:56] = 0.1, 0.1
    found = GuidedFilter()(moved, source)
    assert rms(found[..., 36:60, 36:60], moved[..., 36:60, 36:60]) < 1e-3


def test_flips_colours_and_batches_commute(source, recoloured):
    blurred, finish = box_mean(recoloured, 1), GuidedFilter()
    found = finish(blurred, source)
    for each in (lambda x: x.flip(3), lambda x: x.flip(2), lambda x: x.flip(1)):
        torch.testing.assert_close(finish(each(blurred), each(source)), each(found))
    both = finish(torch.cat([blurred, source]), source)
    torch.testing.assert_close(both[:1], found)
    torch.testing.assert_close(both[1:], source)


def test_untouched_is_the_identity(source, recoloured):
    assert Untouched()(recoloured, source) is recoloured


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"radius": 0.0}, "radius = 0.0 must be above 0 and at most 0.5"),
        ({"radius": 0.6}, "radius = 0.6"),
        ({"tolerance": 0.0}, "tolerance = 0.0 must be above 0"),
        ({"still": 1.0}, "still = 1.0 must be at least 0 and below 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        GuidedFilter(**settings)


def test_wide_windows_average_the_noise_that_narrow_ones_leave(source, recoloured):
    rng = torch.Generator().manual_seed(5)
    noisy = recoloured + 0.05 * torch.randn(recoloured.shape, generator=rng, dtype=torch.float64)
    two = TwoScales()
    narrow, both = two.narrow(noisy, source), two(noisy, source)
    assert rms(both, recoloured) < 0.8 * rms(narrow, recoloured)
    torch.testing.assert_close(both, two.wide(narrow, source))


def test_two_scales_keep_what_differs_from_place_to_place(source):
    """Where two halves change differently, one fit for both is wrong, and the narrow windows' result stays."""
    halves = torch.cat([source[..., :32] * 0.5, 1 - source[..., 32:]], -1)
    two = TwoScales()
    away = torch.ones_like(source, dtype=torch.bool)
    away[..., 20:44] = False  # the seam
    assert rms(two(halves, source)[away], halves[away]) < 0.05
    assert torch.equal(two(source, source), source)
