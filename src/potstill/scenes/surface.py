"""The surface of a volume, as a mesh that can be exported: marching cubes."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from potstill.errors import InputError


class Surface(NamedTuple):
    """A mesh of triangles, in numpy."""

    vertices: np.ndarray
    """In the world, [n, 3]."""
    faces: np.ndarray
    """Vertices of each triangle, counter-clockwise from outside, [m, 3]."""
    colours: np.ndarray
    """Of the vertices, sRGB in [0, 1], [n, 3]."""


FLECK = 0.002
"""Of the area of a surface: a loose part with less is no part of the object."""


def without_flecks(surface: Surface) -> tuple[Surface, int]:
    """A surface without loose parts of less than `FLECK` of its area, and how many those were."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    vertices, faces, colours = surface
    one, other = faces[:, [0, 1]].T
    links = coo_array((np.ones(2 * len(faces)), (np.r_[one, one], np.r_[other, faces[:, 2]])), (len(vertices),) * 2)
    count, part = connected_components(links, directed=False)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    areas = np.bincount(part[one], np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2, count)
    kept = areas >= FLECK * areas.sum()
    stays = kept[part]
    number = stays.cumsum() - 1
    return Surface(vertices[stays], number[faces[stays[one]]], colours[stays]), int((~kept).sum())


def marching_cubes(
    density: Float[np.ndarray, "z y x"], radius: float, level: float
) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "m 3"]]:
    """Vertices (x, y, z) and triangles where the density is `level`, closed at the faces of the cube.

    Args:
        density: on a grid of n x n x n points.
        radius: half the side of the cube.
        level: of density.

    Raises:
        InputError: scikit-image is not installed, or no density is above the level.
    """
    try:
        from skimage import measure
    except ImportError as error:
        raise InputError(f"surfaces need scikit-image ({error}): pip install potstill[mesh]") from error
    if not density.max() > level:
        raise InputError(
            f"no density is above level = {level:g}, they are from {density.min():.3g} to {density.max():.3g}: "
            "give a lower level"
        )
    spacing = 2 * radius / (len(density) - 1)
    vertices, faces, _, _ = measure.marching_cubes(np.pad(density, 1), level, gradient_direction="descent")
    return np.ascontiguousarray((vertices[:, ::-1] - 1) * spacing - radius), faces
