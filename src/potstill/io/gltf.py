"""GLB files: their JSON, what of it trimesh does not read, and colours of vertices as they are stored.

trimesh reads COLOR_0 into 8 bits of linear light, of 16 bits the lowest 8, and writes 8 bits. So here COLOR_0 has a
second name, which trimesh takes for an attribute of the user's own and leaves alone.
"""

import importlib.util
import json
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from potstill.errors import InputError, Note
from potstill.io.documents import parse_json
from potstill.io.files import check_file
from potstill.io.printable import printable

COLOURS = "_COLOR_0"
"""The second name of the colours of vertices."""
_HARMLESS = ("KHR_materials_", "KHR_lights_punctual", "KHR_mesh_quantization", "KHR_xmp", "EXT_texture_webp")
"""Extensions, by their beginnings, that are read or change neither the shape nor the base colour."""
_DRACO = "KHR_draco_mesh_compression"


def read_glb_json(path: Path) -> dict[str, Any]:
    """The JSON part of a GLB.

    Raises:
        InputError: the file is no GLB, or is cut off.
    """
    what = repr(str(path))
    check_file(path, "a .glb file")
    with path.open("rb") as file:
        head = file.read(20)
        if len(head) < 20 or head[:4] != b"glTF" or head[16:20] != b"JSON":
            raise InputError(f"{what} is no GLB file")
        length = struct.unpack("<I", head[12:16])[0]
        data = file.read(length)
    if len(data) < length or struct.unpack("<I", head[8:12])[0] > path.stat().st_size:
        raise InputError(f"{what} is cut off: its header promises more bytes than it has")
    document = parse_json(data, f"the JSON of {what}")
    if not isinstance(document, dict):
        raise InputError(f"the JSON of {what} is no object")
    return document


def check_extensions(document: dict[str, Any], what: str) -> None:
    """Name the extensions that are not read and may change the shape or the colours.

    Raises:
        InputError: the file says that it cannot be read without them.
    """

    def unread(key: str) -> list[str]:
        names = document.get(key)
        given = [each for each in names if isinstance(each, str)] if isinstance(names, list) else []
        known = importlib.util.find_spec("DracoPy") is not None
        return [each for each in given if not each.startswith(_HARMLESS) and not (known and each == _DRACO)]

    if needed := unread("extensionsRequired"):
        name = printable(needed[0])[:60]
        raise InputError(f"{what} needs the extension {name}, which is not read: save it again without")
    if used := unread("extensionsUsed"):
        names = printable(", ".join(used))[:120]
        text = f"{what} uses {names}, which is not read: its shape or its colours may differ"
        warnings.warn(text, Note, stacklevel=3)


def glb_for_trimesh(path: Path, document: dict[str, Any]) -> bytes:
    """The file, with the second name of the colours of vertices; `document` is its JSON.

    Raises:
        ValueError: places are fractions that are stored as integers, which trimesh takes for the integers.
    """
    data, found = path.read_bytes(), False
    for mesh in document.get("meshes", []):
        for attributes in (each["attributes"] for each in mesh["primitives"]):
            places = [attributes[name] for name in ("POSITION", "TEXCOORD_0") if name in attributes]
            if any(document["accessors"][each].get("normalized") for each in places):
                raise ValueError("its places are normalized integers, and floats are read")
            if "COLOR_0" in attributes:
                attributes[COLOURS], found = attributes["COLOR_0"], True
    if not found:
        return data
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + struct.unpack("<I", data[12:16])[0] :]
    return struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(rest), len(text), b"JSON") + text + rest


def take_colours(mesh: Any) -> None:
    """Bring the colours under the second name of a mesh that was read to numbers in [0, 1]."""
    raw = mesh.vertex_attributes.pop(COLOURS, None)
    if hasattr(mesh.visual, "vertex_attributes"):
        mesh.visual.vertex_attributes.data.pop("color", None)  # the same; trimesh would write it in 8 bits
    if raw is None or raw.ndim != 2 or raw.shape != (len(mesh.vertices), raw.shape[1]) or raw.shape[1] not in (3, 4):
        return
    shades = raw.astype(np.float32) if raw.dtype.kind == "f" else raw / np.float32(np.iinfo(raw.dtype).max)
    shades = np.nan_to_num(shades).clip(0, 1)
    mesh.vertex_attributes[COLOURS] = shades
    if mesh.visual.kind == "vertex":
        mesh.visual.vertex_colors = np.rint(255 * shades).astype(np.uint8)


def scene_glb(scene: Any) -> bytes:
    """A `trimesh.Scene` as GLB, with the colours under the second name as COLOR_0."""

    def rename(tree: dict[str, Any]) -> None:
        for mesh in tree.get("meshes", []):
            for primitive in mesh["primitives"]:
                if COLOURS in primitive["attributes"]:
                    primitive["attributes"]["COLOR_0"] = primitive["attributes"].pop(COLOURS)

    return scene.export(file_type="glb", tree_postprocessor=rename)
