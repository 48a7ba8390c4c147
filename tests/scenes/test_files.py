"""Scenes and their files: what is saved looks the same when it is loaded."""

import numpy as np
import pytest
import torch
from torch import Generator

from potstill.errors import InputError, Note
from potstill.io.gaussian_files import gaussians_ply
from potstill.io.ply import read_header
from potstill.io.selections import read_selection
from potstill.scenes import Cameras, Densification, Densifier, Gaussians, Volume, ring
from potstill.scenes.files import (
    arrays_of,
    gaussians_on_mesh,
    read_cameras,
    read_gaussians,
    write_cameras,
    write_gaussians,
    write_surface,
)
from tests.optional import needs


def scene(degree: int = 0) -> Gaussians:
    ball = Gaussians.ball(50, 0.7, Generator().manual_seed(0), degree=degree)
    rng = Generator().manual_seed(1)
    with torch.no_grad():
        for value in ball.parameters():
            value += 0.3 * torch.randn(value.shape, generator=rng)
    return ball


@pytest.mark.parametrize("degree", [0, 2])
def test_the_file_is_the_render(tmp_path, degree):
    given = scene(degree)
    write_gaussians(tmp_path / "a.ply", given, {"steps": 3})
    again = read_gaussians(tmp_path / "a.ply")
    for name, value in given.named_parameters():
        assert torch.equal(value, getattr(again, name))
    assert torch.equal(given.pictures(ring(3)), again.pictures(ring(3)))
    if not degree:
        write_gaussians(tmp_path / "a.splat", given)
        assert (read_gaussians(tmp_path / "a.splat").pictures(ring(3)) - given.pictures(ring(3))).abs().max() < 0.05
    with pytest.raises(InputError, match="holds 50 Gaussians, and up to 49 fit here"):
        read_gaussians(tmp_path / "a.ply", most=49)


def test_a_file_for_antialiased_drawing_is_drawn_without_and_says_so(tmp_path):
    arrays = arrays_of(scene())._replace(comments=("SplatRenderMode: mip",))
    (tmp_path / "a.ply").write_bytes(gaussians_ply(arrays))
    with pytest.warns(Note, match=r"SplatRenderMode: mip\), and is drawn here as plain 3DGS"):
        read_gaussians(tmp_path / "a.ply")


def test_what_else_a_file_holds_is_written_again_while_the_rows_are_the_same(tmp_path):
    chosen = np.arange(50, dtype=np.uint8) % 2
    arrays = arrays_of(scene())._replace(comments=("by me", "SplatRenderMode: mip"), columns={"selected": chosen})
    (tmp_path / "a.ply").write_bytes(gaussians_ply(arrays, {"steps": 1}))
    with pytest.warns(Note, match="drawn here as plain 3DGS"):
        found = read_gaussians(tmp_path / "a.ply")
    write_gaussians(tmp_path / "b.ply", found, {"steps": 2})
    assert np.array_equal(read_selection(tmp_path / "b.ply", 50), chosen == 1)
    assert read_header(tmp_path / "b.ply").comments == ("by me", 'potstill: {"steps": 2}')
    Densifier(found, torch.optim.Adam(found.parameters()), Densification(), Generator())
    with pytest.warns(Note, match="the columns selected of the file are left out, for the run adds and removes"):
        assert not arrays_of(found).columns


def test_cameras_come_back(tmp_path):
    cameras = Cameras.orbit([10.0, 80.0], [20.0, -5.0], fov=50.0, size=(30, 20))
    write_cameras(tmp_path / "transforms.json", cameras)
    again, pictures = read_cameras(tmp_path / "transforms.json")
    assert torch.allclose(again.world_to_camera, cameras.world_to_camera, atol=1e-5)
    assert torch.allclose(again.intrinsics, cameras.intrinsics)
    assert (again.width, again.height, pictures) == (30, 20, ())
    assert again.index.tolist() == [0, 1]


@needs("trimesh")
@needs("skimage")
@pytest.mark.parametrize("kind", [".glb", ".obj"])
def test_gaussians_on_the_surface_of_a_volume_look_like_it(tmp_path, kind):
    axis = torch.linspace(-1, 1, 25)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    far = torch.stack([x - 0.2, y, z]).norm(dim=0)
    volume = Volume((60 * (0.5 - far)).clamp(-20, 30) + 10, torch.stack([6 * x, -6 * x, 6 * y]), samples=100)
    write_surface(tmp_path / f"a{kind}", volume)
    cloud = gaussians_on_mesh(tmp_path / f"a{kind}", 2000, Generator().manual_seed(0))
    cameras = ring(3, size=24)
    assert (cloud.pictures(cameras) - volume.pictures(cameras)).abs().mean() < 0.04
    assert np.abs(cloud.means.detach().numpy() - [0.2, 0, 0]).max() < 0.55
    fitted = gaussians_on_mesh(tmp_path / f"a{kind}", 200, Generator().manual_seed(0), radius=0.3)
    assert fitted.means.norm(dim=1).max().item() == pytest.approx(0.3)
