"""Edit a 3-D scene with two prompts: one that describes it, one that describes what it should become."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from jaxtyping import Bool
from torch import Generator, Tensor

from potstill.diffusion.prior import Condition, Prior
from potstill.distillation import Step
from potstill.errors import InputError, Note
from potstill.io.selections import read_selection, selection
from potstill.methods import InfEdit, Method
from potstill.priors.pipeline import Pipeline
from potstill.scenes.files import gaussians_on_mesh, read_gaussians
from potstill.scenes.gaussians import Gaussians
from potstill.scenes.snapshots import Direct, Refit, Route
from potstill.scenes.viewing import Solid, Viewing
from potstill.tasks.files.baking import RADIUS, Baking
from potstill.tasks.files.provenance import model_of_scene
from potstill.tasks.files.scenes import MESHES, check_readable, scene_kind
from potstill.tasks.runs.run import Result
from potstill.tasks.scenes.models import SceneModel
from potstill.tasks.scenes.presets import default_preset, with_preset
from potstill.tasks.scenes.refitting import check_refit, refit_loop
from potstill.tasks.scenes.run import SceneLoop, check_seen
from potstill.tasks.scenes.task import SceneTask
from potstill.tasks.settings.models import load
from potstill.tasks.settings.plan import ScenePlan
from potstill.tasks.settings.schema import Advanced, Option
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import Cloud, ToyScene

Box = tuple[float, float, float, float, float, float]
ON_MESH = 2000
"""Gaussians on the surface of a mesh."""
RATE = 2.0
"""The learning rate; a faster one leaves the shape of the source (docs/results/scenes.md)."""
USUAL = "world:toys"
"""The model, where neither the caller nor the file states one."""


@dataclass(frozen=True, kw_only=True)
class EditScene(SceneTask):
    """The settings of the edit of a scene."""

    source: str
    """A prompt that describes the scene."""
    target: str
    """A prompt that describes what it should become."""
    method: Method = InfEdit()
    gaussians: int | None = None
    """Number of Gaussians on the surface of a mesh; by default 2000. Those of a file are as many as they are."""
    route: Advanced[Route] = Direct()
    """Whether the steps move the scene, Direct(), or pictures of it from as many cameras as --views says, to which the
    scene is then fitted in 80 steps more, Refit(). The pictures take the steps and the optimizer that the method has
    for pictures."""
    only_box: Annotated[Box | None, Option(metavar="X0 X1 Y0 Y1 Z0 Z1")] = None
    """Edit only the Gaussians whose centres are in this box; the others stay as they are, to the bit."""

    command: ClassVar[str] = "edit"  # type: ignore[assignment,misc]
    inputs: ClassVar = {"scene": True, "cameras": False, "mask": False}
    default_guidance_scale: ClassVar = 1.0

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        box = self.only_box or (0, 1) * 3
        if not all(low < high for low, high in zip(box[::2], box[1::2], strict=True)):
            raise InputError(f"only_box = {self.only_box} must hold a lower and a higher number for x, y and z")
        if isinstance(self.route, Refit):
            check_refit(self)
        _ = self.material

    @property
    def prompts(self) -> dict[str, str]:
        """The source and the target prompt."""
        return {"source prompt": self.source, "target prompt": self.target}

    @property
    def on_mesh(self) -> int:
        """How many Gaussians a mesh becomes."""
        return ON_MESH if self.gaussians is None else self.gaussians

    @property
    def material(self) -> ToyScene:
        """Gaussians."""
        return Cloud(count=self.on_mesh, learning_rate=RATE if self.learning_rate is None else self.learning_rate)

    def resolve(self) -> ScenePlan:
        """Pictures take as many steps as the method has for them."""
        plan = super().resolve()
        if not isinstance(self.route, Refit):
            return plan
        return replace(plan, steps=self.steps or self.method.default_optimizer.steps, fit_steps=self.route.steps)

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
        """By the route."""
        if isinstance(self.route, Refit):
            return refit_loop(self, self.route, scene, model, rng, target, source, denoiser)
        return super().loop(scene, model, rng, target, source, source_scene, denoiser)

    def begin(self, inputs: Mapping[str, Any], model: SceneModel, viewing: Viewing, rng: Generator) -> Gaussians:
        """The Gaussians of the file, those that may not move held.

        Raises:
            InputError: they cannot be used, the cameras do not see them, or the prompts are the same.
        """
        given = inputs["scene"]
        scene = self._read(given, viewing, rng).to(model.device)
        model.check_difference(self.source, self.target)
        check_seen(scene, self.shown(viewing, 4), "the scene" if isinstance(given, Gaussians) else repr(str(given)))
        chosen = torch.ones(len(scene), dtype=torch.bool)
        if (mask := inputs.get("mask")) is not None:
            chosen = self._chosen(given, mask, len(scene))
        if self.only_box is not None:
            chosen = self._inside(scene, chosen)
        if not chosen.all():
            scene.hold(~chosen.to(model.device))
            if isinstance(self.route, Direct):
                text = "with the route Direct() an edit spreads a little over the border of what may change: "
                text += 'add --route "Refit()" --views 24 --learning-rate 4, and it ends there'
                warnings.warn(text, Note, stacklevel=4)
        return scene

    def baking(self, inputs: Mapping[str, Any]) -> Baking | None:
        """The mesh, if one is edited."""
        given = inputs["scene"]
        if isinstance(given, Gaussians) or scene_kind(given) not in MESHES:
            return None
        return Baking(Path(given), self.on_mesh, self.seed)

    def source_scene(self, scene: Solid) -> Solid:
        """A copy of the scene as it begins."""
        assert isinstance(scene, Gaussians)
        return _copy(scene)

    def _read(self, given: Any, viewing: Viewing, rng: Generator) -> Gaussians:
        if isinstance(given, Gaussians):
            found = _copy(given)
            found.viewing = viewing
            return found
        check_readable(given)
        if scene_kind(given) not in MESHES:
            if self.gaussians is not None:
                raise InputError(f"{str(given)!r} holds Gaussians of its own: leave --gaussians out")
            return read_gaussians(given, viewing)
        scene = gaussians_on_mesh(given, self.on_mesh, rng, viewing, RADIUS)
        text = (
            f"{str(given)!r} is edited as {self.on_mesh:,} Gaussians on its surface (--gaussians), scaled to fit into "
        )
        text += f"a ball of radius {RADIUS:g} around the origin"
        warnings.warn(text, Note, stacklevel=3)
        return scene

    def _chosen(self, given: Any, mask: Any, count: int) -> Bool[Tensor, " n"]:
        """Which Gaussians a mask selects, a file or an array.

        Raises:
            InputError: it does not fit the scene.
        """
        if isinstance(mask, str | Path):
            if not isinstance(given, Gaussians) and scene_kind(given) in MESHES:
                raise InputError(f"{str(given)!r} holds no Gaussians that a mask can select: give --only-box")
            return torch.from_numpy(read_selection(mask, count))
        return torch.from_numpy(selection(mask, count, "mask"))

    def _inside(self, scene: Gaussians, chosen: Bool[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Which of the chosen Gaussians are in the box.

        Raises:
            InputError: none is.
        """
        assert self.only_box is not None
        box = torch.tensor(self.only_box, dtype=torch.float64).view(3, 2)
        means = scene.means.detach().double().cpu()
        inside = ((means >= box[:, 0]) & (means <= box[:, 1])).all(1) & chosen
        if not inside.any():
            low, high = means[chosen].amin(0).tolist(), means[chosen].amax(0).tolist()
            sides = ", ".join(f"{name} {a:.3g} to {b:.3g}" for name, a, b in zip("xyz", low, high, strict=True))
            raise InputError(f"no Gaussian is in the box {self.only_box}: they are at {sides}")
        return inside


def edit_scene(
    scene: str | Path | Gaussians,
    *,
    source: str,
    target: str,
    model: str | Pipeline | Toys | None = None,
    cameras: str | Path | None = None,
    mask: str | Path | np.ndarray | None = None,
    preset: str | None = None,
    on_step: Callable[[Step], None] | None = None,
    **settings: Any,
) -> Result:
    """Edit a 3-D scene from what `source` says to what `target` says: `result.scene`, `result.save("blue.ply")`.

    Args:
        scene: a .ply or .splat file, a .glb or .obj mesh, or Gaussians, which stay as they are.
        source: the prompt that describes the scene.
        target: the prompt that describes what it should become.
        model: what `potstill.load` takes, or what it gives; by default the bundled model or the world that the file was
            made with, and otherwise "world:toys".
        cameras: a transforms.json with the cameras that look at the scene; by default they orbit around the origin.
        mask: the Gaussians to edit; the others keep their bits. Their numbers, or a boolean for each: an array, a .txt
            or .npy file, or the column `selected` of a .ply.
        preset: the name of released settings, "pds-nerf"; by default "toys" with that model, and none with others.
        on_step: called with every `Step`.
        settings: the other fields of `EditScene`: method, steps, guidance_scale, views, size, only_box, seed, ...

    Raises:
        InputError: the scene, a prompt or a setting cannot be used.
        NotFiniteError: the run reached a NaN or an infinity.
    """
    if model is None:
        model = USUAL if isinstance(scene, Gaussians) else model_of_scene(scene, USUAL)
    task = EditScene.of(
        {"source": source, "target": target, **with_preset(preset or default_preset(model), "edit", settings)}
    )
    given = {"scene": scene, "cameras": cameras, "mask": mask}
    inputs = {name: value for name, value in given.items() if value is not None}
    return task.start(inputs, load(model) if isinstance(model, str) else model).finish(on_step)


def _copy(scene: Gaussians) -> Gaussians:
    """The same Gaussians, in memory of their own."""
    names = ("means", "log_scales", "quaternions", "opacity_logits", "colours", "harmonics")
    found = Gaussians(*(getattr(scene, name) for name in names), viewing=scene.viewing)
    found.comments, found.columns = scene.comments, scene.columns
    return found
