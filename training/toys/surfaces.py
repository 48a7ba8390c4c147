"""Surfaces that toys are made of: triangles with smooth normals, each from a formula.

Units are free, for a toy is scaled to the unit sphere as a whole; z is up and -y is the front. Lathes and tubes are
grids of points, so that light, which is computed at the corners of triangles, varies smoothly over them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from scipy.interpolate import CubicSpline

Number = int | float
Vector = tuple[Number, Number, Number]
Vertices = Float[np.ndarray, "n 3"]
AROUND = 48
"""Points around an axis."""


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles with a unit normal at each vertex, which points outwards."""

    vertices: Vertices
    normals: Vertices
    triangles: Int[np.ndarray, "m 3"]

    def __add__(self, other: "Surface") -> "Surface":
        """Both."""
        return joined([self, other])

    def at(self, x: Number = 0.0, y: Number = 0.0, z: Number = 0.0) -> "Surface":
        """Moved by (x, y, z)."""
        return Surface(self.vertices + np.array([x, y, z]), self.normals, self.triangles)

    def scaled(self, x: Number, y: Number | None = None, z: Number | None = None) -> "Surface":
        """Scaled along each axis; by one number if there is no other."""
        factors = np.array([x, x if y is None else y, x if z is None else z])
        normals = self.normals / factors
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return Surface(
            self.vertices * factors, normals, self.triangles if factors.prod() > 0 else self.triangles[:, ::-1]
        )

    def turned(self, axis: str, degrees: Number) -> "Surface":
        """Turned about the x, y or z axis through the origin, anticlockwise as seen from its tip."""
        first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        angle = np.deg2rad(degrees)
        turn = np.eye(3)
        turn[[first, second], [first, second]] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        return Surface(self.vertices @ turn.T, self.normals @ turn.T, self.triangles)

    def mirrored(self) -> "Surface":
        """With x and -x exchanged."""
        return self.scaled(-1, 1, 1)

    def both(self) -> "Surface":
        """With its mirror image: a pair of eyes from the left one."""
        return self + self.mirrored()


def joined(surfaces: Sequence[Surface]) -> Surface:
    """All surfaces as one."""
    offsets = np.cumsum([0, *(len(each.vertices) for each in surfaces)])
    return Surface(
        np.concatenate([each.vertices for each in surfaces]),
        np.concatenate([each.normals for each in surfaces]),
        np.concatenate([each.triangles + offset for each, offset in zip(surfaces, offsets, strict=False)]),
    )


def grid(points: Float[np.ndarray, "rows columns 3"], normals: Float[np.ndarray, "rows columns 3"]) -> Surface:
    """A sheet of points, two triangles to a cell."""
    rows, columns = points.shape[:2]
    corner = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = (each.ravel() for each in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]))
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    return Surface(points.reshape(-1, 3), normals.reshape(-1, 3), triangles)


def smooth(points: Sequence[Sequence[Number]], count: int = 40) -> Float[np.ndarray, "count d"]:
    """`count` points on a smooth curve through these, by a cubic spline over the square roots of the chords."""
    given = np.array(points, dtype=float)
    if len(given) == 2:
        return given[0] + np.linspace(0, 1, count)[:, None] * (given[1] - given[0])
    chords = np.linalg.norm(np.diff(given, axis=0), axis=1) ** 0.5
    position = np.concatenate([[0], np.cumsum(chords)])
    return CubicSpline(position, given)(np.linspace(0, position[-1], count))


def lathe(*profile: tuple[Number, Number], edges: bool = False, around: int = AROUND) -> Surface:
    """A profile of points (radius, z) turned about the z axis; outside is on the right as one goes along it.

    So a profile that goes up is seen from without, one that goes down (the inside of a mug) from within.

    Args:
        profile: the points; radius 0 closes the surface.
        edges: straight lines with sharp edges between the points, in place of a smooth curve through them.
        around: points around the axis.
    """
    if edges:
        pieces = [pair for pair in pairwise(profile) if pair[0] != pair[1]]
        return joined([_turned(smooth(piece, 12), around) for piece in pieces])
    return _turned(smooth(profile), around)


def _turned(curve: Float[np.ndarray, "n 2"], around: int) -> Surface:
    curve = np.maximum(curve, [0.0, -np.inf])
    tangent = np.gradient(curve, axis=0)
    across = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-12
    angle = np.linspace(0, 2 * np.pi, around + 1)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)

    def turn(pairs: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n m 3"]:
        flat = pairs[:, None, :1] * circle
        return np.concatenate([flat, np.broadcast_to(pairs[:, None, 1:], (*flat.shape[:2], 1))], -1)

    return grid(turn(curve), turn(across))


def ball(radius: Number = 1.0, flat: Number = 1.0) -> Surface:
    """A sphere; `flat` scales its height."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 25)
    curve = np.stack([np.cos(angle), np.sin(angle)], 1)
    return _turned(curve, 32).scaled(radius, radius, radius * flat)


def cylinder(radius: Number, height: Number, top: Number | None = None) -> Surface:
    """A closed cylinder that stands on z = 0; with another radius at the top it is a cone, or a part of one."""
    top = radius if top is None else top
    return lathe((0, 0), (radius, 0), (top, height), (0, height), edges=True)


def ring(radius: Number, thickness: Number) -> Surface:
    """A torus in the plane z = 0."""
    angle = np.linspace(0, 2 * np.pi, 25)
    return _turned(np.stack([radius + thickness * np.cos(angle), thickness * np.sin(angle)], 1), AROUND)


def tube(points: Sequence[Vector], radii: Sequence[Number], around: int = 16) -> Surface:
    """A round tube with closed, round ends along a smooth curve through the points, each with a radius."""
    curve = smooth([(*point, radius) for point, radius in zip(points, radii, strict=True)], 32)
    centre, radius = curve[:, :3], curve[:, 3:]
    along = np.gradient(centre, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along[0], np.eye(3)[np.abs(along[0]).argmin()])
    rings = []
    for direction in along:  # a frame that is carried along, so that the tube does not twist
        side = side - direction * (side @ direction)
        side /= np.linalg.norm(side)
        rings.append((side, np.cross(direction, side)))
    frame = np.array(rings)
    angle = -np.linspace(0, 2 * np.pi, around + 1)
    normals = np.einsum("ka,nad->nkd", np.stack([np.cos(angle), np.sin(angle)], 1), frame)
    body = grid(centre[:, None] + radius[:, :, None] * normals, normals)
    ends = [ball(float(radius[end, 0])).at(*centre[end]) for end in (0, -1)]
    return joined([body, *ends])


def box(x: Number, y: Number, z: Number, edge: Number = 0.05) -> Surface:
    """A box of these sides around the origin, with edges rounded by a radius."""
    half, edge = np.array([x, y, z]) / 2, min(edge, 0.499 * min(x, y, z))
    rounding = np.array([0, 0.15, 0.4, 0.7, 1]) * edge
    places = [
        np.concatenate([-h + rounding, np.linspace(-h + edge, h - edge, 12)[1:-1], h - rounding[::-1]]) for h in half
    ]
    sheets = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1, 1):
            points = np.empty((len(places[u]), len(places[v]), 3))
            points[..., axis], points[..., u], points[..., v] = sign * half[axis], places[u][:, None], places[v]
            inner = points.clip(edge - half, half - edge)
            normals = points - inner
            normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
            sheets.append(grid(inner + edge * normals, normals))
    return joined(sheets)


def prism(outline: Sequence[tuple[Number, Number]], depth: Number) -> Surface:
    """A plate around y = 0 whose front has this outline of points (x, z), seen as a star from its mean; sharp edges."""
    corners = np.array([*outline, outline[0]], dtype=float)
    (x, z), (x_next, z_next) = corners[:-1].T, corners[1:].T
    corners = corners if (x * z_next - x_next * z).sum() > 0 else corners[::-1]  # anticlockwise, for the normals
    middle = corners[:-1].mean(0)
    sides, faces = [], []
    for start, end in pairwise(corners):
        edge = start + np.linspace(0, 1, 8)[:, None] * (end - start)
        normal = np.array([end[1] - start[1], 0, start[0] - end[0]]) / np.linalg.norm(end - start)
        rows = np.linspace(-depth / 2, depth / 2, 6)
        points = np.stack([np.stack([edge[:, 0], np.full(8, y), edge[:, 1]], 1) for y in rows])
        sides.append(grid(points, np.broadcast_to(normal, points.shape)))
        fan = middle + np.linspace(0, 1, 8)[:, None, None] * (edge - middle)
        for sign in (-1, 1):
            flat = np.stack([fan[..., 0], np.full(fan.shape[:2], sign * depth / 2), fan[..., 1]], -1)
            faces.append(grid(flat, np.broadcast_to([0.0, sign, 0.0], flat.shape)))
    return joined([*sides, *faces])
