"""The scenes that the edits of `potstill bench scenes` start from: Gaussians from a file, or volumes fitted to them."""

from functools import cache
from typing import Literal

import torch
from jaxtyping import Float16
from safetensors.torch import load_file
from torch import Generator, Tensor

from potstill.bench.scene_pictures import BACKGROUND, SIZE, STARTS, truth
from potstill.scenes.cameras import Cameras
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.viewing import Solid, SolidColour, Viewing
from potstill.scenes.volume import Volume
from potstill.state import State
from potstill.tensors import Images
from potstill.worlds.toys.starts import Block, Cloud, ToyScene

Material = Literal["gaussians", "volume"]
MATERIALS: dict[Material, ToyScene] = {"gaussians": Cloud(), "volume": Block()}
AZIMUTHS, ELEVATIONS = 12, (-10.0, 15.0, 40.0, 65.0)
"""Of the cameras that see the Gaussians to which a volume is fitted."""
STEPS = 150
"""Of a fit."""
COLUMNS = {"means": 3, "log_scales": 3, "quaternions": 4, "opacity_logits": 1, "colours": 3}
"""What the file holds of each Gaussian."""


def start(caption: str, material: Material, viewing: Viewing = Viewing()) -> Solid:
    """The scene of a source, to be looked at like this."""
    if material == "gaussians":
        columns = _numbers()[truth().starts[caption]].float().split([*COLUMNS.values()], 1)
        parts = [part[:, 0] if name == "opacity_logits" else part for name, part in zip(COLUMNS, columns, strict=True)]
        return Gaussians(*parts, viewing=viewing)
    scene = Volume.ball(Block().points, viewing=viewing)
    scene.load_state_dict(_volume(caption))
    return scene


def fit(scene: Solid, pictures: Images, cameras: Cameras, material: Material) -> None:
    """Move a scene until it looks like pictures before the background of the benchmark."""
    looked, scene.viewing = scene.viewing, Viewing(views=4, background=SolidColour(*BACKGROUND))
    MATERIALS[material].fit(scene, pictures, cameras, STEPS, Generator().manual_seed(0))
    scene.viewing = looked


def look(scene: Solid, cameras: Cameras) -> Images:
    """The scene from cameras, before the background of the benchmark, on the CPU."""
    parts = torch.arange(len(cameras)).split(8)
    return torch.cat([scene.pictures(cameras[part], SolidColour(*BACKGROUND)).float().cpu() for part in parts])


@cache
def _numbers() -> Float16[Tensor, "scenes n 14"]:
    return load_file(STARTS)["numbers"]


@cache
def _volume(caption: str) -> State:
    """The numbers of a volume, fitted once in a process."""
    azimuths = [360.0 / AZIMUTHS * side for side in range(AZIMUTHS)] * len(ELEVATIONS)
    cameras = Cameras.orbit(azimuths, [height for height in ELEVATIONS for _ in range(AZIMUTHS)], size=SIZE)
    scene = Volume.ball(Block().points)
    fit(scene, look(start(caption, "gaussians"), cameras), cameras, "volume")
    return scene.state_dict()
