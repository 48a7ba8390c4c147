"""Scenes from files and into files: Gaussians, cameras, and Gaussians on the surface of a mesh."""

import math
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.errors import InputError, Note
from potstill.fields import check_number
from potstill.io import camera_files, gaussian_files
from potstill.io.meshes import sample_mesh, write_mesh
from potstill.io.printable import printable
from potstill.scenes.cameras import Cameras
from potstill.scenes.gaussians import MOST_GAUSSIANS, Gaussians, check_gaussian_count, quaternions_of
from potstill.scenes.harmonics import CONSTANT
from potstill.scenes.viewing import Viewing
from potstill.scenes.volume import Volume


def read_gaussians(path: str | Path, viewing: Viewing = Viewing(), most: int = MOST_GAUSSIANS) -> Gaussians:
    """The Gaussians of a .ply or .splat file, as they are: neither turned nor scaled.

    Its comments and other columns go into the PLY that they are written to. Says so where the file asks for the opacity
    compensation of Mip-Splatting (arXiv 2311.16493), which is not applied.

    Raises:
        InputError: the file does not hold Gaussians, or more than `most` of them.
    """
    found = gaussian_files.read_gaussians(path, most)
    comments = tuple(each for each in found.comments if not re.fullmatch(r"SplatRenderMode:\s*mip", each))
    if len(comments) < len(found.comments):
        text = f"{str(path)!r} is to be drawn antialiased (SplatRenderMode: mip), and is drawn here as plain 3DGS"
        warnings.warn(f"{text}: small Gaussians look more opaque, and the result is plain 3DGS", Note, stacklevel=2)
    scene = Gaussians(*(torch.from_numpy(np.ascontiguousarray(part)) for part in found[:6]), viewing=viewing)
    scene.comments, scene.columns = comments, found.columns
    return scene


def write_gaussians(path: str | Path, scene: Gaussians, settings: Mapping[str, Any] | None = None) -> None:
    """Write a scene as .ply, with the settings as a comment, or as .splat.

    Raises:
        InputError: the name ends otherwise, or the file cannot be written.
    """
    gaussian_files.write_gaussians(path, arrays_of(scene), settings)


def arrays_of(scene: Gaussians) -> gaussian_files.GaussianArrays:
    """The numbers of a scene in float32, to be written, and what else the file says that it came from.

    A note says which columns are left out, as the rows are others after densification.
    """
    names = gaussian_files.GaussianArrays._fields[:6]
    numbers = (getattr(scene, name).detach().cpu().float().numpy() for name in names)
    arrays = gaussian_files.GaussianArrays(*numbers, comments=scene.comments)
    if not scene.watched and all(len(each) == len(scene) for each in scene.columns.values()):
        return arrays._replace(columns=scene.columns)
    if scene.columns:
        text = f"the columns {printable(', '.join(scene.columns))[:120]} of the file are left out"
        warnings.warn(f"{text}, for the run adds and removes Gaussians", Note, stacklevel=2)
    return arrays


class Placement(NamedTuple):
    """How a mesh was brought into a ball around the origin: p becomes scale (p - centre)."""

    centre: Float[Tensor, "3"]
    scale: float


def gaussians_on_mesh(
    path: str | Path, count: int, rng: Generator, viewing: Viewing = Viewing(), radius: float | None = None
) -> Gaussians:
    """Flat Gaussians on the surface of a .glb or .obj, of its colours, as wide as they are far apart.

    As `placed_on_mesh`, without the placement.

    Raises:
        InputError: the mesh cannot be read, or a number is out of range.
    """
    return placed_on_mesh(path, count, rng, viewing, radius)[0]


def placed_on_mesh(
    path: str | Path, count: int, rng: Generator, viewing: Viewing = Viewing(), radius: float | None = None
) -> tuple[Gaussians, Placement]:
    """Flat Gaussians on the surface of a .glb or .obj, of its colours, as wide as they are far apart.

    Args:
        path: of the mesh, y up; it is turned, so that z is up and what faced +z faces -y.
        count: of Gaussians.
        rng: draws where they lie.
        viewing: the views of a step.
        radius: moves and scales the mesh, so that it fits into a ball around the origin; None leaves it as it is.

    Raises:
        InputError: the mesh cannot be read, or a number is out of range.
    """
    check_gaussian_count(count)
    found = sample_mesh(path, count, int(torch.randint(2**31, (1,), generator=rng)))
    places, normals, colours = (torch.from_numpy(part) for part in found[:3])
    apart, placement = math.sqrt(found.area / count), Placement(torch.zeros(3).to(places), 1.0)
    if radius is not None:
        check_number("radius", radius, 1e-6, 1e6, usual="0.8")
        centre = (places.amin(0) + places.amax(0)) / 2
        places = places - centre
        scale = radius / places.norm(dim=1).max().clamp(min=1e-12).item()
        places, apart, placement = scale * places, scale * apart, Placement(centre, scale)
    side = torch.nn.functional.normalize(torch.linalg.cross(normals, normals[:, [1, 2, 0]] + 0.1), dim=1)
    turn = torch.stack([side, torch.linalg.cross(normals, side), normals], 2)
    scales = torch.tensor([0.6, 0.6, 0.1]).mul(apart).log().repeat(count, 1)
    parts = (places, scales, quaternions_of(turn), torch.full((count,), math.log(9.0)), (colours - 0.5) / CONSTANT)
    return Gaussians(*(part.to(torch.get_default_dtype()) for part in parts), viewing=viewing), placement


def write_surface(
    path: str | Path, volume: Volume, level: float = 10.0, settings: Mapping[str, Any] | None = None
) -> None:
    """Write the surface of a volume as .glb or .obj.

    Raises:
        InputError: as for `Volume.surface` and `write_mesh`.
    """
    write_mesh(path, *volume.surface(level), settings=settings)


def read_cameras(path: str | Path) -> tuple[Cameras, tuple[Path, ...]]:
    """The cameras of a `transforms.json`, numbered, and the pictures that they took.

    Raises:
        InputError: the file does not hold cameras, or a camera has no picture.
    """
    found = camera_files.read_cameras(path)
    pictures = tuple(each for each in found.pictures if each is not None)
    if len(pictures) not in (0, len(found.pictures)):
        raise InputError(f"{str(path)!r} names pictures for {len(pictures)} of {len(found.pictures)} cameras: name all")
    motion, intrinsics = (torch.from_numpy(part).to(torch.get_default_dtype()) for part in found[:2])
    return Cameras(motion, intrinsics, found.width, found.height).numbered(), pictures


def write_cameras(path: str | Path, cameras: Cameras) -> None:
    """Write a `transforms.json`.

    Raises:
        InputError: the file cannot be written.
    """
    motion, intrinsics = (each.double().cpu().numpy() for each in (cameras.world_to_camera, cameras.intrinsics))
    pictures = (None,) * len(cameras)
    arrays = camera_files.CameraArrays(motion, intrinsics, cameras.width, cameras.height, pictures)
    camera_files.write_cameras(path, arrays)
