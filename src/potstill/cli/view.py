"""potstill view."""

from dataclasses import dataclass
from pathlib import Path

from potstill.cli.viewer import PORT, Viewer
from potstill.errors import InputError
from potstill.fields import check_count
from potstill.io.meshes import read_mesh
from potstill.scenes.files import read_gaussians
from potstill.tasks.files.scenes import GAUSSIANS, MESHES, check_readable, scene_kind
from potstill.tasks.settings.schema import Positional


@dataclass(frozen=True)
class ViewCommand:
    """Show a 3-D scene in the browser, until Ctrl-C. It needs viser: pip install potstill[view].

        potstill view teapot.ply

    Only this machine can open the page. Colours are those without harmonics, the same from every side. To see a scene
    while it is made, give `potstill generate --scene` or `potstill edit` the option --view.
    """

    file: Positional[Path]
    """The scene: Gaussians in a .ply or .splat, or a mesh in a .glb or .obj."""
    port: int = PORT
    """The port of the page; the next free one if it is taken."""

    def run(self) -> None:
        """Read, serve, wait.

        Raises:
            InputError: the file is no scene, viser is missing, or the port is out of range.
        """
        check_count("port", self.port, 65_535, usual=str(PORT))
        kind = scene_kind(self.file)
        check_readable(self.file)
        if kind not in (*GAUSSIANS, *MESHES):
            raise InputError(f"{str(self.file)!r} is no scene: give a .ply, .splat, .glb or .obj file")
        shown = read_gaussians(self.file) if kind in GAUSSIANS else read_mesh(self.file)
        viewer = Viewer(self.port)
        viewer.show(shown)
        print(f"{viewer.address} shows {self.file}; Ctrl-C ends it", flush=True)
        viewer.wait()
        viewer.close()
