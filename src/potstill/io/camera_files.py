"""Camera files: `transforms.json` of nerfstudio, whose cameras have OpenGL axes (x right, y up, z backward)."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from potstill.errors import InputError, Note
from potstill.fields import is_number
from potstill.io.documents import parse_json
from potstill.io.files import as_path, check_file, write

MOST_CAMERAS = 100_000
"""The most cameras of a file."""
_PINHOLES = ("PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE", "OPENCV", "FULL_OPENCV", "SIMPLE_RADIAL", "RADIAL")
"""Camera models that are pinholes, some with distortion."""
_DISTORTION = ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2")
_FLIP = np.diag([1.0, -1, -1, 1])
"""From OpenGL's axes to OpenCV's, and back."""


class CameraArrays(NamedTuple):
    """v cameras in OpenCV's axes, all with pictures of one size."""

    world_to_camera: np.ndarray
    """[v, 4, 4]."""
    intrinsics: np.ndarray
    """[v, 3, 3], in pixels."""
    width: int
    height: int
    pictures: tuple[Path | None, ...]
    """The picture of each, where the file names one."""


def read_cameras(path: str | Path) -> CameraArrays:
    """The cameras of a `transforms.json`, with the pictures that it names.

    Focal lengths are `fl_x` and `fl_y` or come from `camera_angle_x` and `camera_angle_y`, for all cameras or for each;
    without a vertical one, pixels are square. Says so if the file states lens distortion, which is left out.

    Raises:
        InputError: the file cannot be read, lacks something, or has cameras that are no pinholes.
    """
    path = as_path(path)
    what = repr(str(path))
    check_file(path, "a transforms.json", most=200_000_000)
    document = parse_json(path.read_bytes(), what)
    frames = document.get("frames") if isinstance(document, dict) else None
    if not isinstance(frames, list) or not 1 <= len(frames) <= MOST_CAMERAS:
        raise InputError(f"{what} has no list of 1 to {MOST_CAMERAS:,} frames: give a transforms.json of nerfstudio")
    poses, intrinsics, sizes, pictures, distorted = [], [], set(), [], 0
    for number, frame in enumerate(frames):
        where = f"frame {number} of {what}"
        if not isinstance(frame, dict):
            raise InputError(f"{where} is no object: give a transforms.json of nerfstudio")
        poses.append(_pose(frame.get("transform_matrix"), where))
        lens = {**document, **frame}
        _check_pinhole(lens, where)
        distorted += any(lens.get(name) for name in _DISTORTION)
        matrix, size = _intrinsics(lens, where)
        intrinsics.append(matrix)
        sizes.add(size)
        name = frame.get("file_path")
        pictures.append(path.parent / name if isinstance(name, str) and name else None)
    if len(sizes) > 1:
        raise InputError(f"{what} has pictures of {len(sizes)} sizes: give cameras of one size")
    if distorted:
        text = f"{what} states lens distortion for {distorted:,} of {len(frames):,} cameras, which is left out"
        warnings.warn(f"{text}: undistort the pictures", Note, stacklevel=2)
    ((width, height),) = sizes
    return CameraArrays(np.linalg.inv(np.stack(poses)), np.stack(intrinsics), width, height, tuple(pictures))


def write_cameras(path: str | Path, cameras: CameraArrays) -> None:
    """Write a `transforms.json`.

    Raises:
        InputError: the file cannot be written.
    """
    frames = []
    poses = np.linalg.inv(cameras.world_to_camera) @ _FLIP
    for pose, matrix, picture in zip(poses, cameras.intrinsics, cameras.pictures, strict=True):
        (focal_x, _, x), (_, focal_y, y), _ = matrix.tolist()
        frame: dict[str, Any] = {"transform_matrix": pose.tolist()}
        frame |= {"fl_x": focal_x, "fl_y": focal_y, "cx": x, "cy": y}
        frames.append(frame if picture is None else {"file_path": picture.as_posix(), **frame})
    document = {"camera_model": "OPENCV", "w": cameras.width, "h": cameras.height, "frames": frames}
    write(as_path(path), json.dumps(document, indent=1).encode())


def _pose(value: Any, where: str) -> np.ndarray:
    """Camera to world, in OpenCV's axes."""
    rows = value if isinstance(value, list) and len(value) == 4 else []
    if not rows or not all(isinstance(row, list) and len(row) == 4 for row in rows):
        raise InputError(f"{where} has no transform_matrix of 4 by 4 numbers")
    if not all(is_number(number, -1e9, 1e9) for row in rows for number in row):
        raise InputError(f"{where} has a transform_matrix with something other than finite numbers")
    matrix = np.array(rows, float)
    if np.abs(np.linalg.det(matrix[:3, :3]) - 1) > 0.01 or (matrix[3] != [0, 0, 0, 1]).any():
        raise InputError(f"{where} has a transform_matrix that is no rotation and shift: scale or shear is not known")
    return matrix @ _FLIP


def _check_pinhole(lens: Mapping[str, Any], where: str) -> None:
    """Refuse a camera of another model, by the names of nerfstudio and instant-ngp."""
    model, kind = lens.get("camera_model") or "PINHOLE", lens.get("camera_type") or "perspective"
    for name, value, known in (
        ("camera_model", model, str(model).upper() in _PINHOLES),
        ("camera_type", kind, str(kind).lower() == "perspective"),
        ("is_fisheye", lens.get("is_fisheye"), not lens.get("is_fisheye")),
    ):
        if not known:
            raise InputError(
                f"{where} has {name} = {value!r:.40}, which is no pinhole camera: give cameras of undistorted pictures"
            )


def _intrinsics(lens: Mapping[str, Any], where: str) -> tuple[np.ndarray, tuple[int, int]]:
    """The intrinsics of a frame, and the size of its picture."""

    def number(name: str, low: float, high: float, default: float | None = None) -> float:
        value = lens.get(name, default)
        if not is_number(value, low, high):
            raise InputError(f"{where} has {name} = {value!r:.40}: it must be a number from {low:g} to {high:,g}")
        return float(value)  # type: ignore[arg-type]

    width, height = (number(name, 1.0, 16_384.0) for name in ("w", "h"))
    if "fl_x" in lens:
        focal_x = number("fl_x", 1e-3, 1e9)
    else:
        focal_x = width / 2 / np.tan(number("camera_angle_x", 1e-5, 3.14) / 2)
    if "fl_y" not in lens and "camera_angle_y" in lens:
        focal_y = height / 2 / np.tan(number("camera_angle_y", 1e-5, 3.14) / 2)
    else:
        focal_y = number("fl_y", 1e-3, 1e9, focal_x)
    middle = number("cx", -1e6, 1e6, width / 2), number("cy", -1e6, 1e6, height / 2)
    return np.array([[focal_x, 0, middle[0]], [0, focal_y, middle[1]], [0, 0, 1.0]]), (int(width), int(height))
