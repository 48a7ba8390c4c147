"""The files of scenes and drawings: what a file holds, what is written beside it, and the bytes of a scene."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch.nn.functional as F

from potstill.errors import InputError, Note
from potstill.io.decode import is_svg
from potstill.io.files import as_path
from potstill.io.gaussian_files import gaussians_ply, gaussians_splat
from potstill.io.meshes import mesh_bytes
from potstill.io.outputs import FileOutputs, pictures
from potstill.scenes.files import arrays_of
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.outlines import fitting_level
from potstill.scenes.surface import FLECK, Surface, without_flecks
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
AGREEMENT = 0.95
"""The share of the outline that a mesh must have in common with pictures of the volume, to need no word."""
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
    found = surface_of(scene)
    if found.flecks:
        parts = "a loose fleck" if found.flecks == 1 else f"{found.flecks} loose flecks"
        warnings.warn(f"the mesh leaves out {parts}, each less than {FLECK:.1%} of its surface", Note, stacklevel=4)
    if found.agreement < AGREEMENT:
        text = "the edges of a volume are soft and those of a mesh are sharp: from all around, the outline of the mesh "
        text += f"and that of the pictures differ on {1 - found.agreement:.0%} of the area that they cover"
        warnings.warn(text, Note, stacklevel=4)
    return mesh_bytes(ending, *found.surface, settings=record)


class FoundSurface(NamedTuple):
    """A surface of a volume, and what is not in it."""

    surface: Surface
    agreement: float
    """How well its outline is that of the pictures: see `fitting_level`."""
    flecks: int
    """The loose parts that were left out."""


def surface_of(scene: Volume) -> FoundSurface:
    """The surface of a volume at the density where its outline is that of its pictures, without flecks.

    Where pictures show nothing opaque, the density is the `body_level`.

    Raises:
        InputError: scikit-image is not installed.
    """
    level, agreement = fitting_level(scene)
    surface, flecks = without_flecks(scene.surface(level or body_level(scene)))
    return FoundSurface(surface, agreement, flecks)


def body_level(scene: Volume) -> float:
    """Half of the density inside a volume, the mean weighted by the density itself, found at once.

    Half of the largest density would miss a body that is less dense than a few of its places.
    """
    density = F.softplus(scene.densities.detach().cpu().double())  # on the CPU: mps has no float64
    return float(density.square().sum() / density.sum()) / 2
