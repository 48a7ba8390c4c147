"""potstill view."""

import io
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from potstill.errors import InputError
from potstill.fields import check_count
from potstill.io.meshes import read_mesh
from potstill.scenes.files import read_gaussians
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.harmonics import CONSTANT
from potstill.scenes.projection import rotations
from potstill.tasks.scene_files import GAUSSIANS, MESHES, scene_kind
from potstill.tasks.schema import Positional

HOST = "127.0.0.1"


@dataclass(frozen=True)
class ViewCommand:
    """Show a 3-D scene in the browser, until Ctrl-C. It needs viser: pip install potstill[view].

        potstill view teapot.ply

    Only this machine can open the page. Colours are those without harmonics, the same from every side.
    """

    file: Positional[Path]
    """The scene: Gaussians in a .ply or .splat, or a mesh in a .glb or .obj."""
    port: int = 8080
    """The port of the page; the next free one if it is taken."""

    def run(self) -> None:
        """Read, serve, wait.

        Raises:
            InputError: the file is no scene, viser is missing, or the port is out of range.
        """
        check_count("port", self.port, 65_535, usual="8080")
        kind = scene_kind(self.file)
        if kind not in (*GAUSSIANS, *MESHES):
            raise InputError(f"{str(self.file)!r} is no scene: give a .ply, .splat, .glb or .obj file")
        shown = read_gaussians(self.file) if kind in GAUSSIANS else read_mesh(self.file)
        server = _server(self.port)
        server.scene.set_up_direction("+z")
        if isinstance(shown, Gaussians):
            server.scene.add_gaussian_splats("/scene", **splats(shown))
        else:
            server.scene.add_mesh_trimesh("/scene", shown)
        print(f"http://{HOST}:{server.get_port()} shows {self.file}; Ctrl-C ends it", flush=True)
        try:
            _wait()
        except KeyboardInterrupt:
            with redirect_stdout(io.StringIO()):
                server.stop()


@torch.no_grad()
def splats(scene: Gaussians) -> dict[str, Any]:
    """What viser draws: centres [n, 3], covariances R S² R^T [n, 3, 3], colours [n, 3] and opacities [n, 1]."""
    axes = rotations(scene.quaternions) * scene.log_scales.exp()[:, None]
    parts = {
        "centers": scene.means,
        "covariances": axes @ axes.mT,
        "rgbs": (0.5 + CONSTANT * scene.colours).clamp(0, 1),
        "opacities": scene.opacity_logits.sigmoid()[:, None],
    }
    return {name: value.float().numpy() for name, value in parts.items()}


def _server(port: int) -> Any:
    try:
        import viser  # type: ignore[import-not-found]
    except ImportError as error:
        raise InputError(f"scenes are shown by viser ({error}): pip install potstill[view]") from error
    with redirect_stdout(io.StringIO()):  # it has a banner of its own
        return viser.ViserServer(host=HOST, port=port, verbose=False)


def _wait() -> None:
    while True:
        time.sleep(3600)
