import pytest
import torch

from potstill.worlds.toys.bank import ToyBank
from potstill.worlds.toys.measures import front_shares, janus, measure_toy, nearest_toy, toys

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
    """The rear is then the front, turned by half a turn; a toy that is its back all around has no face at all."""
    answer = toys(BANK, one(caption))[1]
    kind = BANK.classes[CLASSES.index(caption)]
    assert janus(BANK, kind, answer, answer) == 0
    azimuth, height = BANK.cameras.azimuth, BANK.cameras.elevation

    def seen_from(camera, angle):
        away = ((azimuth - angle + 180) % 360 - 180).abs() + (height - height[camera]).abs()
        return answer[int(away.argmin())]

    two_faces, faceless = answer.clone(), answer.clone()
    for camera, angle in enumerate(azimuth):
        two_faces[camera] = seen_from(camera, angle + 180 if angle.abs() > 89.9 else angle)
        faceless[camera] = seen_from(camera, 180)
    assert janus(BANK, kind, two_faces, answer) == pytest.approx(1, abs=0.1)
    ring = torch.stack([seen_from(camera, 0) for camera in range(len(azimuth))])
    assert janus(BANK, kind, ring, answer) == pytest.approx(1, abs=0.15), "the front from everywhere"
    assert janus(BANK, kind, faceless, answer) is None


def test_the_share_of_the_front_is_that_of_the_mixture():
    duck = BANK.classes[CLASSES.index("blue duck")]
    palette = {name: torch.tensor(ink, dtype=torch.float64) for name, ink in BANK.palette(duck).items()}
    for share in (0.0, 0.3, 1.0):
        for light in (0.5, 1.0):
            pixel = light * palette["main"].lerp(palette["orange"], share)
            found = front_shares(BANK, duck, pixel[None, :, None, None])
            assert found.item() == pytest.approx(share, abs=1e-9)
    assert front_shares(BANK, duck, palette["background"][None, :, None, None]).item() == 0
