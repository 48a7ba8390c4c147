import pytest
import torch

from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.measures import front_pixels, janus, measure_toy, nearest_toy, toys

BANK = ToyBank(size=32, kinds=("teapot", "snowman", "duck", "owl"))
CLASSES = [toy.caption for toy in BANK.classes]


def one(caption):
    return torch.tensor([caption == each for each in CLASSES])


def test_a_toy_is_itself():
    truth = toys(BANK, one("red teapot"))
    metrics = measure_toy(BANK, truth[2], one("red teapot"))
    assert metrics.psnr == pytest.approx(120)
    assert metrics.agreement == 1
    assert metrics.relative_error is None
    assert metrics.janus is None
    noisy = truth[2] + 0.01
    assert measure_toy(BANK, noisy, one("red teapot")).psnr == pytest.approx(40)
    assert torch.equal(nearest_toy(BANK, noisy, one("red teapot")), truth[2])


def test_views_that_disagree_are_counted():
    truth = toys(BANK, one("red teapot"))
    mixed = truth[0].clone()
    mixed[:18] = truth[3][:18]
    assert measure_toy(BANK, mixed, one("red teapot")).agreement == pytest.approx(0.75)


def test_the_relative_error_of_nothing_is_1_and_of_the_answer_0():
    source, answer = toys(BANK, one("red teapot"))[0], toys(BANK, one("blue teapot"))[0]
    for share in (0.0, 0.3, 1.0):
        metrics = measure_toy(BANK, source.lerp(answer, share), one("blue teapot"), (source, answer))
        assert metrics.relative_error == pytest.approx(1 - share, abs=1e-9)


@pytest.mark.parametrize("caption", ["red snowman", "blue duck", "purple owl"])
def test_janus_is_0_for_a_toy_and_1_for_two_faces(caption):
    """The back is then the mirror image of the front."""
    answer = toys(BANK, one(caption))[1]
    kind = BANK.classes[CLASSES.index(caption)]
    assert janus(BANK, kind, answer, answer) < 0.06, "edges of two colours may look like a third"
    azimuth, height = BANK.cameras.azimuth, BANK.cameras.elevation
    faces = answer.clone()
    for camera in (azimuth.abs() >= 149).nonzero()[:, 0].tolist():
        away = ((azimuth - (azimuth[camera] + 180) + 180) % 360 - 180).abs() + (height - height[camera]).abs()
        faces[camera] = answer[int(away.argmin())]
    assert janus(BANK, kind, faces, answer) == pytest.approx(1, abs=0.05)
    assert front_pixels(BANK, kind, answer)[azimuth.abs() < 31].double().mean() >= 5
