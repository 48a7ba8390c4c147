from pathlib import Path

import pytest
import torch

from tests.tiny_emoji import tiny_emoji
from training.captions import Thing
from training.compose import generator, known, paint
from training.data import Drawings, load
from training.heldout import heldout
from training.icons import Icon, icons
from training.measure import (
    LEVELS,
    candidates_of,
    denoising,
    found,
    on_background,
    relative,
    seen_pictures,
    unseen_pairs,
    unseen_variants,
    worn,
)

DRAWINGS = Path("build/emoji/icons.safetensors")


@pytest.fixture(scope="module")
def drawings():
    """Every drawing is an ellipse with its own size, place and colour."""
    rng = generator(0)
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    pixels = torch.zeros(len(icons()), 4, 64, 64, dtype=torch.uint8)
    for drawing in pixels:
        a, b, u, v = torch.rand(4, generator=rng) * 16 + 12
        inside = ((x - 20 - a / 2) / a) ** 2 + ((y - 20 - b / 2) / b) ** 2 < 1
        drawing[:3] = torch.randint(256, (3, 1, 1), generator=rng, dtype=torch.uint8)
        drawing[1, int(u) :, int(v) :] = 0
        drawing[3] = 255 * inside
    return Drawings(pixels, {Thing(icon): index for index, icon in enumerate(icons())}, {})


def test_a_true_picture_is_found_and_a_false_one_is_not(drawings):
    few = known()[:40]
    pictures = [picture for picture in seen_pictures(596, 0) if picture.icon in few][:8]
    images = worn(paint(drawings, pictures), 0)
    candidates = candidates_of(pictures, drawings, few)
    assert all(found(images, pictures, candidates))
    assert all(on_background(images, pictures, drawings))
    assert not all(found(images.roll(1, 0), pictures, candidates))
    assert not all(on_background(images.roll(1, 0), pictures, drawings))


def test_what_is_measured_is_seen_or_was_held_out():
    assert not any(picture in heldout() for picture in seen_pictures(200, 0))
    pairs = unseen_pairs(100, 0)
    assert len(set(pairs)) == 100
    assert all(picture in heldout() for picture in pairs)


def test_a_held_out_variant_is_compared_with_its_relative():
    unseen, relatives = unseen_variants(1_000, 0)
    assert {one.icon.key for one in unseen} == heldout().variants
    for one, other in zip(unseen, relatives, strict=True):
        assert other.icon.key not in heldout().variants
        assert other.icon.concept == one.icon.concept or other.icon.concept.split("-")[-1] in one.icon.concept
    assert relative(Icon("noto", "waving-hand", "dark")).concept == "waving-hand"


def test_what_wears_a_picture_keeps_its_mean():
    images = torch.full((2, 3, 64, 64), 0.5)
    assert worn(images, 0).mean().item() == pytest.approx(0.5, abs=1e-3)
    assert worn(images, 0).std().item() == pytest.approx(0.05, rel=0.02)


def test_denoising_is_the_error_of_x0(drawings, monkeypatch):
    prior = tiny_emoji()
    pictures = seen_pictures(60, 0)
    x0 = prior.codec.encode(paint(drawings, pictures))
    monkeypatch.setattr(type(prior), "output", lambda self, x_t, t, condition: torch.full_like(x_t, 0.25))
    expected = (x0 - 0.25).square().mean().item()
    assert denoising(prior, drawings, pictures, 0) == pytest.approx(dict.fromkeys(map(str, LEVELS), expected))


@pytest.mark.skipif(not DRAWINGS.exists(), reason="no drawings: `make model-data` fetches them")
def test_the_true_drawings_are_found_though_blurred_and_noisy():
    drawings = load(DRAWINGS)
    pictures = [one for one in seen_pictures(596, 0) if one.background == "yellow"]
    images, candidates = worn(paint(drawings, pictures), 0), candidates_of(pictures, drawings, known())
    assert sum(found(images, pictures, candidates)) >= len(pictures) - 1
    assert sum(found(images.roll(1, 0), pictures, candidates)) <= 3
    assert sum(on_background(images, pictures, drawings)) == len(pictures)
