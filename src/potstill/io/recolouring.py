"""Meshes whose colours change, and nothing else: vertices, triangles and places on the texture stay."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from potstill.errors import InputError
from potstill.io.files import as_path
from potstill.io.gltf import COLOURS, read_glb_json, scene_glb
from potstill.io.mesh_colours import corner_colours, factor_of, mix, picture_of, to_linear, to_srgb, vertex_colours
from potstill.io.meshes import TURN, load_meshes, load_scene, trimesh_module

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Changes of sRGB colours [n, 3] from places and normals of points [n, 3], z up."""
MARGIN = 1.5
"""Pixels of a texture beyond the edges of its triangles that change with them, for they are mixed in."""


def recoloured_glb(path: str | Path, change: Change, settings: Mapping[str, Any] | None = None) -> bytes:
    """A .glb or .obj as GLB with other colours: of its texture where it has one, or else of its vertices.

    A part that is shown several times, and a texture of several parts, take the mean of what is asked of them.

    Args:
        path: the mesh.
        change: gives the change at points of the surface.
        settings: written into the extras.

    Raises:
        InputError: the mesh cannot be read, or its triangles have no places of their own on their texture.
    """
    path = as_path(path)
    _, linear = load_meshes(path)
    scene = load_scene(path, read_glb_json(path) if linear else {}, process=False)
    textures: dict[int, _Texture] = {}
    asked: dict[str, list[np.ndarray]] = {}
    for node in scene.graph.nodes_geometry:
        motion, name = scene.graph[node]
        mesh = scene.geometry[name]
        if not hasattr(mesh, "faces") or not len(mesh.faces):
            continue
        turn, centre = TURN @ motion[:3, :3], TURN @ motion[:3, 3]
        spin = np.linalg.inv(turn)  # normals turn by the transposed inverse

        def where(places: np.ndarray, turn: np.ndarray = turn, centre: np.ndarray = centre) -> np.ndarray:
            return places @ turn.T + centre

        if picture_of(mesh) is None:
            asked.setdefault(name, []).append(change(where(mesh.vertices), _unit(mesh.vertex_normals @ spin)))
            continue
        if id(mesh.visual.material) not in textures:
            textures[id(mesh.visual.material)] = _Texture(mesh)
        textures[id(mesh.visual.material)].ask(mesh, where, spin, change)
    for name, changes in asked.items():
        mesh = scene.geometry[name]
        shades = vertex_colours(mesh, linear) + np.mean(changes, 0)
        mesh.visual = trimesh_module().visual.ColorVisuals(mesh)
        mesh.vertex_attributes[COLOURS] = to_linear(shades.clip(0, 1)).astype(np.float32)
    for texture in textures.values():
        texture.apply()
    if settings is not None:
        scene.metadata["potstill"] = dict(settings)
    return scene_glb(scene)


class _Texture:
    """A texture, and the changes that triangles ask of its pixels; a pixel of several gets the mean.

    The factor of the material becomes part of the texture, for a red one would let no blue through.
    """

    def __init__(self, mesh: Any) -> None:
        self.material = mesh.visual.material
        self.name = "baseColorTexture" if getattr(self.material, "baseColorTexture", None) is not None else "image"
        picture = getattr(self.material, self.name)
        self.pixels = np.asarray(picture.convert("RGBA" if "A" in picture.getbands() else "RGB")).astype(np.float64)
        if (factor := factor_of(mesh)) is not None and (factor != 1).any():
            self.pixels[..., :3] = 255 * to_srgb(to_linear(self.pixels[..., :3] / 255) * factor)
        _drop_factor(self.material)
        self.asked: list[tuple[np.ndarray, ...]] = []

    def ask(self, mesh: Any, where: Callable[[np.ndarray], np.ndarray], spin: np.ndarray, change: Change) -> None:
        """Gather what the triangles of a mesh ask for."""
        height, width, channels = self.pixels.shape
        corners = mesh.visual.uv[mesh.faces] * [width, -height] + [-0.5, height - 0.5]
        texel, face, shares, inside = _covered(corners, width, height)
        places = where(mix(mesh.vertices, mesh, face, shares))
        normals = _unit(mix(mesh.vertex_normals, mesh, face, shares) @ spin)
        here = self.pixels.reshape(-1, channels)[texel, :3]
        self.asked.append((texel, 255 * _below(change(places, normals), here, mesh, face, shares), inside))

    def apply(self) -> None:
        """Change the pixels."""
        texel, changes, inside = (np.concatenate(each) for each in zip(*self.asked, strict=True))
        height, width = self.pixels.shape[:2]
        covered = np.bincount(texel[inside], minlength=height * width) > 0
        counts = inside | ~covered[texel]  # the margin of a triangle gives way to the inside of another
        number = np.bincount(texel[counts], minlength=height * width).clip(min=1)
        for channel in range(3):
            sums = np.bincount(texel[counts], changes[counts, channel], height * width) / number
            self.pixels[..., channel] += sums.reshape(height, width)
        setattr(self.material, self.name, Image.fromarray(np.rint(self.pixels.clip(0, 255)).astype(np.uint8)))


def _drop_factor(material: Any) -> None:
    """Set the factor of a material to 1, and keep its alpha."""
    if not hasattr(material, "baseColorFactor"):
        material.diffuse, material.kwargs["kd"] = np.full(4, 255, np.uint8), [1.0, 1.0, 1.0]
    elif material.baseColorFactor is not None:
        material.baseColorFactor = np.array([255, 255, 255, material.baseColorFactor[3]], np.uint8)


def _below(change: np.ndarray, pixels: np.ndarray, mesh: Any, face: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The change of the texture [n, 3] that makes a change of the surface, where colours of vertices multiply it."""
    if (corners := corner_colours(mesh)) is None:
        return change
    light = mix(corners, mesh, face, shares).clip(min=1e-3)  # only GLB has both
    wanted = (to_srgb(to_linear(pixels / 255) * light) + change).clip(0, 1)
    return to_srgb((to_linear(wanted) / light).clip(0, 1)) - pixels / 255


def _covered(corners: np.ndarray, width: int, height: int) -> tuple[np.ndarray, ...]:
    """The pixels at or beside each triangle [m, 3, 2]: their numbers, triangles, shares of the corners, and whether
    they are inside.
    """
    found: list[tuple[np.ndarray, ...]] = []
    for number, triangle in enumerate(corners):
        if not np.isfinite(triangle).all():
            continue
        low = np.floor(triangle.min(0) - MARGIN).astype(int)
        high = np.ceil(triangle.max(0) + MARGIN).astype(int)
        if (high - low > 4 * np.array([width, height]) + 8).any():
            raise InputError("a triangle repeats its texture more than four times, so it has no colours of its own")
        x, y = (each.ravel() for each in np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True))))
        a, b = triangle[1] - triangle[0], triangle[2] - triangle[0]
        area = a[0] * b[1] - a[1] * b[0]
        if abs(area) < 1e-9:
            continue
        p, q = x - triangle[0, 0], y - triangle[0, 1]
        second, third = (p * b[1] - q * b[0]) / area, (q * a[0] - p * a[1]) / area
        shares = np.stack([1 - second - third, second, third], 1)
        sides = np.linalg.norm(np.stack([b - a, b, a]), axis=1)
        inside = np.asarray((shares >= -1e-9).all(1))
        near = np.asarray((shares * abs(area) / sides.clip(min=1e-9) >= -MARGIN).all(1))
        near &= inside | ((x >= 0) & (x < width) & (y >= 0) & (y < height))
        kept = shares[near].clip(0)
        place = (y[near] % height) * width + x[near] % width
        found.append((place, np.full(len(place), number), kept / kept.sum(1, keepdims=True), inside[near]))
    if not found:
        raise InputError("the triangles cover no part of their texture: give a mesh with places on it (UV)")
    return tuple(np.concatenate(each) for each in zip(*found, strict=True))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
