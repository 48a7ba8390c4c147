"""An edit of a mesh, written back to the mesh: its shape stays, its colours are those of the edit."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator

from potstill.errors import Note
from potstill.io.recolouring import recoloured_glb
from potstill.scenes.files import placed_on_mesh
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.surface_colours import colour_change

RADIUS = 0.8
"""Of the ball that a mesh is brought into."""


@dataclass(frozen=True)
class Baking:
    """Where the Gaussians of an edit came from."""

    path: Path
    """The mesh."""
    count: int
    """How many were put on its surface."""
    seed: int
    """Of where they lie."""

    def glb(self, after: Gaussians, record: Mapping[str, Any]) -> bytes:
        """The mesh as GLB, with the colours of the edit; says what is not written.

        Raises:
            InputError: the mesh cannot be read.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Note)  # said when the run began
            before, place = placed_on_mesh(self.path, self.count, Generator().manual_seed(self.seed), radius=RADIUS)
        after = after.cpu().to(before.means.dtype)
        unseen = total = 0

        def change(places: np.ndarray, normals: np.ndarray) -> np.ndarray:
            nonlocal unseen, total
            points = place.scale * (torch.from_numpy(places) - place.centre)
            found = colour_change(before, after, points.to(before.means), torch.from_numpy(normals).to(before.means))
            unseen, total = unseen + int((~found.seen).sum()), total + len(points)
            return found.change.double().numpy()

        data = recoloured_glb(self.path, change, record)
        text = f"the GLB is {str(self.path)!r} in other colours, and its shape did not change"
        if len(after) == len(before) and (moved := (after.means - before.means).norm(dim=1).mean().item()):
            text += f"; the edit also moved the surface, by {moved / RADIUS:.1%} of its radius on average, which the "
            text += "PNG and the GIF show and --out NAME.ply keeps"
        if unseen:
            text += f"; {unseen / total:.1%} of the surface is hidden from all cameras and keeps its colour"
        warnings.warn(text, Note, stacklevel=5)
        return data
