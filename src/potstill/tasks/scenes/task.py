"""A task that makes one 3-D scene: how its run is set up, whether it generates or edits."""

import abc
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Generator

from potstill.diffusion.prior import Condition, Prior
from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.io.files import as_path, file_hash
from potstill.methods import Method
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Regularized
from potstill.scenes.files import read_cameras
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.scene import Scene
from potstill.scenes.viewing import Solid, Viewing
from potstill.state import LoopState
from potstill.tasks.files.baking import Baking
from potstill.tasks.runs.run import Run
from potstill.tasks.scenes.growth import growth_of
from potstill.tasks.scenes.models import SceneModel
from potstill.tasks.scenes.run import SceneLoop, look, scene_run
from potstill.tasks.scenes.settings import SceneSettings
from potstill.tasks.settings.plan import ScenePlan, falling
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import ToyScene


@dataclass(frozen=True, kw_only=True)
class SceneTask(SceneSettings, abc.ABC):
    """The settings of a task that makes one scene with one method."""

    method: Method

    @property
    @abc.abstractmethod
    def material(self) -> ToyScene:
        """What the scene is made of, and how fast it learns."""

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        if self.densify_every is not None and self.budget is None:
            raise InputError("densify_every needs a number of Gaussians to grow to: give most_gaussians as well")

    @property
    def budget(self) -> int | None:
        """How many Gaussians there may be at the end; None where their number stays."""
        return self.most_gaussians

    def resolve(self) -> ScenePlan:
        """With the defaults of scenes."""
        steps = self.steps or self.default_steps
        return ScenePlan(steps, self.scale, self.material.learning_rate, self.budget)

    @abc.abstractmethod
    def begin(self, inputs: Mapping[str, Any], model: SceneModel, viewing: Viewing, rng: Generator) -> Solid:
        """The scene before the first step.

        Raises:
            InputError: the inputs cannot be used, or do not fit the settings.
        """

    def baking(self, inputs: Mapping[str, Any]) -> Baking | None:
        """The mesh that the scene is made from, if it is."""
        return None

    def source_scene(self, scene: Solid) -> Solid | None:
        """The source of an edit: a copy of the scene as it begins; None for a generation."""
        return None

    def start(
        self,
        inputs: Mapping[str, Any],
        prior: Pipeline | Toys,
        *,
        denoiser: Prior | None = None,
        frame_count: int = 0,
    ) -> Run:
        """Make or read the scene, and encode the prompts: see `Settings.start`.

        Raises:
            InputError: an input cannot be used, or the method, the cameras or the size do not fit.
        """
        self.check_inputs(inputs)
        model, rng, given = self.model(prior), Generator().manual_seed(self.seed), inputs.get("cameras")
        viewing = self.viewing(model, None if given is None else read_cameras(given)[0])
        scene = self.begin(inputs, model, viewing, rng)
        before, size = self.source_scene(scene), self.size_of(model, scene)
        *described, target = ({**model.encode_prompt(each), **size} for each in self.prompts.values())
        source = described[0] if described else None
        loop = self.loop(scene, model, rng, target, source, before, denoiser)
        record = self.record(model, None, **{name: _recorded(value) for name, value in inputs.items()})
        name = [*self.prompts.values()][-1]
        return scene_run(self, model, scene, name, loop, record, before, frame_count, self.baking(inputs))

    def loop(
        self,
        scene: Solid,
        model: SceneModel,
        rng: Generator,
        target: Condition,
        source: Condition | None = None,
        source_scene: Solid | None = None,
        denoiser: Prior | None = None,
    ) -> SceneLoop:
        """The steps of the run, and what they change."""
        plan = self.resolve()
        moved = Regularized(scene, self.regularizers) if self.regularizers else scene
        optimizer, scheduler = self.material.descent(scene, plan.steps, self.last_rate)
        finest = getattr(self.material, "points", None)
        growth = growth_of(scene, optimizer, rng, plan.steps, plan.most_gaussians, self.densify_every, finest)
        state = LoopState(moved, optimizer, rng, scheduler, growth)
        steps = self.distilled(state, model, target, source, source_scene, denoiser)
        return SceneLoop(falling(steps, scheduler, growth), state, partial(look, scene))

    def distilled(
        self,
        state: LoopState,
        model: SceneModel,
        target: Condition,
        source: Condition | None,
        source_scene: Scene | None,
        denoiser: Prior | None,
    ) -> Iterator[Step]:
        """The steps that move what a state holds.

        Args:
            state: the scene or the pictures of it, their optimiser, and the generator.
            model: makes the predictions.
            target: the condition to move towards.
            source: the condition that describes the scene.
            source_scene: what is moved, before the first step.
            denoiser: in place of the model's own.
        """
        return distill(
            state.scene,
            self.guided_scene(model, denoiser),
            self.method,
            target=target,
            source=source,
            source_scene=source_scene,
            steps=self.resolve().steps,
            rng=state.rng,
            optimizer=state.optimizer,
            progress=state.progress,
        )


def _recorded(given: Any) -> dict[str, str | None]:
    """How an input is found and recognised again: its path, if it is a file, and the hash of its bytes."""
    if isinstance(given, str | Path):
        return {"path": str(given), "sha256": file_hash(as_path(given))}
    parts = [each.detach().cpu().numpy() for each in given.parameters()] if isinstance(given, Gaussians) else [given]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part).tobytes())
    return {"path": None, "sha256": digest.hexdigest()}
