"""Camera files: OpenGL's axes become OpenCV's, and what lacks something is refused."""

import json

import numpy as np
import pytest

from potstill.errors import InputError, Note
from potstill.io.camera_files import read_cameras, write_cameras

POSE = [[1, 0, 0, 0], [0, 0, -1, -3], [0, 1, 0, 0.5], [0, 0, 0, 1]]
"""A camera at (0, -3, 0.5) that looks along +y with z up, in OpenGL's axes."""


def document(**change):
    frame = {"file_path": "images/a.png", "transform_matrix": POSE}
    return {"camera_angle_x": np.pi / 2, "w": 40, "h": 20, "frames": [frame]} | change


def read(tmp_path, **change):
    (tmp_path / "transforms.json").write_text(json.dumps(document(**change)))
    return read_cameras(tmp_path / "transforms.json")


def test_axes_are_those_of_opencv(tmp_path):
    found = read(tmp_path)
    assert found.pictures == (tmp_path / "images" / "a.png",)
    ahead, above = np.array([0, 1, 0.5, 1]), np.array([0, 0, 1.5, 1])
    assert np.allclose(found.world_to_camera[0] @ ahead, [0, 0, 4, 1])
    assert np.allclose(found.world_to_camera[0] @ above, [0, -1, 3, 1])
    assert np.allclose(found.intrinsics[0], [[20, 0, 20], [0, 20, 10], [0, 0, 1]])
    assert (found.width, found.height) == (40, 20)


def test_cameras_come_back(tmp_path):
    found = read(tmp_path, fl_x=31.0, fl_y=32.0, cx=17.0)
    write_cameras(tmp_path / "again.json", found)
    again = read_cameras(tmp_path / "again.json")
    assert np.allclose(again.world_to_camera, found.world_to_camera, atol=1e-12)
    assert np.array_equal(again.intrinsics, found.intrinsics)
    assert again.pictures == found.pictures


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": []}, "no list of 1 to 100,000 frames"),
        ({"frames": [3]}, "frame 0 of .* is no object"),
        ({"frames": [{}]}, "no transform_matrix of 4 by 4"),
        ({"frames": [{"transform_matrix": [[1, 0, 0, "x"]] * 4}]}, "other than finite numbers"),
        ({"frames": [{"transform_matrix": (2 * np.eye(4)).tolist()}]}, "no rotation and shift"),
        ({"w": None}, "has w = None: it must be a number"),
        ({"camera_angle_x": 0}, "has camera_angle_x = 0"),
        ({"fl_x": -5}, "has fl_x = -5"),
        ({"frames": [{"transform_matrix": POSE}, {"transform_matrix": POSE, "w": 41}]}, "pictures of 2 sizes"),
    ],
)
def test_what_is_no_file_of_cameras_is_refused(tmp_path, change, words):
    with pytest.raises(InputError, match=words):
        read(tmp_path, **change)


def test_distortion_is_said_to_be_left_out(tmp_path):
    frame = document()["frames"][0]
    with pytest.warns(Note, match="lens distortion for 1 of 1 cameras, which is left out"):
        read(tmp_path, k1=0.1)
    with pytest.warns(Note, match="lens distortion for 1 of 2 cameras, which is left out"):
        read(tmp_path, k1=0.0, frames=[frame | {"p2": -0.1}, frame])


@pytest.mark.parametrize(
    "lens",
    [
        {"camera_model": "OPENCV_FISHEYE"},
        {"camera_model": "EQUIRECTANGULAR"},
        {"is_fisheye": True},
        {"camera_type": "orthographic"},
    ],
)
def test_cameras_that_are_no_pinholes_are_refused(tmp_path, lens):
    words = (
        rf"frame 0 of .* has {next(iter(lens))} = .*, which is no pinhole camera: give cameras of undistorted pictures"
    )
    with pytest.raises(InputError, match=words):
        read(tmp_path, **lens)
    with pytest.raises(InputError, match=words):
        read(tmp_path, frames=[document()["frames"][0] | lens])


@pytest.mark.parametrize("model", ["OPENCV", "PINHOLE", "SIMPLE_RADIAL", None])
def test_pinholes_of_any_name_are_read(tmp_path, model):
    read(tmp_path, camera_model=model, is_fisheye=False, camera_type="perspective")


def test_a_point_at_the_edge_of_both_angles_is_at_the_corner_of_the_picture(tmp_path):
    """Square pixels only where no vertical angle is stated, and fl_y counts before the angle."""
    found = read(tmp_path, camera_angle_x=1.0, camera_angle_y=0.4)
    edge = found.intrinsics[0] @ [np.tan(0.5), np.tan(0.2), 1]
    assert np.allclose(edge, [40, 20, 1])
    assert read(tmp_path, camera_angle_y=0.4, fl_y=31.0).intrinsics[0, 1, 1] == 31
