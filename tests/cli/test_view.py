"""A scene is handed to the viewer as it is drawn; the server listens on this machine alone."""

import sys
import types

import numpy as np
import pytest
import torch

from potstill.cli import viewer
from potstill.cli.viewer import splats
from potstill.io.meshes import write_mesh
from potstill.scenes import Gaussians
from potstill.scenes.files import write_gaussians
from tests.cli.test_cli import run


@pytest.fixture
def scene():
    ball = Gaussians.ball(5, 0.5, torch.Generator().manual_seed(0))
    with torch.no_grad():
        ball.quaternions += torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
        ball.log_scales += torch.tensor([0.0, 0.5, 1.0])
    return ball


class Server:
    """What is used of viser's."""

    def __init__(self, **told):
        self.told, self.calls, self.scene = told, [], self
        Server.last = self

    def get_port(self):
        return 8081

    def stop(self):
        self.calls.append("stop")

    def set_up_direction(self, direction):
        self.calls.append(direction)

    def add_gaussian_splats(self, name, *, centers, covariances, rgbs, opacities):
        self.calls.append((centers.shape, covariances.shape, rgbs.shape, opacities.shape))

    def add_mesh_trimesh(self, name, mesh):
        self.calls.append(mesh.bounds.tolist())


@pytest.fixture
def viser(monkeypatch):
    """Ctrl-C comes at once."""

    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "viser", types.SimpleNamespace(ViserServer=Server))
    monkeypatch.setattr(viewer, "_forever", interrupt)
    monkeypatch.setattr(viewer, "PAUSE", 0.0)


def test_gaussians_and_meshes_are_shown_until_ctrl_c(capsys, viser, scene, tmp_path):
    write_gaussians(tmp_path / "a.ply", scene)
    code, out, _ = run(capsys, "view", str(tmp_path / "a.ply"))
    assert (code, out) == (0, f"http://127.0.0.1:8081 shows {tmp_path / 'a.ply'}; Ctrl-C ends it\n")
    assert Server.last.told == {"host": "127.0.0.1", "port": 8080, "verbose": False}
    assert Server.last.calls == ["+z", ((5, 3), (5, 3, 3), (5, 3), (5, 1)), "stop"]
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    write_mesh(tmp_path / "a.glb", corners, faces, np.full((4, 3), 0.5))
    assert run(capsys, "view", str(tmp_path / "a.glb"))[0] == 0
    assert np.allclose(Server.last.calls[1], [[0, 0, 0], [1, 2, 3]])  # z is up again


@pytest.mark.usefixtures("small_orbits")
def test_a_run_is_shown_while_it_goes_on_and_after_it(capsys, viser, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny = ("--size", "16", "--steps", "4", "--views", "2", "--view")
    words = ("generate", "red teapot", "--scene", "gaussians", "--gaussians", "5", "--most-gaussians", "7", *tiny)
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "wrote generate.ply" in out
    assert "http://127.0.0.1:8081 shows the run\n" in err
    assert err.endswith("http://127.0.0.1:8081 still shows the result; Ctrl-C ends it\n")
    up, first, *others, end = Server.last.calls
    assert (up, end) == ("+z", "stop")
    assert len(others) == 4
    assert [shapes[0][0] for shapes in (first, *others)] == [5, 6, 7, 7, 7]
    words = ("generate", "red teapot", "--scene", "volume", "--grid", "7", "--out", "a.glb", *tiny)
    assert run(capsys, *words)[0] == 0
    assert len(Server.last.calls) == 7
    assert np.abs(Server.last.calls[1]).max() <= 1
    monkeypatch.setitem(sys.modules, "viser", None)
    code, out, err = run(capsys, *words, "--overwrite")
    assert (code, out) == (2, "")
    assert "scenes are shown by viser" in err


def test_the_covariance_has_the_scales_as_its_axes(scene):
    found = np.linalg.eigvalsh(splats(scene)["covariances"])
    assert np.allclose(found, scene.log_scales.detach().exp().square().sort(1).values.numpy(), rtol=1e-4)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("a.ply",), "scenes are shown by viser"),
        (("a.png",), "'a.png' is no scene"),
        (("no.ply",), "there is no such file"),
        (("a.spz",), "'a.spz' is a packed file of Gaussians, and .spz is not read: save it as .ply"),
        (("a.ply", "--port", "0"), "port = 0"),
    ],
)
def test_what_cannot_be_shown_is_one_line(capsys, scene, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "viser", None)
    write_gaussians("a.ply", scene)
    code, _, err = run(capsys, "view", *words)
    assert code == 2
    assert err.count("\n") == 1
    assert reason in err
