"""The colours of meshes: how a texture is read, and what multiplies it."""

import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from potstill.errors import Note
from potstill.io.mesh_colours import texture_at
from potstill.io.meshes import sample_mesh
from tests.optional import needs


def test_a_texture_is_read_as_torch_reads_it():
    """Bilinear between the centres of pixels; the picture repeats, here three times along each side."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    u, v = rng.uniform(-1, 2, (2, 400))
    tiled = torch.from_numpy(np.tile(pixels, (3, 3, 1))).double().permute(2, 0, 1)[None] / 255
    inside = (np.abs(u - 0.5) < 1.4) & (np.abs(v - 0.5) < 1.4)  # torch does not repeat at the outer edge
    u, v = u[inside], v[inside]
    grid = torch.from_numpy(np.stack([(u + 1) / 3, 1 - (v + 1) / 3], 1) * 2 - 1)[None, None]
    want = torch.nn.functional.grid_sample(tiled, grid, align_corners=False)[0, :, 0].T.numpy()
    assert np.allclose(texture_at(Image.fromarray(pixels), np.stack([u, v], 1)), want, atol=1e-9)


@needs("trimesh")
def test_the_factor_of_a_glb_multiplies_the_light_of_its_texture(tmp_path):
    """White becomes the factor, 128 and 51 of 255 in linear light; sRGB 188 has about half the light of white."""
    import trimesh

    factor = np.array([128 / 255, 51 / 255, 0, 1])
    for level, want in ((255, [0.7369, 0.4845, 0]), (188, [0.5386, 0.3500, 0])):
        picture = Image.new("RGB", (2, 2), (level,) * 3)
        material = trimesh.visual.material.PBRMaterial(baseColorTexture=picture, baseColorFactor=factor)
        visual = trimesh.visual.TextureVisuals(uv=[[0, 0], [1, 0], [0, 1]], material=material)
        mesh = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]], visual=visual, process=False)
        trimesh.Scene(mesh).export(tmp_path / "a.glb")
        assert np.allclose(sample_mesh(tmp_path / "a.glb", 5, 0).colours, want, atol=2e-3)


@needs("trimesh")
@pytest.mark.parametrize(
    ("lines", "want"),
    [("", [1, 0.5, 0]), ("Kd 0 1 1\n", [0, 0.5, 0]), ("Kd 0 0 0\n", [1, 0.5, 0])],
)
def test_kd_multiplies_the_texture_of_an_obj(tmp_path, lines, want):
    Image.new("RGB", (2, 2), (255, 128, 0)).save(tmp_path / "t.png")
    (tmp_path / "m.mtl").write_text(f"newmtl m\n{lines}map_Kd t.png\n")
    corners = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\n"
    (tmp_path / "a.obj").write_text(f"mtllib m.mtl\n{corners}usemtl m\nf 1/1 2/2 3/3\n")
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", Note)
        found = sample_mesh(tmp_path / "a.obj", 5, 0)
    assert np.allclose(found.colours, want, atol=3e-3)
    assert len([each for each in notes if "has Kd 0, which is read as 1" in str(each.message)]) == (
        lines == "Kd 0 0 0\n"
    )
