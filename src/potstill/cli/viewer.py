"""3-D scenes in the browser, shown by viser: from a file, or during a run."""

import io
import time
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from typing import Any

import torch

from potstill.distillation import Step
from potstill.errors import InputError
from potstill.io.meshes import coloured_mesh
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.harmonics import CONSTANT
from potstill.scenes.projection import rotations
from potstill.scenes.viewing import Solid
from potstill.scenes.volume import Volume
from potstill.tasks.files.scenes import body_level

HOST, PORT = "127.0.0.1", 8080
PAUSE = 0.5
"""Seconds between two pictures of a run."""


class Viewer:
    """A page that only this machine can open, with one scene."""

    def __init__(self, port: int = PORT) -> None:
        """Serve an empty page at this port, or at the next free one.

        Raises:
            InputError: viser is missing.
        """
        viser = viser_module()
        with redirect_stdout(io.StringIO()):  # it has a banner of its own
            self.server = viser.ViserServer(host=HOST, port=port, verbose=False)
        self.server.scene.set_up_direction("+z")

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://{HOST}:{self.server.get_port()}"

    def show(self, shown: Any) -> None:
        """Put a scene or a `trimesh.Trimesh` in the place of what is shown."""
        if isinstance(shown, Gaussians):
            self.server.scene.add_gaussian_splats("/scene", **splats(shown))
        elif isinstance(shown, Volume):
            self.server.scene.add_mesh_trimesh("/scene", coloured_mesh(*shown.surface(body_level(shown))))
        else:
            self.server.scene.add_mesh_trimesh("/scene", shown)

    def follow(self, scene: Solid, steps: Iterator[Step]) -> Iterator[Step]:
        """The steps of a run, the scene shown as it was before them, now and then after one, and after the last."""
        self.show(scene)
        shown = time.monotonic()
        for step in steps:
            if time.monotonic() - shown > PAUSE or step.index + 1 == step.total:
                self.show(scene)
                shown = time.monotonic()
            yield step

    def wait(self) -> None:
        """Until Ctrl-C."""
        with suppress(KeyboardInterrupt):
            _forever()

    def close(self) -> None:
        """End the server."""
        with redirect_stdout(io.StringIO()):
            self.server.stop()


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
    return {name: value.float().cpu().numpy() for name, value in parts.items()}


def viser_module() -> Any:
    """The library.

    Raises:
        InputError: it is not installed.
    """
    try:
        import viser  # type: ignore[import-not-found]
    except ImportError as error:
        raise InputError(f"scenes are shown by viser ({error}): pip install potstill[view]") from error
    return viser


def _forever() -> None:
    while True:
        time.sleep(3600)
