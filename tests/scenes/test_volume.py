"""Volumes: closed forms, finite differences and refinement."""

import math

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.optimizers import Adam
from potstill.scenes import Cameras, Orbit, SolidColour, Viewing, Volume, ring

F64 = torch.float64


def even(density: float, points: int = 5, samples: int = 16) -> Volume:
    """One density and colour everywhere in the cube."""
    raw = math.log(math.expm1(density))
    shade = torch.tensor([1.0, -1, 0.5], dtype=F64)[:, None, None, None].repeat(1, points, points, points)
    return Volume(torch.full([points] * 3, raw, dtype=F64), shade, samples=samples)


@pytest.mark.parametrize("density", [0.3, 2.0])
def test_an_even_cube_is_exponential_in_the_chord(density):
    """1 - exp(-density chord), whatever the samples: 2 for a straight ray, more for a diagonal one."""
    cube, cameras = even(density), Cameras.orbit([0.0, 45.0], distance=4.0, fov=50.0, size=15).to(F64)
    for offset in (None, torch.rand(2, 15, 15, generator=Generator().manual_seed(0), dtype=F64)):
        view = cameras.view() | ({} if offset is None else {"offset": offset})
        colour, opacity = cube.shade(view)
        wanted = -math.expm1(-density * 2)
        assert opacity[0, 0, 7, 7].item() == pytest.approx(wanted)
        assert opacity[1, 0, 7, 7].item() == pytest.approx(-math.expm1(-density * 2 * math.sqrt(2)))
        assert torch.allclose(colour[0, :, 7, 7], wanted * torch.tensor([1.0, -1, 0.5], dtype=F64).sigmoid())
        assert opacity[0, 0, 0, 0] == 0


def test_a_ball_is_exponential_in_its_chord():
    """A ball of density 3 and radius 0.6 on a fine grid: 1 - exp(-density 2 sqrt(r² - b²)) at distance b."""
    axis = torch.linspace(-1, 1, 129, dtype=F64)
    far = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
    raw = (400 * (0.6 - far)).clamp(-30, math.log(math.expm1(3.0)))
    ball = Volume(raw, torch.zeros(3, 129, 129, 129, dtype=F64), samples=200)
    cameras = Cameras.orbit(30.0, 20.0, distance=100.0, fov=1.1, size=21).to(F64)
    opacity = ball.shade(cameras.view())[1][0, 0, 10]
    origin, directions = cameras.rays()
    away = torch.linalg.cross(origin[:, None].expand(-1, 21, -1), directions[:, 10]).norm(dim=2)[0]
    wanted = 1 - (-3.0 * 2 * (0.36 - away**2).clamp(min=0).sqrt()).exp()
    inside = away < 0.55
    assert inside.sum() > 8
    assert torch.allclose(opacity[inside], wanted[inside], atol=0.02)


def test_gradients_are_those_of_finite_differences():
    rng = Generator().manual_seed(0)
    parts = [torch.randn(shape, generator=rng, dtype=F64).requires_grad_() for shape in ((3, 3, 3), (3, 3, 3, 3))]
    view = Cameras.orbit([10.0, 200.0], [20.0, -30.0], size=4).to(F64).view()
    view["offset"] = torch.rand(2, 4, 4, generator=rng, dtype=F64)
    scene = Volume(*(each.detach() for each in parts), samples=6)

    class Shaded(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scene = scene

        def forward(self):
            return torch.cat(self.scene.shade(view), 1)

    def shaded(densities, colours):
        given = {"scene.densities": densities, "scene.colours": colours}
        return torch.func.functional_call(Shaded(), given, ())

    assert torch.autograd.gradcheck(shaded, parts)


def test_a_refined_volume_looks_the_same():
    rng = Generator().manual_seed(1)
    scene = Volume(torch.randn(5, 5, 5, generator=rng), torch.randn(3, 5, 5, 5, generator=rng))
    finer = scene.refined()
    assert finer.densities.shape == (9, 9, 9)
    assert torch.allclose(scene.pictures(ring(3)), finer.pictures(ring(3)), atol=1e-5)


def test_a_quarter_turn_of_grid_and_camera_changes_nothing():
    """The turn about z takes x to y: the grid [z, y, x] is turned in its last two axes."""
    rng = Generator().manual_seed(2)
    densities, colours = (torch.randn(shape, generator=rng) for shape in ((6,) * 3, (3, 6, 6, 6)))
    turned = Volume(*(torch.rot90(each, 1, (-1, -2)) for each in (densities, colours)))
    before = Volume(densities, colours).pictures(Cameras.orbit([20.0, 200.0], 30.0, size=16))
    assert torch.allclose(turned.pictures(Cameras.orbit([110.0, 290.0], 30.0, size=16)), before, atol=1e-4)
    assert not torch.allclose(turned.pictures(Cameras.orbit([20.0, 200.0], 30.0, size=16)), before, atol=1e-2)


def test_cameras_inside_and_looking_away_are_finite():
    inside = Cameras.look_at(torch.tensor([[0.0, 0, 0]]), torch.tensor([[1.0, 0, 0]]), size=8)
    away = Cameras.look_at(torch.tensor([[9.0, 0, 0]]), torch.tensor([[20.0, 0, 0]]), size=8)
    scene = Volume.ball()
    assert scene.pictures(inside).isfinite().all()
    assert scene.shade(away.view())[1].max() == 0


def test_it_becomes_what_the_pictures_show():
    """A red half and a blue half, from a grey ball."""
    cameras = ring(4, elevation=0.0, size=12)
    goal = torch.ones(4, 3, 12, 12)
    goal[:, :, 4:8, 4:8] = torch.tensor([0.9, 0.1, 0.1])[:, None, None]
    scene = Volume.ball(9, samples=24, viewing=Viewing(Orbit(width=12, height=12)))
    optimizer = Adam(scene.parameter_groups())
    view = cameras.view() | {"background": torch.ones(4, 3)}
    before = (scene.render(view) - goal).square().mean().item()
    for _ in range(30):
        optimizer.zero_grad()
        loss = (scene.render(view) - goal).square().mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < before / 5


def test_what_is_no_volume_is_refused():
    with pytest.raises(InputError, match="colours of shape"):
        Volume(torch.zeros(3, 3, 3), torch.zeros(3, 4, 4, 4))
    with pytest.raises(InputError, match="densities hold NaN"):
        Volume(torch.full((3, 3, 3), math.nan), torch.zeros(3, 3, 3, 3))
    with pytest.raises(InputError, match="points along a side = 600"):
        Volume.ball().refined(600)
    white = Volume.ball().pictures(ring(1, size=8), SolidColour())
    assert torch.allclose(white[0, :, 0, 0], torch.tensor(1.0), atol=0.05)
