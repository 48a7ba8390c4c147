"""The files of scenes and drawings: what a file holds, what is written beside it, and the bytes of a scene."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch.nn.functional as F

from potstill.errors import InputError, Note
from potstill.io.decode import is_svg
from potstill.io.files import as_path
from potstill.io.gaussian_files import gaussians_ply, gaussians_splat
from potstill.io.meshes import mesh_bytes
from potstill.io.outputs import FileOutputs, pictures
from potstill.scenes.files import arrays_of
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.surface import Surface
from potstill.scenes.viewing import Solid
from potstill.scenes.volume import Volume
from potstill.tasks.files.baking import Baking
from potstill.tasks.files.drawings import DRAWING, drawing_outputs

GAUSSIANS, MESHES = (".ply", ".splat"), (".glb", ".obj")
"""The endings of files of Gaussians, and of meshes."""
UNREAD = (".spz", ".ksplat", ".sog")
"""The endings of packed files of Gaussians, which are recognised and refused."""
ORBIT, VIDEO = "-orbit.gif", "-orbit.mp4"
"""After the name of the scene."""
LEVEL = 10.0
"""The density of a surface, if the inside has twice as much."""
_MAGIC = {b"ply\n": ".ply", b"ply\r": ".ply", b"glTF": ".glb"}


def scene_kind(path: str | Path) -> str | None:
    """What a file is: one of the endings, or that of a drawing, by its own or by its first bytes; None for others."""
    path = as_path(path)
    if (ending := path.suffix.lower()) in (*GAUSSIANS, *MESHES, *UNREAD, DRAWING):
        return ending
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(4096)
        return DRAWING if is_svg(head) else _MAGIC.get(head[:4])
    except (OSError, ValueError):
        return None


def check_readable(path: str | Path) -> None:
    """Raise if a file of Gaussians is packed.

    Raises:
        InputError: it is.
    """
    if (ending := as_path(path).suffix.lower()) in UNREAD:
        raise InputError(
            f"{str(path)!r} is a packed file of Gaussians, and {ending} is not read: save it as .ply, which SuperSplat "
            "(https://superspl.at/editor) does"
        )


def outputs_of(
    subject: str, path: str | Path, count: int = 1, checkpoint_name: str = "", name: str = "--out"
) -> FileOutputs:
    """The outputs of a run that makes pictures, a scene or a drawing.

    Raises:
        InputError: the path ends otherwise.
    """
    if subject == "picture":
        return pictures(as_path(path), count, checkpoint_name, name)
    return (scene_outputs if subject == "scene" else drawing_outputs)(path, checkpoint_name, name)


def scene_outputs(path: str | Path, checkpoint_name: str = "", name: str = "--out") -> FileOutputs:
    """The outputs of a run on a scene: the scene, and all that may be written beside it.

    Raises:
        InputError: the path ends otherwise than a scene.
    """
    path = as_path(path)
    if path.suffix.lower() not in (*GAUSSIANS, *MESHES):
        raise InputError(f"{name} {str(path)!r} must end in .ply or .splat for Gaussians, .glb or .obj for a volume")
    beside = (".png", ".json", ".gif", ORBIT, VIDEO, "-preview.png")
    return FileOutputs(path, (path.suffix, *beside), checkpoint_name)


def check_ending(path: str | Path, volume: bool, of_mesh: bool = False) -> None:
    """Raise unless a scene of that kind can be written to a file of that name; a mesh that was edited also to a .glb.

    Raises:
        InputError: it is the ending of another kind.
    """
    path = as_path(path)
    kind, endings = ("a volume", MESHES) if volume else ("Gaussians", GAUSSIANS)
    endings = (*endings, ".glb") if of_mesh else endings
    if path.suffix.lower() not in endings:
        fix = "; --scene volume makes a mesh" if path.suffix.lower() in MESHES and not of_mesh else ""
        raise InputError(f"cannot write {kind} as {str(path)!r}: end the name in {' or '.join(endings)}{fix}")


def scene_bytes(scene: Solid, ending: str, record: Mapping[str, Any], baking: Baking | None = None) -> bytes:
    """A scene as the bytes of a file with that ending; .ply and .glb carry the record.

    Args:
        scene: what is written.
        ending: of the file.
        record: all that it depends on.
        baking: the mesh that Gaussians came from, for a .glb.

    Raises:
        InputError: the scene cannot be written like this.
    """
    if isinstance(scene, Gaussians):
        if ending == ".glb" and baking is not None:
            return baking.glb(scene, record)
        arrays = arrays_of(scene)
        return gaussians_ply(arrays, record) if ending == ".ply" else gaussians_splat(arrays)
    assert isinstance(scene, Volume)
    surface, level = surface_of(scene)
    if level < LEVEL:
        text = f"the inside has a density of about {2 * level:.3g}: the surface is at {level:.3g} instead of {LEVEL:g}"
        warnings.warn(text, Note, stacklevel=4)
    return mesh_bytes(ending, *surface, settings=record)


def surface_of(scene: Volume) -> tuple[Surface, float]:
    """The surface of a volume at `LEVEL`, or at half of the density inside if that is less, and this level.

    The density inside is the mean weighted by the density itself. Half of the largest one would miss a body that is
    less dense than a few of its places.

    Raises:
        InputError: scikit-image is not installed.
    """
    density = F.softplus(scene.densities.detach().cpu().double())  # on the CPU: mps has no float64
    level = min(LEVEL, float(density.square().sum() / density.sum()) / 2)
    return scene.surface(level), level
