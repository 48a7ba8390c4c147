"""Meshes: axes, colours in linear light, settings, and files that lack something."""

import json
import struct

import numpy as np
import pytest

from potstill.errors import InputError, Note
from potstill.io.meshes import mesh_settings, sample_mesh, write_mesh
from tests.optional import needs

pytestmark = needs("trimesh")
CORNERS = np.array([[0.0, -1, 0], [0.5, -1, 0], [0, -1, 0.5]])
"""A triangle at the front, y = -1, that faces the front."""
FACES = np.array([[0, 1, 2]])


def gltf(path) -> dict:
    data = path.read_bytes()
    return json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])


@pytest.mark.parametrize("kind", [".glb", ".obj"])
def test_a_mesh_comes_back(tmp_path, kind):
    path, colours = tmp_path / f"a{kind}", np.tile([0.9, 0.5, 0.2], (3, 1))
    write_mesh(path, CORNERS, FACES, colours)
    found = sample_mesh(path, 200, 0)
    assert np.allclose(found.places[:, 1], -1)
    assert (found.places[:, [0, 2]] >= 0).all()
    assert (found.places[:, 0] + found.places[:, 2] <= 0.5 + 1e-6).all()
    assert np.allclose(found.normals, [0, -1, 0])
    assert np.allclose(found.colours, [0.9, 0.5, 0.2], atol=0.01)
    assert found.area == pytest.approx(0.125)
    again = sample_mesh(path, 200, 0)
    assert np.array_equal(found.places, again.places)


def test_in_the_file_y_is_up_and_colours_are_linear(tmp_path):
    """0.5 grey is stored as 0.214; the front, -y, becomes +z, and up, +z, becomes +y."""
    path = tmp_path / "a.glb"
    write_mesh(path, CORNERS, FACES, np.full((3, 3), 0.5), {"steps": 3})
    document = gltf(path)
    places = document["meshes"][0]["primitives"][0]["attributes"]
    assert document["accessors"][places["COLOR_0"]]["max"] == pytest.approx([0.21404] * 3, abs=1e-5)
    assert document["accessors"][places["POSITION"]]["max"] == [0.5, 0.5, 1.0]
    assert document["accessors"][places["POSITION"]]["min"] == [0, 0, 1]
    assert mesh_settings(path) == {"steps": 3}


def test_a_mesh_without_colours_is_grey_and_says_so(tmp_path):
    path = tmp_path / "a.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    with pytest.warns(Note, match="has no colours on 1 of 1 parts: they are grey"):
        found = sample_mesh(path, 5, 0)
    assert np.allclose(found.colours, 0.5)


def stripes(u):
    """Red at u = 1/4, blue at 3/4, as it is mixed between the centres of two pixels and repeats."""
    blue = np.abs((u + 0.25) % 1 - 0.5) * 2
    return np.stack([1 - blue, 0 * blue, blue], 1)


def test_the_texture_of_a_glb_colours_the_points(tmp_path):
    import trimesh
    from PIL import Image

    picture = Image.fromarray(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8).repeat(2, 0))
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=picture)
    visual = trimesh.visual.TextureVisuals(uv=[[0, 0], [1, 0], [0, 1]], material=material)
    mesh = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], FACES, visual=visual, process=False)
    trimesh.Scene(mesh).export(tmp_path / "a.glb")
    found = sample_mesh(tmp_path / "a.glb", 300, 0)
    assert np.allclose(found.colours, stripes(found.places[:, 0]), atol=1e-6)


@pytest.mark.parametrize("kind", [".glb", ".obj"])
def test_colours_of_vertices_are_mixed_between_them(tmp_path, kind):
    """At shares (a, b, c) of red, green and blue corners the colour is (a, b, c), in linear light in GLB."""
    path = tmp_path / f"a{kind}"
    write_mesh(path, CORNERS, FACES, np.eye(3))
    found = sample_mesh(path, 300, 0)
    b, c = found.places[:, 0] / 0.5, found.places[:, 2] / 0.5
    shares = np.stack([1 - b - c, b, c], 1)
    light = np.where(found.colours <= 0.04045, found.colours / 12.92, ((found.colours + 0.055) / 1.055) ** 2.4)
    assert np.allclose(light if kind == ".glb" else found.colours, shares, atol=1e-5)


def test_dark_colours_keep_their_precision(tmp_path):
    """8 bits of linear light have 13 levels below sRGB 50, which has 50."""
    path, dark = tmp_path / "a.glb", np.array([8, 12, 20]) / 255
    write_mesh(path, CORNERS, FACES, np.tile(dark, (3, 1)))
    assert np.abs(sample_mesh(path, 9, 0).colours - dark).max() < 1e-5


def test_a_texture_colours_the_points(tmp_path):
    from PIL import Image

    Image.fromarray(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8).repeat(2, 0)).save(tmp_path / "t.png")
    (tmp_path / "m.mtl").write_text("newmtl m\nmap_Kd t.png\n")
    corners = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n"
    (tmp_path / "a.obj").write_text(f"mtllib m.mtl\n{corners}usemtl m\nf 1/1 2/2 3/3\nf 1/1 3/3 4/4\n")
    found = sample_mesh(tmp_path / "a.obj", 300, 0)
    assert np.allclose(found.colours, stripes(found.places[:, 0]), atol=1e-6)
    (tmp_path / "t.png").unlink()
    with pytest.raises(InputError, match=r"textures that are not there, such as 't.png'"):
        sample_mesh(tmp_path / "a.obj", 3, 0)


@pytest.mark.parametrize("name", ["my tex.png", "천.png", "-s.png"])
def test_the_picture_of_an_obj_may_have_any_name_but_no_options(tmp_path, name):
    from PIL import Image

    Image.new("RGB", (2, 2), (255, 0, 0)).save(tmp_path / name)
    text = "mtllib m.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl m\nf 1/1 2/2 3/3\n"
    (tmp_path / "a.obj").write_text(text)
    (tmp_path / "m.mtl").write_bytes(f"newmtl m\nmap_Kd {name}\n".encode())
    assert np.allclose(sample_mesh(tmp_path / "a.obj", 5, 0).colours, [1, 0, 0])
    (tmp_path / "t.png").write_bytes((tmp_path / name).read_bytes())
    (tmp_path / "m.mtl").write_text("newmtl m\nmap_Kd -s 2 2 1 t.png\n")
    with pytest.raises(InputError, match=r"'map_Kd -s 2 2 1 t.png', whose options are not read"):
        sample_mesh(tmp_path / "a.obj", 5, 0)


def glb(document: dict | bytes, cut: int = 0) -> bytes:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    size = 20 + len(text)
    return (struct.pack("<4sIII4s", b"glTF", 2, size, len(text), b"JSON") + text)[: size - cut]


HOSTILE = {
    "no GLB": (b"PK" * 20, "is no GLB file"),
    "empty": (b"", "is no GLB file"),
    "cut off": (glb({"asset": {"version": "2.0"}}, 3), "is cut off"),
    "no JSON": (glb(b"{{{{"), "not valid JSON"),
    "a list": (glb(b"[]"), "is no object"),
    "no geometry": (
        glb({"asset": {"version": "2.0"}, "scenes": [{"nodes": []}], "scene": 0}),
        "no triangles|cannot be read",
    ),
    "a texture elsewhere": (glb({"images": [{"uri": "../../etc/passwd"}]}), "textures that are not there"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_glb_is_refused_in_one_line(tmp_path, name):
    data, words = HOSTILE[name]
    (tmp_path / "a.glb").write_bytes(data)
    with pytest.raises(InputError, match=words) as caught:
        sample_mesh(tmp_path / "a.glb", 3, 0)
    assert "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.obj").write_text("v 0 0 0\n")
    with pytest.raises(InputError, match=r"no triangles|cannot be read as a mesh"):
        sample_mesh(tmp_path / "a.obj", 3, 0)
    with pytest.raises(InputError, match=r"give a .glb or an .obj file"):
        sample_mesh(tmp_path / "a.stl", 3, 0)
    with pytest.raises(InputError, match=r"ends in .glb or .obj"):
        write_mesh(tmp_path / "a.stl", CORNERS, FACES, np.ones((3, 3)))
