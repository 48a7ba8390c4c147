"""The settings that the generation and the edit of a 3-D scene share."""

import abc
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from potstill.diffusion.guidance import with_scale
from potstill.diffusion.prior import Condition, Prior
from potstill.diffusion.views import ViewReading
from potstill.errors import InputError
from potstill.fields import check_count, check_number
from potstill.io.outputs import FileOutputs
from potstill.io.resize import Fit, Size, read_size
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Among, Background, Cameras, Orbit, Regularizer, SolidColour, ring
from potstill.scenes.camera_rules import MOST_VIEWS
from potstill.scenes.gaussians import MOST_GAUSSIANS
from potstill.scenes.viewing import Solid, Viewing
from potstill.tasks.files.scenes import scene_outputs
from potstill.tasks.scenes.models import PipelineModel, SceneModel, ToysModel, scene_model
from potstill.tasks.settings.guiding import steered
from potstill.tasks.settings.parsing import to_text
from potstill.tasks.settings.schema import Advanced, Option
from potstill.tasks.settings.shared import GuidedSettings
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import LAST

Pair = tuple[float, float]
SHOWN = (128, 256)
"""The least and the most pixels along a side of a view in the results."""


@dataclass(frozen=True, kw_only=True)
class SceneSettings(GuidedSettings, abc.ABC):
    """The settings of every task that makes a 3-D scene.

    Raises:
        InputError: a value breaks the rule that its field states.
    """

    steps: int | None = None
    """Number of optimiser steps; by default 300."""
    size: Annotated[Size | None, Option(metavar="WIDTHxHEIGHT")] = None
    """Width and height of a view in pixels, such as 640x480; one number for a square. By default the size that the
    model was trained on, 64 for world:toys, which also knows 32 and 16."""
    views: int = 4
    """Cameras in a step. All are one batch and one call of the network."""
    elevation: Pair | None = None
    """The lowest and the highest elevation of the cameras in degrees; by default -10 60. Those of world:toys are
    fixed, all around at -5, 15 and 45."""
    distance: Pair | None = None
    """The smallest and the largest distance of the cameras from the origin; by default 3 3."""
    fov: Pair | None = None
    """The smallest and the largest vertical field of view in degrees; by default 40 40."""
    guidance_scale: float | None = None
    """How strongly the prompt counts; by default 7.5, and 1 for an edit. uncond + scale (cond - uncond), as in
    diffusers: 0 is unconditional, 1 conditional."""
    learning_rate: float | None = None
    """How fast the scene changes, in multiples of its own learning rates, which differ by parameter; by default 4 for
    Gaussians from a prompt, 1 for a volume, 2 for an edit and 4 for one by the model toys."""
    last_rate: Advanced[float] = LAST
    """The learning rate of the last step, in multiples of the first; it falls exponentially. 1 keeps it."""
    background: Advanced[Background | None] = None
    """What is behind the object: SolidColour(1, 1, 1) by default, which is white, or RandomColour() in each view."""
    most_gaussians: int | None = None
    """Let the number of Gaussians grow to this in the first half of the run: where the scene is pulled hardest they are
    copied or split, and those that became transparent are removed. By default their number stays, unless that at first
    is left to `generate`, too."""
    densify_every: Advanced[int | None] = None
    """Steps between two such changes; by default a twelfth of the run."""
    regularizers: Advanced[tuple[Regularizer, ...]] = ()
    """Losses beside the distilled one, such as "Sparsity(0.1)" "Opaqueness(0.01)"; none by default."""
    view_prompts: Advanced[ViewReading | None] = None
    """How a view becomes part of the prompt; by default "ViewPrompts(front='{}, front view', side='{}, side view',
    back='{}, back view', overhead='{}, overhead view')". A view whose prompt is {} has no suffix. The model toys
    takes the camera itself, and with "PassEntries(())" it does not."""

    default_guidance_scale: ClassVar = 7.5
    default_steps: ClassVar = 300
    subject: ClassVar[str] = "scene"
    shares_calls: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check every value."""
        if self.learning_rate is not None:
            usual = "4 for new Gaussians, 1 for a volume and 2 for an edit"
            check_number("learning rate of a scene", self.learning_rate, 1e-6, 1e6, usual=usual)
        super().__post_init__()
        if not 0 < self.last_rate < math.inf:
            raise InputError(f"last rate = {self.last_rate} must be above 0 and finite")
        check_count("views", self.views, MOST_VIEWS, usual="4")
        if self.most_gaussians is not None:
            check_count("most_gaussians", self.most_gaussians, MOST_GAUSSIANS, usual="3000")
        if self.densify_every is not None:
            check_count("densify_every", self.densify_every, 1_000_000, usual="25")
        if self.size is not None and read_size(self.size) is None:
            raise InputError("size = source is the size of a picture, and there is none: state the size")
        self.orbit((64, 64))

    @property
    def ending(self) -> str:
        """How the name of the file of a result ends."""
        return ".ply"

    def outputs(self, path: str | Path) -> FileOutputs:
        """The scene and what is written beside it."""
        return scene_outputs(path)

    def settings(self) -> dict[str, Any]:
        """The fields as JSON values, as stated."""
        return {**super().settings(), "regularizers": [to_text(each) for each in self.regularizers]}

    def orbit(self, size: tuple[int, int]) -> Orbit:
        """The cameras around the origin, for pictures of that height and width."""
        told = {name: value for name in ("elevation", "distance", "fov") if (value := getattr(self, name)) is not None}
        return Orbit(height=size[0], width=size[1], **told)

    def model(self, prior: Pipeline | Toys) -> SceneModel:
        """The model, at the size of the pictures.

        Raises:
            InputError: the model does not know that size, or takes no prompt.
        """
        size = None if self.size is None else read_size(self.size)
        if isinstance(prior, Toys) and size is not None and size[0] != size[1]:
            raise InputError(f"size = {size[1]}x{size[0]} must be a square for world:toys: state one number")
        return scene_model(prior, self.view_prompts, size and size[0])

    def viewing(self, model: SceneModel, cameras: Cameras | None = None) -> Viewing:
        """How the scene is looked at in a step: by the cameras of the world, by those given, or from an orbit.

        Raises:
            InputError: what was stated of the cameras or the background is not free.
        """
        stated = [name for name in ("elevation", "distance", "fov") if getattr(self, name) is not None]
        background = self.background or SolidColour()
        if isinstance(model, ToysModel):
            stated += ["cameras"] * (cameras is not None) + ["background"] * (self.background is not None)
            if stated:
                raise InputError(
                    f"{stated[0]} is fixed in world:toys, whose pictures were taken before: leave it out, or choose "
                    "another --model"
                )
            bank = model.world.bank
            background = SolidColour(*bank.palette(bank.classes[0])["background"])
            return Viewing(Among(model.world.cameras), self.views, background, model.codec)
        assert isinstance(model, PipelineModel)
        height, width = model.size if self.size is None else read_size(self.size) or model.size
        height, width = Fit((height, width), multiple=model.prior.size_multiple).shape(0, 0)
        if cameras is None:
            return Viewing(self.orbit((height, width)), self.views, background, model.codec)
        if stated:
            raise InputError(f"the cameras come from a file: leave {stated[0]} out")
        return Viewing(Among(cameras.resized(width, height)), self.views, background, model.codec)

    def shown(self, viewing: Viewing, count: int) -> Cameras:
        """Cameras to look at the result: all around, or spread over those that are given."""
        rule = viewing.cameras
        if isinstance(rule, Orbit):
            elevation = min(max(15.0, rule.elevation[0]), rule.elevation[1])
            distance, fov = (sum(each) / 2 for each in (rule.distance, rule.fov))
            cameras = ring(count, elevation, distance, fov, (rule.width, rule.height))
        else:
            assert isinstance(rule, Among)
            near = (rule.cameras.elevation - 15).abs()  # those of the toys are on three rings
            cameras = rule.cameras[(near - near.min() < 0.1).nonzero()[:, 0]]
            cameras = cameras if len(cameras) >= count else rule.cameras
            cameras = cameras[[k * len(cameras) // count for k in range(count)]]
        side = max(cameras.width, cameras.height)
        factor = min(max(side, SHOWN[0]), SHOWN[1]) / side
        return cameras.resized(round(factor * cameras.width), round(factor * cameras.height))

    def size_of(self, model: SceneModel, scene: Solid) -> Condition:
        """The network's inputs for the size of the pictures; empty for most."""
        if not isinstance(model, PipelineModel):
            return {}
        rule, factor = scene.viewing.cameras, model.codec.factor
        size = rule if isinstance(rule, Orbit) else rule.cameras  # type: ignore[attr-defined]
        cells = (size.height // factor, size.width // factor)
        return model.prior.size_condition(next(scene.parameters()).new_zeros(1, model.prior.channels, *cells))

    def guided_scene(self, model: SceneModel, denoiser: Prior | None = None) -> Prior:
        """The model under this guidance and negative prompt."""
        guided = with_scale(denoiser or model.denoiser, self.scale)
        return steered(guided, self.guidance, self.negative, model.encode_prompt, model.identity)
