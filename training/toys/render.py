"""Pictures of a toy: ray casting with embree, soft light that stands still, and antialiasing.

The light is that of a large, soft sky. It is computed once for a toy, at every vertex, with the shadows that its parts
throw on one another, and it does not depend on the camera: a point looks the same from everywhere. So a scene whose
colours do not depend on the view can represent every picture exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene
from jaxtyping import Float, Int

from potstill.scenes.cameras import Cameras
from training.toys.parts import Colour, Toy
from training.toys.surfaces import Vertices, joined

SAMPLES = 4
"""Rays along each side of a pixel."""
DIRECTIONS = 96
"""Directions of light."""
RADIUS = 0.93
"""Of the sphere around a toy; cameras at distance 3 with a field of view of 40 degrees see the unit sphere."""
_AMBIENT, _SKY, _SUN, _SHARPNESS = 0.68, 0.16, 1.15, 4.0
_HIDDEN = 0.02  # less light than any visible point has
_SUNWARDS = np.array([-0.45, -0.65, 0.62]) / np.linalg.norm([-0.45, -0.65, 0.62])  # in front, above, on its right


@dataclass(frozen=True, eq=False)
class Shading:
    """Pictures before they are coloured: picture = light · sum of share · colour + (1 - sum of share) · background.

    The shares are those of the pixel that each colour covers, so other colours need no other rays.
    """

    light: Float[np.ndarray, "v h w"]
    """The mean light, in [0, 1], of what the pixel shows of the toy; 0 where it shows nothing of it."""
    shares: dict[str, Float[np.ndarray, "v h w"]]
    """By the name of the colour; multiples of 1 / samples²."""

    def pictures(self, colours: Mapping[str, Colour], background: Colour) -> Float[np.ndarray, "v 3 h w"]:
        """RGB in [0, 1] with these colours, by name."""
        shown = sum(share[:, None] * _column(colours[name]) for name, share in self.shares.items())
        cover = sum(self.shares.values())
        return self.light[:, None] * shown + (1 - cover[:, None]) * _column(background)


def _column(colour: Colour) -> Float[np.ndarray, "3 1 1"]:
    return np.asarray(colour, dtype=np.float32)[:, None, None]


class Renderer:
    """Renders one toy, which is scaled to fit into a sphere of `RADIUS`."""

    def __init__(self, toy: Toy, frame: Toy | None = None) -> None:
        """Build the ray caster, and light the toy; `frame` is the toy that fits into the sphere, by default itself."""
        whole = joined([part.surface for part in toy])
        extent = joined([part.surface for part in frame or toy]).vertices
        centre = (extent.min(0) + extent.max(0)) / 2
        size = np.linalg.norm(extent - centre, axis=1).max()
        vertices = RADIUS * (whole.vertices - centre) / size
        self._names = list(dict.fromkeys(part.colour for part in toy))
        sizes = [len(part.surface.triangles) for part in toy]
        self._slot = np.repeat([self._names.index(part.colour) for part in toy], sizes)
        self._scene = EmbreeScene()
        TriangleMesh(self._scene, vertices[whole.triangles].astype(np.float32))
        light = filled(self._lit(vertices, whole.normals), whole.triangles)
        self._light = light[whole.triangles].astype(np.float32)

    def __call__(self, cameras: Cameras, samples: int = SAMPLES) -> Shading:
        """What the cameras see, with samples x samples rays a pixel."""
        fine = cameras.resized(cameras.width * samples, cameras.height * samples)
        origins, directions = (each.numpy() for each in fine.rays())
        seen = [self._view(np.broadcast_to(o, d.shape), d, samples) for o, d in zip(origins, directions, strict=True)]
        light, shares = zip(*seen, strict=True)
        return Shading(np.stack(light), dict(zip(self._names, np.stack(shares, 1), strict=True)))

    def _view(
        self, origins: Float[np.ndarray, "h w 3"], directions: Float[np.ndarray, "h w 3"], samples: int
    ) -> tuple[Float[np.ndarray, "rows columns"], Float[np.ndarray, "slots rows columns"]]:
        h, w = directions.shape[:2]
        hit = self._scene.run(
            np.ascontiguousarray(origins.reshape(-1, 3), np.float32),
            np.ascontiguousarray(directions.reshape(-1, 3), np.float32),
            query="INTERSECT",
            output=True,
        )
        where = np.flatnonzero(hit["primID"] >= 0)
        triangle, u, v = (hit[name][where] for name in ("primID", "u", "v"))
        light = self._light[triangle]
        light = light[:, 0] + u * (light[:, 1] - light[:, 0]) + v * (light[:, 2] - light[:, 0])
        rows, columns, slots = h // samples, w // samples, len(self._names)
        cell = where // w // samples * columns + where % w // samples
        counts = np.bincount(self._slot[triangle] * rows * columns + cell, minlength=slots * rows * columns)
        counts = counts.reshape(slots, rows, columns)
        mean = np.bincount(cell, light, rows * columns).reshape(rows, columns) / np.maximum(counts.sum(0), 1)
        return mean.astype(np.float32), (counts / samples**2).astype(np.float32)

    def _lit(self, vertices: Vertices, normals: Vertices) -> Float[np.ndarray, " n"]:
        """The light at each vertex: E(n) = mean over directions of radiance · max(0, n · direction) · visible."""
        directions, radiance = sky()
        cosine = normals @ directions.T
        facing = cosine > 0
        which, towards = np.nonzero(facing)
        starts = (vertices + 2e-3 * normals)[which].astype(np.float32)
        blocked = self._scene.run(starts, directions[towards].astype(np.float32), query="OCCLUDED") >= 0
        light = np.where(facing, cosine * radiance, 0)
        light[which[blocked], towards[blocked]] = 0
        return np.minimum(light.sum(1), 1.0)


def sky() -> tuple[Float[np.ndarray, "directions 3"], Float[np.ndarray, " directions"]]:
    """Directions evenly over the sphere (a Fibonacci lattice), and the light from each, times 4 pi / (count · pi)."""
    number = np.arange(DIRECTIONS) + 0.5
    z = 1 - 2 * number / DIRECTIONS
    angle = number * np.pi * (1 + 5**0.5)
    flat = np.sqrt(1 - z**2)
    directions = np.stack([flat * np.cos(angle), flat * np.sin(angle), z], 1)
    sun = np.exp(_SHARPNESS * (directions @ _SUNWARDS - 1))
    return directions, (_AMBIENT + _SKY * z + _SUN * sun) * 4 / DIRECTIONS


def filled(light: Float[np.ndarray, " n"], triangles: Int[np.ndarray, "m 3"]) -> Float[np.ndarray, " n"]:
    """Light at vertices inside of other parts as at their neighbours: else seams between parts would look torn."""
    start, end = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]).T
    start, end = np.concatenate([start, end]), np.concatenate([end, start])
    seam = (light[start] < _HIDDEN) & (light[end] >= _HIDDEN)
    count = np.bincount(start[seam], minlength=len(light))
    near = np.bincount(start[seam], light[end[seam]], len(light)) / np.maximum(count, 1)
    return np.where(count > 0, near, light)
