"""Gaussians as a scene: gradients, turns, what is held, and optimisation towards a picture."""

import math

import pytest
import torch
from torch import Generator

from potstill.errors import InputError, Note
from potstill.optimizers import Adam
from potstill.scenes import Cameras, Gaussians, Orbit, Viewing, ring
from potstill.scenes.gaussians import LEARNING_RATES, quaternions_of
from potstill.scenes.projection import rotations

F64 = torch.float64


def scene(count: int = 30, degree: int = 0, seed: int = 0) -> Gaussians:
    """A random one in float64."""
    rng = Generator().manual_seed(seed)
    shapes = ((3,), (3,), (4,), (), (3,), ((degree + 1) ** 2 - 1, 3))
    draw = [torch.randn(count, *shape, generator=rng, dtype=F64) for shape in shapes]
    return Gaussians(
        0.4 * draw[0], -2 + 0.4 * draw[1], *draw[2:5], 0.4 * draw[5], Viewing(Orbit(width=8, height=8), views=2)
    )


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_gradients_are_those_of_finite_differences(degree):
    """Of all parameters, the mean through the direction of view as well."""
    small = scene(4, degree)
    small.colours.data += 3  # above black, where the gradient is exact
    view = Cameras.orbit([10.0, 200.0], size=5).to(F64).view()
    parts = dict(small.named_parameters())

    def shaded(*values: torch.Tensor) -> torch.Tensor:
        given = dict(zip(parts, values, strict=True))
        return torch.cat(
            torch.func.functional_call(Shaded(small), {f"scene.{k}": v for k, v in given.items()}, view), 1
        )

    assert torch.autograd.gradcheck(shaded, list(parts.values()))


class Shaded(torch.nn.Module):
    """A scene whose forward is `shade`."""

    def __init__(self, scene: Gaussians) -> None:
        super().__init__()
        self.scene = scene

    def forward(self, view):
        return self.scene.shade(view)


@pytest.mark.parametrize("degree", [0, 3])
def test_scene_and_camera_turned_together_give_the_same_picture(degree):
    """By a quarter turn about z, and by any rotation."""
    cloud, cameras = scene(degree=degree), Cameras.orbit([0.0, 130.0], [15.0, -20.0], size=16).to(F64)
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]], dtype=F64)
    any_turn = rotations(torch.tensor([[0.3, -0.5, 0.7, 0.2]], dtype=F64))[0]
    before = cloud.pictures(cameras)
    assert torch.allclose(
        cloud.turned(quarter).pictures(Cameras.orbit([90.0, 220.0], [15.0, -20.0], size=16)), before, atol=1e-5
    )
    whole = torch.eye(4, dtype=F64)
    whole[:3, :3] = any_turn
    moved = Cameras(cameras.world_to_camera @ whole.T, cameras.intrinsics, 16, 16)
    assert torch.allclose(cloud.turned(any_turn).pictures(moved), before, atol=1e-6)
    assert (cloud.turned(any_turn).pictures(cameras) - before).abs().max() > 0.1


def test_a_face_shows_its_left_on_its_left():
    """A red Gaussian on the left hand (+x), a green one on the nose (-y): who sees what where."""
    colours = torch.tensor([[1.0, 0, 0], [0, 1, 0]]) * 2 - 1
    face = Gaussians(
        torch.tensor([[0.6, 0, 0], [0, -0.6, 0]]),
        torch.full((2, 3), math.log(0.15)),
        torch.tensor([[1.0, 0, 0, 0]]).repeat(2, 1),
        torch.full((2,), 4.0),
        colours / 2 / 0.28209479,
    )
    front, left, back = face.pictures(Cameras.orbit([0.0, 90, 180], size=32)).unbind()
    red, green = (
        [(each[0] - each[1]) for each in (front, left, back)],
        [(each[1] - each[0]) for each in (front, left)],
    )
    assert divmod(int(red[0].argmax()), 32)[1] > 18
    assert divmod(int(red[2].argmax()), 32)[1] < 13
    assert divmod(int(green[0].argmax()), 32)[1] in (15, 16)
    assert divmod(int(green[1].argmax()), 32)[1] < 13


def test_what_is_held_does_not_move_to_the_bit():
    cloud = scene()
    before = {name: value.detach().clone() for name, value in cloud.named_parameters()}
    held = torch.arange(30) < 20
    cloud.hold(held)
    optimizer = Adam(cloud.parameter_groups())
    for seed in range(3):
        cloud.zero_grad()
        cloud(cloud.view(Generator().manual_seed(seed))).square().sum().backward()
        optimizer.step()
    for name, value in cloud.named_parameters():
        assert torch.equal(value[held], before[name][held])
        if value.numel():
            assert not torch.equal(value[~held], before[name][~held])
    with pytest.raises(InputError, match="one at least False"):
        cloud.hold(torch.ones(30, dtype=torch.bool))


def test_the_share_of_a_gaussian_is_what_its_colour_adds_in_the_mask():
    cloud = scene(20)
    cloud.colours.data += 3  # above black
    view = Cameras.orbit([10.0, 100.0, 200.0], size=16).to(F64).view()
    mask = (torch.rand(3, 1, 16, 16, generator=Generator().manual_seed(1), dtype=F64) > 0.5).to(F64)
    added = [
        torch.autograd.grad((cloud.shade(view)[0] * where).sum(), cloud.colours)[0].sum(1)
        for where in (mask, torch.ones_like(mask))
    ]
    found = cloud.shares(view, mask)
    assert (added[1] > 0).sum() > 10
    assert torch.allclose(found * added[1], added[0], atol=1e-12)
    assert (found[added[1] == 0] == 0).all()
    assert found.max() <= 1 + 1e-12


def test_every_parameter_has_its_learning_rate():
    groups = scene(degree=1).parameter_groups(2.0)
    assert {group["name"]: group["lr"] for group in groups} == {name: 2 * rate for name, rate in LEARNING_RATES.items()}
    assert [group["name"] for group in scene().parameter_groups()] == list(LEARNING_RATES)[:-1]


def test_a_ball_is_a_grey_ball():
    ball = Gaussians.ball(300, 0.8, Generator().manual_seed(0), grey=0.25, opacity=0.9)
    picture = ball.pictures(ring(1, elevation=0.0, size=48))[0]
    assert torch.allclose(picture[:, 24, 24], torch.tensor(0.25), atol=0.02)
    _, opacity = ball.shade(ring(1, elevation=0.0, size=48).view())
    width = (opacity[0, 0, 24] > 0.5).sum().item() / 48 * 3 * 2 * math.tan(math.radians(20))
    assert width == pytest.approx(1.6, abs=0.25)


def test_the_quaternions_of_matrices():
    quaternions = torch.randn(50, 4, generator=Generator().manual_seed(0), dtype=F64)
    quaternions[0] = torch.tensor([0.0, 1, 0, 0])
    again = quaternions_of(rotations(quaternions))
    assert torch.allclose(rotations(again), rotations(quaternions), atol=1e-12)
    assert torch.allclose(again.norm(dim=1), torch.ones(50, dtype=F64))


def test_nothing_in_front_is_said():
    away = Cameras.look_at(torch.tensor([[9.0, 0, 0]]), torch.tensor([[20.0, 0, 0]]), size=8)
    with pytest.warns(Note, match="the cameras see no Gaussian"):
        scene().pictures(away)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"means": torch.zeros(0, 3)}, "there are 0 Gaussians"),
        ({"means": torch.full((2, 3), math.nan)}, "means hold NaN"),
        ({"means": torch.zeros(2_000_001, 3)}, "2,000,001 Gaussians are too many for a CPU, where up to 2,000,000"),
        ({"log_scales": torch.full((2, 3), math.inf)}, "log_scales hold NaN or infinity"),
        ({"quaternions": torch.zeros(2, 4)}, "some quaternions are zero"),
        ({"harmonics": torch.zeros(2, 4, 3)}, "harmonics have 4 coefficients"),
    ],
)
def test_what_is_no_scene_is_refused(change, words):
    parts = {
        "means": torch.zeros(2, 3),
        "log_scales": torch.zeros(2, 3),
        "quaternions": torch.ones(2, 4),
        "opacity_logits": torch.zeros(2),
        "colours": torch.zeros(2, 3),
    }
    count = len(change.get("means", parts["means"]))
    if count != 2:
        parts = {name: value[:1].expand(count, *value.shape[1:]) for name, value in parts.items()}
    with pytest.raises(InputError, match=words):
        Gaussians(**(parts | change))
