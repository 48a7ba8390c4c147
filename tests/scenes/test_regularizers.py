"""Regularisers: right values, right slopes, and that a run adds them to the distilled gradient."""

import math

import pytest
import torch
from torch import Generator

from potstill.errors import InputError
from potstill.scenes import (
    Gaussians,
    Held,
    Opaqueness,
    Orbit,
    Orientation,
    Regularized,
    ScaleLimit,
    SolidColour,
    Sparsity,
    Viewing,
    Volume,
    ring,
)

SMALL = Viewing(Orbit(width=8, height=8), background=SolidColour(0.0, 0.0, 0.0))
F64 = torch.float64


def ball() -> Gaussians:
    return Gaussians.ball(30, 0.6, Generator().manual_seed(0), SMALL).to(F64)


def test_opacities_are_pressed_down_or_apart():
    level = torch.tensor([0.0, 0.5, 1.0], dtype=F64).reshape(1, 1, 1, 3)
    assert Sparsity()(ball(), level).item() == pytest.approx((0.1 + 0.26**0.5 + 1.01**0.5) / 3)
    assert Opaqueness()(ball(), level).item() == pytest.approx((math.log(2) + 2 * 0.0079077) / 3, abs=1e-4)


def test_centre_and_size_are_held():
    scene = ball()
    with torch.no_grad():
        scene.means.copy_(torch.nn.functional.normalize(scene.means, dim=1) * 0.5)
        scene.means -= scene.means.mean(0)
    away = Held(size=scene.means.norm(dim=1).mean().item())
    assert away(scene, torch.zeros(1, 1, 1, 1)).item() < 1e-9
    with torch.no_grad():
        scene.means += torch.tensor([0.3, 0.0, 0.0])
    assert away(scene, torch.zeros(1, 1, 1, 1)).item() > 0.08
    points = Volume.ball(17, 0.5).mass()
    centre = (points[1][:, None] * points[0]).sum(0) / points[1].sum()
    assert centre.abs().max() < 1e-5


def test_large_scales_are_limited():
    scene = ball()
    with torch.no_grad():
        scene.log_scales.fill_(math.log(0.05))
        scene.log_scales[0, 0] = math.log(0.1 * math.e)
    assert ScaleLimit(largest=0.1)(scene, torch.zeros(1, 1, 1, 1)).item() == pytest.approx(1 / 90)


def test_normals_of_a_ball_face_the_camera_and_those_of_a_shell_seen_from_inside_do_not():
    axis = torch.linspace(-1, 1, 33, dtype=F64)
    far = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
    losses = []
    for raw in (40 * (0.6 - far), 40 * (far - 0.6)):
        scene = Volume(raw.clamp(-30, 5), torch.zeros(3, 33, 33, 33, dtype=F64))
        opacity = scene.shade(ring(2, size=16, fov=15.0).to(F64).view())[1]
        losses.append(Orientation()(scene, opacity).item())
    assert losses[0] < 0.1 * losses[1]


@pytest.mark.parametrize("term", [Sparsity(0.3), Opaqueness(0.2), Held(0.5), ScaleLimit(2.0, largest=0.01)])
def test_a_backward_pass_adds_the_slope_of_the_loss(term):
    """d (slope · x0 + weight loss), and the render is the scene's."""
    scene, view = ball(), ball().view(Generator().manual_seed(1))
    slope = torch.randn(scene(view).shape, generator=Generator().manual_seed(2), dtype=F64)
    parts = [value for value in scene.parameters() if value.numel()]
    loss = (scene(view) * slope).sum() + term.weight * term(scene, scene.shade(view)[1])
    wanted = torch.autograd.grad(loss, parts, allow_unused=True)
    model = Regularized(scene, [term])
    assert torch.equal(model(view), scene(view))
    (model(view) * slope).sum().backward()
    for part, gradient in zip(parts, wanted, strict=True):
        assert torch.allclose(part.grad, gradient, atol=1e-12)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="must be Gaussians or a Volume"):
        Regularized(torch.nn.Linear(1, 1), [])
    with pytest.raises(InputError, match="must be one such as Sparsity"):
        Regularized(ball(), [3])
    with pytest.raises(InputError, match="Orientation\\(\\) is for a Volume"):
        Regularized(ball(), [Orientation()])(ball().view(Generator()))
    with pytest.raises(InputError, match="ScaleLimit\\(\\) is for Gaussians"):
        ScaleLimit()(Volume.ball(5), torch.zeros(1, 1, 1, 1))
    with pytest.raises(InputError, match=r"weight = -1.0 must be"):
        Sparsity(-1.0)
