"""Pictures that are moved in place of their scene, and the scene that is fitted to them."""

import pytest
import torch
from torch import Generator
from torch.optim.lr_scheduler import ExponentialLR

from potstill.errors import InputError, Note
from potstill.optimizers import Adam
from potstill.scenes import Among, Gaussians, Orbit, Viewing, Volume, ring
from potstill.scenes.snapshots import SHARE, Direct, Refit, Snapshots


def cloud(cameras, views, grey=0.2):
    return Gaussians.ball(30, 0.5, Generator().manual_seed(5), Viewing(cameras, views), grey=grey, opacity=0.9)


def test_pictures_are_the_renders_of_one_view():
    scene = cloud(Orbit(width=16, height=16), 6)
    pictures = Snapshots(scene, Generator().manual_seed(1))
    view = scene.view(Generator().manual_seed(1))
    assert torch.equal(pictures(pictures.view(Generator())), scene(view))
    assert all(torch.equal(pictures.view(Generator())[name], value) for name, value in view.items())
    assert torch.equal(Refit().moved(scene, Generator().manual_seed(1)).latents, pictures.latents)
    assert Direct().moved(scene, Generator()) is scene
    kept = pictures.copy()
    with torch.no_grad():
        pictures.latents += 1
    assert torch.equal(kept.latents, scene(view))


def test_the_scene_becomes_what_the_pictures_show():
    orbit = Orbit(width=16, height=16)
    scene, other = cloud(orbit, 6), cloud(orbit, 6, grey=0.8)
    pictures = Snapshots(scene, Generator().manual_seed(1))
    goal = other.render(pictures.fixed).detach()
    cameras, looked = ring(4, size=16), scene.viewing
    before = (scene.pictures(cameras) - other.pictures(cameras)).square().mean()
    optimizer = Adam([{**group, "lr": 4 * group["lr"]} for group in scene.parameter_groups()])
    falling = ExponentialLR(optimizer, 0.95)
    steps = list(pictures.fit(scene, goal, 60, Generator().manual_seed(0), optimizer, falling))
    assert steps[-1].loss < steps[0].loss / 10
    assert (scene.pictures(cameras) - other.pictures(cameras)).square().mean() < before / 10
    assert scene.viewing == looked
    assert falling.last_epoch == 60


def test_a_volume_becomes_what_the_pictures_show():
    scene = Volume.ball(9, viewing=Viewing(Orbit(width=8, height=8), 6))
    pictures = Snapshots(scene, Generator().manual_seed(1))
    goal = Volume.ball(9, grey=0.8).render(pictures.fixed).detach()
    optimizer = Adam(scene.parameter_groups())
    steps = list(pictures.fit(scene, goal, 40, Generator(), optimizer, ExponentialLR(optimizer, 0.95)))
    assert steps[-1].loss < steps[0].loss / 10


def test_a_camera_is_shown_the_picture_from_the_nearest_side():
    around = ring(6, size=16)
    scene = cloud(Among(around), 6)
    pictures = Snapshots(scene, Generator().manual_seed(1))
    assert torch.allclose(pictures.pictures(around), scene.pictures(around), atol=1e-6)
    near = ring(12, elevation=10.0, distance=5.0, size=32)[[0, 2, 4]]
    assert pictures.pictures(near).shape == (3, 3, 32, 32)
    assert torch.equal(pictures.pictures(near), pictures.pictures(around[[0, 1, 2]].resized(32, 32)))


def test_what_changed_by_little_is_the_source_to_the_bit():
    scene = cloud(Orbit(width=16, height=16), 6)
    source = Snapshots(scene, Generator())
    pictures = source.copy()
    with torch.no_grad():
        pictures.latents[:3] -= 0.03  # of [-1, 1]
        pictures.latents[3:] -= 0.2
    before = scene.viewing.codec.decode(source.latents.detach())
    goal = pictures.goal(source, 0.08)
    assert torch.equal(goal[:3], before[:3])
    assert torch.allclose(goal[3:], (before[3:] - 0.1).clamp(0), atol=1e-6)
    assert torch.allclose(pictures.goal(source, 0.0)[:3], (before[:3] - 0.015).clamp(0), atol=1e-6)


def test_gaussians_that_are_seen_where_nothing_changed_are_held():
    scene = cloud(Orbit(width=16, height=16), 6)
    source = Snapshots(scene, Generator())
    goal = scene.viewing.codec.decode(source.latents.detach())
    source.hold_unchanged(scene, goal, source)  # none would be left
    assert scene.movable is None
    goal[:, :, :8] += 0.2
    mask = torch.zeros(6, 1, 16, 16)
    mask[:, :, :8] = 1
    scene.hold(torch.arange(30) == 3)
    source.hold_unchanged(scene, goal, source)
    assert torch.equal(scene.movable, (scene.shares(source.fixed, mask) >= SHARE) & (torch.arange(30) != 3))
    assert 0 < int(scene.movable.sum()) < 29
    upper = scene.means[scene.movable, 2].mean()
    assert upper > scene.means[~scene.movable, 2].mean()


def test_there_are_no_more_pictures_than_cameras():
    cameras = ring(3, size=16)
    with pytest.warns(Note, match="views = 24 is more than the 3 cameras"):
        assert len(Snapshots(cloud(Among(cameras), 24), Generator()).latents) == 3
    assert len(Snapshots(cloud(Among(cameras), 3), Generator()).latents) == 3
    assert len(Snapshots(cloud(Among(cameras), 2), Generator()).latents) == 2
    with pytest.raises(InputError, match="steps of the fit"):
        Refit(steps=0)
    with pytest.raises(InputError, match="still"):
        Refit(still=1.0)


def test_where_held_gaussians_are_seen_the_goal_does_not_change():
    scene = cloud(Orbit(width=16, height=16), 3)
    pictures = Snapshots(scene, Generator())
    view, source = pictures.fixed, pictures.copy()
    assert torch.equal(scene.held_part(view), torch.zeros(3, 1, 16, 16))
    held = torch.arange(30) % 2 == 0
    scene.hold(held)
    part = scene.held_part(view)
    scene.hold(~held)
    assert torch.allclose(part + scene.held_part(view), scene.shade(view)[1], atol=1e-6)
    assert 0.5 < part.max() <= 1
    with torch.no_grad():
        pictures.latents -= 0.2
    before, after = (scene.viewing.codec.decode(each.latents.detach()) for each in (source, pictures))
    assert torch.allclose(pictures.goal(source, 0.0, part) - before, (1 - part) * (after - before), atol=1e-6)
    assert torch.equal(pictures.goal(source, 0.0, 1.0), before)
