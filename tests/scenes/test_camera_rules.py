"""Rules that draw cameras: their ranges, their spread, and the same seed the same cameras."""

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.scenes.camera_rules import Among, Orbit
from potstill.scenes.cameras import ring


def test_an_orbit_stays_in_its_ranges_and_spreads_over_them():
    rule = Orbit(azimuth=(0.0, 90.0), elevation=(-5.0, 40.0), distance=(2.0, 3.0), fov=(30.0, 60.0))
    cameras = rule(64, Generator().manual_seed(0))
    low, high = cameras.elevation.aminmax()
    assert -5 <= low < 5
    assert 30 < high <= 40
    distance = cameras.position.norm(dim=1)
    assert 2 <= distance.min() < 2.2
    assert 2.8 < distance.max() <= 3
    part = (cameras.azimuth / 90 * 64).floor()
    assert part.tolist() == list(range(64))


def test_the_same_seed_draws_the_same_cameras():
    for rule in (Orbit(jitter=0.1), Among(ring(6))):
        first, second = (rule(3, Generator().manual_seed(1)) for _ in range(2))
        assert torch.equal(first.world_to_camera, second.world_to_camera)


def test_jitter_moves_the_camera_by_no_more_than_it_says():
    still, moved = (Orbit(jitter=jitter)(50, Generator().manual_seed(0)) for jitter in (0.0, 0.1))
    way = (still.position - moved.position).abs()
    assert 0.08 < way.max() <= 0.1001
    tilt = (still.world_to_camera - moved.world_to_camera)[:, 2, :3].norm(dim=1)
    assert 0.02 < tilt.mean() < 0.3


def test_a_fixed_set_is_drawn_without_replacement():
    rule, rng = Among(ring(6)), Generator().manual_seed(0)
    assert sorted(rule(6, rng).index.tolist()) == list(range(6))
    again = Among(ring(6).numbered()[[4, 5]])(2, rng)
    assert sorted(again.index.tolist()) == [4, 5]
    assert torch.equal(again.world_to_camera, ring(6).world_to_camera[again.index])
    with pytest.raises(InputError, match="views = 7 must be a whole number from 1 to 6"):
        rule(7, rng)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"azimuth": (10.0, -10.0)}, "azimuth from 10.0 to -10.0 must satisfy"),
        ({"fov": (0.0, 40.0)}, "fov from 0.0 to 40.0 must satisfy"),
        ({"distance": (float("nan"), 3.0)}, "distance from nan to 3.0"),
        ({"jitter": -1.0}, "jitter = -1.0 must be"),
        ({"width": 0}, "width = 0 must be"),
    ],
)
def test_what_is_no_rule_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        Orbit(**change)
