"""The colours of a mesh: those of its texture, of its material and of its vertices, multiplied in linear light.

    colour = texture(u, v) * factor * sum_k share_k vertex_k

So glTF defines the base colour; OBJ has the factor Kd. A texture is read between the centres of its pixels and
repeats, which is the default of both formats. Colours of vertices are linear light in GLB, and all else is sRGB but for
the factor of GLB.
"""

import warnings
from typing import Any

import numpy as np

from potstill.errors import Note
from potstill.io.gltf import COLOURS


def surface_colours(mesh: Any, faces: np.ndarray, shares: np.ndarray, linear: bool) -> np.ndarray | None:
    """The sRGB colours of points; None if the mesh has no colours.

    Args:
        mesh: a `trimesh.Trimesh`.
        faces: the triangles of the points [n].
        shares: of the corners of their triangles [n, 3].
        linear: whether the colours of vertices are linear light.
    """
    picture, corners, factor = picture_of(mesh), corner_colours(mesh), factor_of(mesh)
    if picture is None and corners is None and factor is None:
        return None
    light = np.ones((len(faces), 3)) if factor is None else np.tile(factor, (len(faces), 1))
    if picture is not None:
        light *= to_linear(texture_at(picture, mix(mesh.visual.uv, mesh, faces, shares)))
    if corners is not None:
        mixed = mix(corners, mesh, faces, shares)
        light *= mixed if linear else to_linear(mixed)
    return to_srgb(light)


def vertex_colours(mesh: Any, linear: bool) -> np.ndarray:
    """The colours of the vertices in sRGB [n, 3], of a mesh without a texture; grey without colours."""
    corners, factor = corner_colours(mesh), factor_of(mesh)
    if corners is None and factor is None:
        return np.full((len(mesh.vertices), 3), 0.5)
    light = np.ones((len(mesh.vertices), 3)) if corners is None else corners if linear else to_linear(corners)
    return to_srgb(light if factor is None else light * factor)


def picture_of(mesh: Any) -> Any:
    """The picture of a mesh with places on it, None without."""
    if mesh.visual.kind != "texture" or mesh.visual.uv is None:
        return None
    material = mesh.visual.material
    return getattr(material, "baseColorTexture", None) or getattr(material, "image", None)


def factor_of(mesh: Any) -> np.ndarray | None:
    """The colour of the material in linear light [3], with which all others are multiplied; None without a material.

    A Kd of 0 beside a texture counts as 1, for programs that write it mean the texture; a note says so.
    """
    material = getattr(mesh.visual, "material", None)
    if material is None:
        return None
    if hasattr(material, "baseColorFactor"):
        return np.ones(3) if material.baseColorFactor is None else material.baseColorFactor[:3] / 255
    if picture_of(mesh) is None:
        main = getattr(material, "main_color", None)
        return None if main is None else to_linear(np.asarray(main[:3]) / 255)
    stated = np.asarray(getattr(material, "kwargs", {}).get("kd", (1, 1, 1))[:3], float)
    if not stated.any():
        warnings.warn("a material of a texture has Kd 0, which is read as 1: the texture counts", Note, stacklevel=2)
        return np.ones(3)
    return to_linear(stated)


def corner_colours(mesh: Any) -> np.ndarray | None:
    """The colours of the vertices alone, as they are stored [n, 3]; None without."""
    if (stored := mesh.vertex_attributes.get(COLOURS)) is not None:
        return stored[:, :3].astype(np.float64)
    return mesh.visual.vertex_colors[:, :3] / 255 if mesh.visual.kind in ("vertex", "face") else None


def texture_at(picture: Any, uv: np.ndarray) -> np.ndarray:
    """The colours [n, 3] of a picture at u to the right and v upward, mixed from the four nearest pixels."""
    pixels = np.asarray(picture.convert("RGB"))
    height, width = pixels.shape[:2]
    across = np.nan_to_num(uv[:, 0]) % 1 * width - 0.5
    down = -np.nan_to_num(uv[:, 1]) % 1 * height - 0.5
    left, top = np.floor(across).astype(int), np.floor(down).astype(int)
    p, q = (across - left)[:, None], (down - top)[:, None]

    def row(y: np.ndarray) -> np.ndarray:
        return (1 - p) * pixels[y % height, left % width] + p * pixels[y % height, (left + 1) % width]

    return ((1 - q) * row(top) + q * row(top + 1)) / 255


def shares_at(mesh: Any, faces: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The shares of the corners [n, 3] at places on triangles."""
    from trimesh.triangles import points_to_barycentric

    with np.errstate(all="ignore"):  # a triangle may be as thin as rounding
        shares = np.nan_to_num(points_to_barycentric(mesh.triangles[faces], places), nan=1.0).clip(0, 1)
    return shares / shares.sum(1, keepdims=True).clip(min=1e-12)


def mix(values: np.ndarray, mesh: Any, faces: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Values of vertices at points of triangles."""
    return np.einsum("nk,nkd->nd", shares, values[mesh.faces[faces]])


def to_linear(shades: np.ndarray) -> np.ndarray:
    """From sRGB to linear light (IEC 61966-2-1)."""
    return np.where(shades <= 0.04045, shades / 12.92, ((shades.clip(min=0) + 0.055) / 1.055) ** 2.4)


def to_srgb(shades: np.ndarray) -> np.ndarray:
    """From linear light to sRGB (IEC 61966-2-1)."""
    return np.where(shades <= 0.0031308, 12.92 * shades, 1.055 * shades.clip(min=1e-12) ** (1 / 2.4) - 0.055)
