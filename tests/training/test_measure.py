import pytest
import torch

from training.compose import Pictures, generator, paint
from training.heldout import heldout
from training.icons import icons
from training.measure import found, on_background, seen_pictures, unseen_pairs


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
    return pixels


def test_a_true_picture_is_found_and_a_false_one_is_not(drawings):
    known = Pictures().known[:40]
    pictures = [picture for picture in seen_pictures(596, 0) if picture.icon in known][:8]
    images = paint(drawings, pictures)
    assert all(found(images, pictures, drawings, known))
    assert all(on_background(images, pictures, drawings))
    assert not all(found(images.roll(1, 0), pictures, drawings, known))
    assert not all(on_background(images.roll(1, 0), pictures, drawings))


def test_what_is_measured_is_seen_or_was_held_out():
    assert not any(picture in heldout() for picture in seen_pictures(200, 0))
    pairs = unseen_pairs(100, 0)
    assert len(set(pairs)) == 100
    assert all(picture in heldout() for picture in pairs)
