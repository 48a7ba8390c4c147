"""MP4 through ffmpeg: what it is given, and what is said if it is missing or fails. A stand-in takes its place."""

import json
import os
import sys
from pathlib import Path

import pytest
import torch

from potstill.errors import InputError
from potstill.io.mp4 import mp4_bytes
from tests.cli.test_cli import run

FRAMES = list(torch.linspace(0, 1, 2 * 3 * 2 * 4).reshape(2, 3, 2, 4).split(1))
STAND_IN = """#!{python}
import json, sys
data = sys.stdin.buffer.read()
if "{fault}":
    sys.exit("{fault}")
size = sys.argv[sys.argv.index("-s") + 1]
open(sys.argv[-1], "w").write(json.dumps([size, len(data), list(data[:3])]))
"""


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """A program of that name on the PATH, which fails with a message if it is given one."""

    def make(fault=""):
        folder = tmp_path / "programs"
        folder.mkdir(exist_ok=True)
        (folder / "ffmpeg").write_text(STAND_IN.format(python=sys.executable, fault=fault))
        (folder / "ffmpeg").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    return make


def test_it_is_given_the_enlarged_pictures_three_times_round(ffmpeg):
    ffmpeg()
    size, count, first = json.loads(mp4_bytes(FRAMES))
    assert (size, count) == ("512x256", 3 * 2 * 512 * 256 * 3)
    assert first == [round(255 * float(each)) for each in FRAMES[0][0, :, 0, 0]]
    odd = [torch.zeros(1, 3, 301, 303)]
    assert json.loads(mp4_bytes(odd, repeats=1))[:2] == ["302x300", 302 * 300 * 3]


def test_it_is_missing_or_fails(ffmpeg, monkeypatch):
    ffmpeg("no such encoder")
    with pytest.raises(InputError, match=r"ffmpeg failed \(no such encoder\): leave --mp4 out and take the GIF"):
        mp4_bytes(FRAMES)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(InputError, match=r"ffmpeg, which is not on the PATH: install it, or pip install imageio"):
        mp4_bytes(FRAMES)


@pytest.mark.usefixtures("small_orbits")
def test_the_orbit_of_a_scene_is_a_video(ffmpeg, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny = ("--gaussians", "5", "--size", "16", "--steps", "2", "--views", "1", "--mp4")
    words = ("generate", "red teapot", "--scene", "gaussians", *tiny)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", "")
        patch.setitem(sys.modules, "imageio_ffmpeg", None)
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert "install it, or pip install imageio-ffmpeg" in err
    assert not list(Path().glob("generate*"))
    ffmpeg()
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "generate-orbit.mp4" in out
    assert json.loads(Path("generate-orbit.mp4").read_text())[1] == 3 * 3 * 256 * 256 * 3
