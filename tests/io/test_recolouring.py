"""A mesh in other colours: vertices, triangles and places on the texture stay, and what changes is what was asked."""

import io

import numpy as np
import pytest
from PIL import Image

from potstill.errors import InputError
from potstill.io.gltf import COLOURS, scene_glb
from potstill.io.meshes import mesh_settings, sample_mesh, write_mesh
from potstill.io.recolouring import recoloured_glb
from tests.optional import needs

pytestmark = needs("trimesh")
CORNERS = np.array([[0.0, -1, 0], [0.5, -1, 0], [0, -1, 0.5], [0.5, -1, 0.5]])
"""A square at the front, y = -1."""
FACES = np.array([[0, 1, 2], [1, 3, 2]])


def nothing(places, normals):
    return np.zeros_like(places)


def textured(path, uv, size=(8, 4), motion=None, copies=1):
    import trimesh

    pixels = np.random.default_rng(0).integers(0, 200, (size[1], size[0], 3)).astype(np.uint8)
    mesh = trimesh.Trimesh(CORNERS, FACES, process=False)
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=Image.fromarray(pixels))
    mesh.visual = trimesh.visual.TextureVisuals(uv=np.array(uv), material=material)
    scene = trimesh.Scene()
    for k in range(copies):
        scene.add_geometry(mesh, geom_name="square", node_name=f"n{k}", transform=motion)
    path.write_bytes(scene.export(file_type="glb"))
    return pixels


def loaded(data):
    import trimesh

    (mesh,) = trimesh.load_scene(io.BytesIO(data), file_type="glb", process=False).geometry.values()
    return mesh


def test_vertex_colours_change_and_the_shape_does_not(tmp_path):
    path, colours = tmp_path / "a.glb", np.array([[0.1, 0.5, 0.2], [0.9, 0.4, 0], [0, 0, 1], [0.5, 0.5, 0.5]])
    write_mesh(path, CORNERS, FACES, colours)
    before = loaded(path.read_bytes())
    same = recoloured_glb(path, nothing, {"steps": 1})
    after = loaded(same)
    assert np.array_equal(after.vertices, before.vertices)
    assert np.array_equal(after.faces, before.faces)
    assert np.array_equal(after.visual.vertex_colors, before.visual.vertex_colors)
    asked = []

    def redder(places, normals):
        asked.append((places, normals))
        return np.tile([0.1, 0, 0], (len(places), 1))

    path.with_name("b.glb").write_bytes(recoloured_glb(path, redder, {"steps": 1}))
    assert mesh_settings(path.with_name("b.glb")) == {"steps": 1}
    changed = loaded(path.with_name("b.glb").read_bytes()).visual.vertex_colors[:, 0] / 255
    srgb = np.where(changed <= 0.0031308, 12.92 * changed, 1.055 * changed ** (1 / 2.4) - 0.055)
    assert np.allclose(srgb, colours[:, 0] + 0.1, atol=0.02)
    assert np.allclose(asked[0][0], CORNERS, atol=1e-6)
    assert np.allclose(asked[0][1], [0, -1, 0], atol=1e-6)


def test_the_texture_changes_where_triangles_are_on_it(tmp_path):
    path = tmp_path / "a.glb"
    pixels = textured(path, [[0, 0], [0.5, 0], [0, 1], [0.5, 1]])  # the left half of the picture
    picture = np.asarray(loaded(recoloured_glb(path, nothing)).visual.material.baseColorTexture.convert("RGB"))
    assert np.array_equal(picture, pixels)
    data = recoloured_glb(path, lambda places, normals: 0.2 * (places[:, [1]] < -0.25) * np.ones((len(places), 3)))
    after = loaded(data)
    assert np.allclose(after.visual.uv, loaded(path.read_bytes()).visual.uv)
    change = np.asarray(after.visual.material.baseColorTexture.convert("RGB")).astype(int) - pixels
    assert (change[:2, :4] == 51).all()  # the top of the square is the top of the picture
    assert (change[2:, :4] == 0).all()
    assert (change[:, 6:] == 0).all()  # one pixel beside the triangles takes part, the others do not


def test_places_are_those_of_the_scene_also_of_a_part_that_is_shown_twice(tmp_path):
    path, motion = tmp_path / "a.glb", np.diag([2.0, 2, 2, 1])
    motion[:3, 3] = [1, 0, 0]
    textured(path, [[0, 0], [1, 0], [0, 1], [1, 1]], motion=motion, copies=2)
    asked = []

    def seen(places, normals):
        asked.append(places)
        return np.zeros_like(places)

    recoloured_glb(path, seen)
    assert len(asked) == 2
    for places in asked:
        assert (places.min(0) >= [1 - 1e-6, -1 - 1e-6, -2 - 1e-6]).all()
        assert (places.max(0) <= [2 + 1e-6, 1e-6, -2 + 1e-6]).all()


@pytest.mark.parametrize("shared", [True, False])
def test_what_is_shown_twice_changes_once(tmp_path, shared):
    """Parts on one texture, and one part in two places, whose vertices have colours."""
    import trimesh

    path, after = tmp_path / "a.glb", tmp_path / "b.glb"
    if shared:
        textured(path, [[0, 0], [1, 0], [0, 1], [1, 1]], copies=2)
    else:
        write_mesh(path, CORNERS, FACES, np.full((4, 3), 0.5))
        scene = trimesh.load_scene(path)
        (name,) = scene.geometry
        scene.graph.update(frame_to="again", geometry=name, matrix=np.diag([2.0, 2, 2, 1]))
        path.write_bytes(scene.export(file_type="glb"))
    after.write_bytes(recoloured_glb(path, redder))
    assert np.abs(shown(after) - shown(path) - [0.1, 0.05, -0.1]).mean() < 0.01


def test_a_texture_without_places_is_refused(tmp_path):
    path = tmp_path / "a.glb"
    textured(path, [[0.5, 0.5]] * 4)
    with pytest.raises(InputError, match="the triangles cover no part of their texture"):
        recoloured_glb(path, nothing)


def redder(places, normals):
    return np.tile([0.1, 0.05, -0.1], (len(places), 1))


def shown(path):
    """The colours that the surface shows, in the order of the same places."""
    return sample_mesh(path, 400, 0).colours


def test_a_change_is_one_of_what_the_surface_shows(tmp_path):
    """A texture is multiplied by a factor and by colours of vertices, and what they give changes by what was asked."""
    import trimesh

    path, after = tmp_path / "a.glb", tmp_path / "b.glb"
    textured(path, [[0, 0], [1, 0], [0, 1], [1, 1]])
    scene = trimesh.load_scene(path)
    (mesh,) = scene.geometry.values()
    mesh.visual.material.baseColorTexture = Image.new("RGB", (64, 64), (150, 160, 170))
    mesh.visual.material.baseColorFactor = [200, 128, 220, 255]
    mesh.vertex_attributes[COLOURS] = np.array([[0.5, 1, 1], [1, 0.5, 1], [1, 1, 0.5], [1, 1, 1]], np.float32)
    path.write_bytes(scene_glb(scene))
    after.write_bytes(recoloured_glb(path, redder))
    assert np.abs(shown(after) - shown(path) - [0.1, 0.05, -0.1]).max() < 0.01
    after.write_bytes(recoloured_glb(path, nothing))
    assert np.abs(shown(after) - shown(path)).max() < 0.005


def test_a_factor_without_red_takes_a_change_to_red(tmp_path):
    path, after = tmp_path / "a.glb", tmp_path / "b.glb"
    textured(path, [[0, 0], [1, 0], [0, 1], [1, 1]])
    data = loaded(path.read_bytes())
    data.visual.material.baseColorFactor = [0, 0, 255, 255]
    data.export(path)
    after.write_bytes(recoloured_glb(path, lambda places, normals: np.tile([0.8, 0, -1], (len(places), 1))))
    assert np.allclose(shown(after), [0.8, 0, 0], atol=0.01)


@pytest.mark.parametrize("material", ["", "Kd 0.5 1 1\n"])
def test_an_obj_with_a_texture_keeps_its_colours_as_glb(tmp_path, material):
    """Without Kd, trimesh would write a factor of 0.4."""
    Image.new("RGB", (4, 4), (200, 100, 50)).save(tmp_path / "t.png")
    (tmp_path / "m.mtl").write_text(f"newmtl m\n{material}map_Kd t.png\n")
    corners = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\n"
    (tmp_path / "a.obj").write_text(f"mtllib m.mtl\n{corners}usemtl m\nf 1/1 2/2 3/3\n")
    (tmp_path / "b.glb").write_bytes(recoloured_glb(tmp_path / "a.obj", nothing))
    assert np.allclose(shown(tmp_path / "b.glb"), shown(tmp_path / "a.obj"), atol=0.005)
