"""Meshes: GLB and OBJ files, through trimesh, and points on their surfaces.

In files y is up and z forward, as glTF has it and most programs write OBJ; here z is up and the front is at -y. GLB
stores colours of vertices in linear light, all else in sRGB; here colours are sRGB.
"""

import io
import re
import struct
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from potstill.errors import InputError, Note
from potstill.io.documents import parse_json
from potstill.io.files import as_path, check_file, write
from potstill.io.printable import printable

MOST_FACES = 5_000_000
"""The most triangles."""
TURN = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""From y up to z up."""


class SurfacePoints(NamedTuple):
    """Points spread evenly over a surface: places, normals and colours [n, 3], and the area of the surface."""

    places: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    """sRGB in [0, 1]."""
    area: float


def sample_mesh(path: str | Path, count: int, seed: int) -> SurfacePoints:
    """Points on the surface of a mesh, with the colours of its texture, vertices or faces; grey without, and says so.

    Raises:
        InputError: the file cannot be read, has no triangles, or names textures that are not there.
    """
    path = as_path(path)
    meshes, linear = load_meshes(path)
    from trimesh.sample import sample_surface

    rng = np.random.default_rng(seed)
    areas = np.array([mesh.area for mesh in meshes])
    parts, plain = [], 0
    for mesh, share in zip(meshes, rng.multinomial(count, areas / areas.sum()), strict=True):
        picture = mesh.visual.kind == "texture" and picture_of(mesh) is not None
        known = picture or mesh.visual.kind in ("vertex", "face")
        found: Any = sample_surface(mesh, int(share), sample_color=known, seed=int(rng.integers(2**31)))
        if known:
            shades = found[2][:, :3] / 255
        else:
            shades = np.tile(_main_colour(mesh), (share, 1))
            plain += mesh.visual.kind is None
        shades = _to_srgb(shades) if linear and not picture else shades
        parts.append((found[0], mesh.face_normals[found[1]], shades))
    if plain:
        note = f"{str(path)!r} has no colours on {plain} of {len(meshes)} parts: they are grey"
        warnings.warn(note, Note, stacklevel=2)
    places, normals, colours = (np.concatenate(part) for part in zip(*parts, strict=True))
    return SurfacePoints(places @ TURN.T, normals @ TURN.T, colours.clip(0, 1), float(areas.sum()))


def read_mesh(path: str | Path) -> Any:
    """The parts of a mesh as one `trimesh.Trimesh`, z up, to be shown.

    Raises:
        InputError: as for `sample_mesh`.
    """
    meshes, _ = load_meshes(path)
    whole = trimesh_module().util.concatenate(meshes)
    whole.vertices = whole.vertices @ TURN.T
    return whole


def write_mesh(
    path: str | Path,
    vertices: np.ndarray,
    faces: np.ndarray,
    colours: np.ndarray,
    settings: Mapping[str, Any] | None = None,
) -> None:
    """Write triangles with colours of vertices (sRGB in [0, 1]) as .glb, whose extras hold the settings, or as .obj.

    Raises:
        InputError: the name ends otherwise, trimesh is not installed, or the file cannot be written.
    """
    path = as_path(path)
    kind = path.suffix.lower()
    if kind not in (".glb", ".obj"):
        raise InputError(f"cannot write a mesh as {str(path)!r}: give a name that ends in .glb or .obj")
    write(path, mesh_bytes(kind, vertices, faces, colours, settings))


def mesh_bytes(
    kind: str,
    vertices: np.ndarray,
    faces: np.ndarray,
    colours: np.ndarray,
    settings: Mapping[str, Any] | None = None,
) -> bytes:
    """What `write_mesh` writes, for the ending .glb or .obj.

    Raises:
        InputError: trimesh is not installed.
    """
    mesh = coloured_mesh(vertices @ TURN, faces, to_linear(colours) if kind == ".glb" else colours)
    scene = trimesh_module().Scene(mesh)
    if settings is not None:
        scene.metadata["potstill"] = dict(settings)
    data = scene.export(file_type="glb") if kind == ".glb" else mesh.export(file_type="obj")
    return data if isinstance(data, bytes) else data.encode()


def coloured_mesh(vertices: np.ndarray, faces: np.ndarray, colours: np.ndarray) -> Any:
    """A `trimesh.Trimesh` with colours of its vertices in [0, 1]; neither turned nor changed.

    Raises:
        InputError: trimesh is not installed.
    """
    mesh = trimesh_module().Trimesh(vertices, faces, process=False)
    opaque = np.concatenate([colours, np.ones((len(colours), 1))], 1)
    mesh.visual.vertex_colors = np.rint(255 * opaque.clip(0, 1)).astype(np.uint8)
    return mesh


def mesh_settings(path: str | Path) -> Any:
    """The settings that a GLB of ours holds; None without.

    Raises:
        InputError: the file is no GLB.
    """
    for scene in _gltf(as_path(path)).get("scenes", []):
        if isinstance(scene, dict) and isinstance(scene.get("extras"), dict) and "potstill" in scene["extras"]:
            return scene["extras"]["potstill"]
    return None


def load_meshes(path: str | Path) -> tuple[list[Any], bool]:
    """The parts of a mesh with triangles, and whether the colours of their vertices are in linear light.

    Raises:
        InputError: as for `sample_mesh`.
    """
    path = as_path(path)
    what, kind = repr(str(path)), path.suffix.lower()
    if kind not in (".glb", ".obj"):
        raise InputError(f"{what} is no mesh that can be read: give a .glb or an .obj file")
    check_file(path, "a .glb or an .obj file")
    if kind == ".glb":
        outside = [each["uri"] for each in _gltf(path).get("images", []) if isinstance(each, dict) and "uri" in each]
        missing = [name for name in outside if not str(name).startswith("data:")]
    else:
        missing = _missing_textures(path)
    if missing:
        first = printable(str(missing[0]))[:60]
        raise InputError(f"{what} names textures that are not there, such as '{first}': put them beside it")
    trimesh = trimesh_module()
    try:
        if kind == ".glb":
            scene = trimesh.load_scene(io.BytesIO(path.read_bytes()), file_type="glb")
        else:
            scene = trimesh.load_scene(str(path), file_type="obj")
        meshes = [each for each in scene.dump() if isinstance(each, trimesh.Trimesh) and len(each.faces)]
    except Exception as error:  # whatever the reader stumbles over
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"{what} cannot be read as a mesh ({reason}): save it again") from error
    meshes = [each for each in meshes if np.isfinite(each.vertices).all() and each.area > 0]
    if not meshes:
        raise InputError(f"{what} has no triangles: give a mesh with a surface")
    if sum(len(each.faces) for each in meshes) > MOST_FACES:
        raise InputError(f"{what} has more than {MOST_FACES:,} triangles: simplify it")
    return meshes, kind == ".glb"


def _gltf(path: Path) -> dict[str, Any]:
    """The JSON part of a GLB."""
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


def _missing_textures(path: Path) -> list[str]:
    """Files that an OBJ names and that are not beside it: materials, and their pictures."""
    missing: list[str] = []
    for name in re.findall(r"^mtllib\s+(.+?)\s*$", path.read_text("latin-1"), re.MULTILINE):
        library = path.parent / name
        if not library.is_file():
            missing.append(name)
            continue
        pictures = re.findall(r"^\s*map_Kd\s+(.+?)\s*$", library.read_text("latin-1"), re.MULTILINE)
        missing += [each for each in pictures if not (library.parent / each.split()[-1]).is_file()]
    return missing


def picture_of(mesh: Any) -> Any:
    """The picture of a textured mesh, None without."""
    material = mesh.visual.material
    return getattr(material, "baseColorTexture", None) or getattr(material, "image", None)


def vertex_colours(mesh: Any, linear: bool) -> np.ndarray:
    """The colours of the vertices in sRGB [n, 3], of a mesh without a texture."""
    if mesh.visual.kind in ("vertex", "face"):
        shades = mesh.visual.vertex_colors[:, :3] / 255
    else:
        shades = np.tile(_main_colour(mesh), (len(mesh.vertices), 1))
    return _to_srgb(shades) if linear else shades


def _main_colour(mesh: Any) -> np.ndarray:
    """The colour of a mesh that has one for all; grey without."""
    material = getattr(mesh.visual, "material", None)
    if material is None or getattr(material, "main_color", None) is None:
        return np.full(3, 0.5)
    return np.asarray(material.main_color[:3]) / 255


def trimesh_module() -> Any:
    """The library.

    Raises:
        InputError: it is not installed.
    """
    try:
        import trimesh
    except ImportError as error:
        raise InputError(f"meshes are read and written by trimesh ({error}): pip install potstill[mesh]") from error
    return trimesh


def to_linear(shades: np.ndarray) -> np.ndarray:
    """From sRGB to linear light (IEC 61966-2-1)."""
    return np.where(shades <= 0.04045, shades / 12.92, ((shades.clip(min=0) + 0.055) / 1.055) ** 2.4)


def _to_srgb(shades: np.ndarray) -> np.ndarray:
    """From linear light to sRGB (IEC 61966-2-1)."""
    return np.where(shades <= 0.0031308, 12.92 * shades, 1.055 * shades.clip(min=1e-12) ** (1 / 2.4) - 0.055)
