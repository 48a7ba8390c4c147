"""Scenes: parameters that are optimised, with a differentiable render."""

from potstill.scenes.camera_rules import Among, CameraRule, Orbit
from potstill.scenes.cameras import Cameras, ring
from potstill.scenes.densifying import Densification, Densifier
from potstill.scenes.drawing import Chosen, Drawing
from potstill.scenes.fitting import FitStep, fit
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.growing import Growth
from potstill.scenes.latents import Latents
from potstill.scenes.masked import Masked
from potstill.scenes.pixels import Pixels
from potstill.scenes.points import Points, Projected
from potstill.scenes.refining import Refiner
from potstill.scenes.regularizers import (
    Held,
    Opaqueness,
    Orientation,
    Regularized,
    Regularizer,
    ScaleLimit,
    Sparsity,
)
from potstill.scenes.scene import Scene, View
from potstill.scenes.viewing import Background, RandomColour, Solid, SolidColour, Viewing
from potstill.scenes.volume import Volume

__all__ = [
    "Among",
    "Background",
    "CameraRule",
    "Cameras",
    "Chosen",
    "Densification",
    "Densifier",
    "Drawing",
    "FitStep",
    "Gaussians",
    "Growth",
    "Held",
    "Latents",
    "Masked",
    "Opaqueness",
    "Orbit",
    "Orientation",
    "Pixels",
    "Points",
    "Projected",
    "RandomColour",
    "Refiner",
    "Regularized",
    "Regularizer",
    "ScaleLimit",
    "Scene",
    "Solid",
    "SolidColour",
    "Sparsity",
    "View",
    "Viewing",
    "Volume",
    "fit",
    "ring",
]
