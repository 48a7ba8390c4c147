"""Scenes that cannot be read and arguments that do not fit: one line, exit code 2, nothing written."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from potstill.io.ply import ply_bytes
from tests.cli.test_cli import run
from tests.cli.test_scene import EDIT, GENERATE, TINY

pytestmark = pytest.mark.usefixtures("small_orbits")


def rows(count: int, **changes: np.ndarray) -> bytes:
    names = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2"]
    names += [f"rot_{k}" for k in range(4)]
    return ply_bytes({name: np.ones(count, np.float32) for name in names} | changes, [])


def without(data: bytes, name: str) -> bytes:
    return data.replace(f"property float {name}\n".encode(), f"property float {name}_\n".encode())


def glb(text: bytes) -> bytes:
    text += b" " * (-len(text) % 4)
    return b"glTF" + struct.pack("<III", 2, 20 + len(text), len(text)) + b"JSON" + text


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a missing column": ("a.ply", lambda: without(rows(2), "opacity"), "lacks the columns opacity"),
    "NaN": ("a.ply", lambda: rows(2, x=np.array([1, np.nan])), "1 of 2 Gaussians with NaN"),
    "no Gaussians": ("a.ply", lambda: rows(0), "holds no Gaussians"),
    "ten million": (
        "a.ply",
        lambda: rows(1).replace(b"vertex 1\n", b"vertex 10000000\n"),
        "holds 10,000,000 Gaussians, and up to 2,000,000 fit here",
    ),
    "a header that never ends": ("a.ply", lambda: b"ply\n" + b"comment a\n" * 10_000, "is no PLY file"),
    "half a file": ("a.ply", lambda: rows(9)[:-20], "it is cut off"),
    "a PLY by its bytes alone": ("a.dat", lambda: rows(2), "give a .ply or a .splat file"),
    "an odd splat": ("a.splat", lambda: b"1" * 33, "no multiple of 32"),
    "a packed file": ("a.spz", lambda: b"\x1f\x8b", "is a packed file of Gaussians, and .spz is not read: save it"),
    "another": ("a.KSPLAT", lambda: b"", "is a packed file of Gaussians, and .ksplat is not read: save it as .ply"),
    "a packed PLY": (
        "a.ply",
        lambda: rows(2).replace(b"property float x\n", b"property float packed_position\n"),
        "is a compressed PLY: save it as a plain PLY",
    ),
    "no GLB": ("a.glb", lambda: b"glTF", "is no GLB file"),
    "a GLB without geometry": ("a.glb", lambda: glb(b'{"asset":{"version":"2.0"},"scenes":[{}]}'), "no triangles"),
    "a texture that is not there": ("a.obj", lambda: b"mtllib no.mtl\nv 0 0 0\n", "names textures that are not there"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_scenes_are_one_line_and_nothing_is_written(capsys, tmp_path, monkeypatch, name):
    file, data, reason = BAD[name]
    monkeypatch.chdir(tmp_path)
    Path(file).write_bytes(data())
    code, out, err = run(capsys, "edit", file, *EDIT)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert reason in err
    assert [path.name for path in tmp_path.iterdir()] == [file]


WRONG = {
    "an ending": ((*GENERATE, "--out", "a.glb"), "cannot write Gaussians as 'a.glb'"),
    "Gaussians as a mesh": (("edit", "teapot.ply", *EDIT, "--out", "a.glb"), "cannot write Gaussians as 'a.glb'"),
    "a picture": ((*GENERATE, "--out", "a.png"), "cannot write Gaussians as 'a.png'"),
    "an input as output": (("edit", "teapot.ply", *EDIT, "--out", "teapot.ply", "--overwrite"), "is an input"),
    "no such toy": (("generate", "red dragon", "--scene", "gaussians", *TINY), "no toy is called 'dragon'"),
    "a toy of the network": (
        ("generate", "purple elephant", "--scene", "gaussians"),
        "the bundled model toys draws it: choose it with --model toys",
    ),
    "no such scene": (("edit", "no.ply", *EDIT), "there is no such file"),
    "no field of view": ((*GENERATE, "--fov", "0", "0"), "fov from 0"),
    "a rate": ((*GENERATE, "--learning-rate", "0"), "4 for new Gaussians, 1 for a volume and 2 for an edit is usual"),
    "a preset": ((*GENERATE, "--preset", "sdi-threestudo"), "did you mean 'sdi-threestudio'"),
    "a preset for fixed cameras": ((*GENERATE, "--preset", "sdi-threestudio"), "elevation is fixed in world:toys"),
    "half a box": (("edit", "teapot.ply", *EDIT, "--only-box", "0", "1"), "must be six numbers"),
    "a world for pictures": (("generate", "a", "--model", "world:toys"), "there is no model 'world:toys'"),
    "no such kind": (("generate", "red heart", "--scene", "path"), "must be one of gaussians, volume, paths, strokes"),
    "a scene from a picture": (("edit", "--config", "teapot.ply", *EDIT), "not of potstill edit"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_one_line_and_nothing_is_written(capsys, teapot, name):
    words, reason = WRONG[name]
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert reason in err
    assert [path.name for path in Path().iterdir()] == ["teapot.ply"]
