"""Meshes: GLB and OBJ files, through trimesh, and points on their surfaces.

In files y is up and z forward, as glTF has it and most programs write OBJ; here z is up and the front is at -y. Colours
are sRGB here, and `mesh_colours` says what they are in files.
"""

import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from potstill.errors import InputError, Note
from potstill.io.files import as_path, check_file, write
from potstill.io.gltf import COLOURS, check_extensions, glb_for_trimesh, read_glb_json, scene_glb, take_colours
from potstill.io.mesh_colours import shares_at, surface_colours, to_linear
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
        found: Any = sample_surface(mesh, int(share), seed=int(rng.integers(2**31)))
        places, faces = found[:2]
        shades = surface_colours(mesh, faces, shares_at(mesh, faces, places), linear)
        plain += shades is None
        parts.append((places, mesh.face_normals[faces], np.full(places.shape, 0.5) if shades is None else shades))
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
    if kind == ".obj":
        return coloured_mesh(vertices @ TURN, faces, colours).export(file_type="obj").encode()
    light = {COLOURS: to_linear(colours.clip(0, 1)).astype(np.float32)}
    scene = trimesh_module().Scene(
        trimesh_module().Trimesh(vertices @ TURN, faces, process=False, vertex_attributes=light)
    )
    if settings is not None:
        scene.metadata["potstill"] = dict(settings)
    return scene_glb(scene)


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
    for scene in read_glb_json(as_path(path)).get("scenes", []):
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
        document = read_glb_json(path)
        outside = [each["uri"] for each in document.get("images", []) if isinstance(each, dict) and "uri" in each]
        missing = [name for name in outside if not str(name).startswith("data:")]
    else:
        document, missing = {}, _missing_textures(path)
    if missing:
        first = printable(str(missing[0]))[:60]
        raise InputError(f"{what} names textures that are not there, such as '{first}': put them beside it")
    check_extensions(document, what)
    trimesh = trimesh_module()
    try:
        scene = load_scene(path, document)
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


def load_scene(path: str | Path, document: dict[str, Any], **options: Any) -> Any:
    """The `trimesh.Scene` of a GLB, whose JSON is `document`, or of an OBJ; `options` are for trimesh."""
    path = as_path(path)
    if path.suffix.lower() == ".obj":
        return trimesh_module().load_scene(str(path), file_type="obj", **options)
    scene = trimesh_module().load_scene(io.BytesIO(glb_for_trimesh(path, document)), file_type="glb", **options)
    for mesh in scene.geometry.values():
        if hasattr(mesh, "faces"):
            take_colours(mesh)
    return scene


def _missing_textures(path: Path) -> list[str]:
    """Files that an OBJ names and that are not beside it: materials, and their pictures.

    Raises:
        InputError: the name of a picture has options before it, which trimesh takes for a part of the name.
    """
    missing: list[str] = []
    for name in re.findall(r"^mtllib\s+(.+?)\s*$", _text(path), re.MULTILINE):
        library = path.parent / name
        if not library.is_file():
            missing.append(name)
            continue
        for picture in re.findall(r"^\s*map_Kd\s+(.+?)\s*$", _text(library), re.MULTILINE | re.IGNORECASE):
            if (library.parent / picture).is_file():
                continue
            if picture.startswith("-") and (library.parent / picture.split()[-1]).is_file():
                raise InputError(
                    f"{str(library)!r} has the line 'map_Kd {printable(picture)[:60]}', whose options are not read: "
                    "leave the name of the picture alone there"
                )
            missing.append(picture)
    return missing


def _text(path: Path) -> str:
    """In UTF-8, or in Latin-1 where it is not that."""
    data = path.read_bytes()
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


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
