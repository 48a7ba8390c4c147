"""GLB beyond what trimesh reads: extensions, integers that stand for fractions, and colours of 16 bits."""

import json
import struct
import warnings

import numpy as np
import pytest

from potstill.errors import InputError, Note
from potstill.io.gltf import check_extensions
from potstill.io.meshes import sample_mesh
from tests.optional import needs


def triangle_glb(path, colours=None, change=lambda document: None):
    """A triangle with stored colours, in the bytes of the format itself."""
    places = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4")
    kinds = {"u1": 5121, "u2": 5123, "f4": 5126}
    parts, attributes = [("VEC3", places)], {"POSITION": 0}
    if colours is not None:
        parts.append((f"VEC{colours.shape[1]}", colours))
        attributes["COLOR_0"] = 1
    views, accessors, data = [], [], b""
    for number, (shape, values) in enumerate(parts):
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": values.nbytes})
        kind = kinds[values.dtype.str[1:]]
        accessors.append({"bufferView": number, "componentType": kind, "count": 3, "type": shape})
        accessors[-1] |= {"normalized": True} if kind != 5126 else {}
        data += values.tobytes() + b"\0" * (-values.nbytes % 4)
    document = {"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}]}
    document |= {"meshes": [{"primitives": [{"attributes": attributes}]}], "accessors": accessors}
    document |= {"bufferViews": views, "buffers": [{"byteLength": len(data)}]}
    change(document)
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    head = struct.pack("<4sIII4s", b"glTF", 2, 28 + len(text) + len(data), len(text), b"JSON")
    path.write_bytes(head + text + struct.pack("<I4s", len(data), b"BIN\0") + data)
    return path


@needs("trimesh")
@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("material", [False, True])
def test_colours_of_vertices_count_whatever_they_are_stored_as(tmp_path, kind, material):
    """Light of 0.2 is sRGB 0.4845; with a material, as most programs write it, the factor multiplies it."""
    top = 1.0 if kind == "f4" else np.iinfo(kind).max
    light = np.array([0.2, 0.4, 0.6, 1.0]) * top
    stored = np.tile(light if kind == "f4" else np.rint(light), (3, 1)).astype(f"<{kind}")

    def halve_red(document):
        document["materials"] = [{"pbrMetallicRoughness": {"baseColorFactor": [0.4, 1, 1, 1]}}]
        document["meshes"][0]["primitives"][0]["material"] = 0

    path = triangle_glb(tmp_path / "a.glb", stored, halve_red if material else lambda document: None)
    assert np.allclose(sample_mesh(path, 5, 0).colours, [0.3140 if material else 0.4845, 0.6652, 0.7977], atol=1e-3)


@needs("trimesh")
def test_a_material_without_a_factor_is_white(tmp_path):
    def plain(document):
        document["materials"] = [{"pbrMetallicRoughness": {"metallicFactor": 0}}]
        document["meshes"][0]["primitives"][0]["material"] = 0

    assert np.allclose(sample_mesh(triangle_glb(tmp_path / "a.glb", change=plain), 5, 0).colours, 1)


@needs("trimesh")
def test_integers_that_stand_for_fractions_of_places_are_refused(tmp_path):
    def normalize(document):
        document["accessors"][0]["normalized"] = True

    with pytest.raises(InputError, match="its places are normalized integers"):
        sample_mesh(triangle_glb(tmp_path / "a.glb", change=normalize), 5, 0)


def test_extensions_that_are_not_read_are_named():
    with pytest.warns(Note, match="uses KHR_texture_transform, which is not read: its shape or its colours may differ"):
        check_extensions({"extensionsUsed": ["KHR_materials_ior", "KHR_texture_transform"]}, "it")
    with pytest.raises(InputError, match="needs the extension EXT_meshopt_compression, which is not read"):
        check_extensions({"extensionsRequired": ["EXT_meshopt_compression"]}, "it")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_extensions(
            {"extensionsUsed": ["KHR_materials_clearcoat"], "extensionsRequired": ["EXT_texture_webp"]}, ""
        )
        check_extensions({"extensionsUsed": 3, "extensionsRequired": [None]}, "it")
