"""Generate a 3-D scene from a prompt by score distillation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from torch import Generator

from potstill.distillation import Step
from potstill.errors import InputError
from potstill.fields import check_count
from potstill.methods import SDS, Method
from potstill.methods.times import Annealed
from potstill.priors.pipeline import Pipeline
from potstill.scenes.viewing import Solid, Viewing
from potstill.tasks.runs.run import Result
from potstill.tasks.scenes.models import SceneModel
from potstill.tasks.scenes.presets import default_preset, with_preset
from potstill.tasks.scenes.task import SceneTask
from potstill.tasks.settings.models import load
from potstill.tasks.settings.schema import Positional
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import Block, Cloud, ToyScene

FIRST, MOST = 500, 2000
"""Gaussians at the beginning and at the end, where nothing is stated (docs/results/scenes.md)."""


@dataclass(frozen=True, kw_only=True)
class GenerateScene(SceneTask):
    """The settings of the generation of a scene."""

    prompt: Positional[str]
    """A description of the object."""
    scene: Literal["gaussians", "volume"] = "gaussians"
    """What it is made of: a cloud of Gaussians, or density and colour on a grid."""
    method: Method = SDS(times=Annealed(high=0.7))
    gaussians: int | None = None
    """Number of Gaussians at first; by default 500, which become up to 2000. A number that is stated stays, unless
    --most-gaussians is stated as well."""
    grid: int | None = None
    """Points of the volume along a side; by default 49."""
    coarse_grid: int | None = None
    """Points of the volume along a side at first: the grid becomes finer in the first half of the run. By default it
    stays as it is."""

    command: ClassVar[str] = "generate"  # type: ignore[assignment,misc]

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        others = ("gaussians", "most_gaussians") if self.scene == "volume" else ("grid", "coarse_grid")
        for other in others:
            if getattr(self, other) is not None:
                raise InputError(f"{other} does not apply to a scene of {self.scene}: leave it out")
        material = self.material
        if isinstance(material, Block) and self.coarse_grid is not None:
            check_count("coarse_grid", self.coarse_grid, material.points - 1, least=2, usual="25")

    @property
    def ending(self) -> str:
        """How the name of the file of a result ends."""
        return ".glb" if self.scene == "volume" else ".ply"

    @property
    def prompts(self) -> dict[str, str]:
        """The prompt."""
        return {"prompt": self.prompt}

    @property
    def material(self) -> ToyScene:
        """Gaussians or a volume."""
        told = {} if self.learning_rate is None else {"learning_rate": self.learning_rate}
        if self.scene == "volume":
            return Block(points=Block().points if self.grid is None else self.grid, **told)
        return Cloud(count=FIRST if self.gaussians is None else self.gaussians, **told)

    @property
    def budget(self) -> int | None:
        """What is stated, or `MOST` where neither it nor the number at first is."""
        chosen = self.scene == "volume" or self.gaussians is not None or self.most_gaussians is not None
        return self.most_gaussians if chosen else MOST

    def begin(self, inputs: Mapping[str, Any], model: SceneModel, viewing: Viewing, rng: Generator) -> Solid:
        """A grey ball.

        Raises:
            InputError: the method needs a source.
        """
        if self.method.edits:
            raise InputError(f"{type(self.method).__name__} edits a scene: use potstill edit, or SDS or SDI here")
        material = self.material
        if isinstance(material, Block) and self.coarse_grid is not None:
            material = replace(material, points=self.coarse_grid)
        return material.ball(rng, viewing).to(model.device)


def generate_scene(
    prompt: str,
    *,
    model: str | Pipeline | Toys = "world:toys",
    preset: str | None = None,
    on_step: Callable[[Step], None] | None = None,
    **settings: Any,
) -> Result:
    """Generate a 3-D scene that shows what the prompt says: `result.scene`, and `result.save("teapot.ply")`.

    Args:
        prompt: what to show.
        model: what `potstill.load` takes, or what it gives.
        preset: the name of released settings, "sds-threestudio" or "sdi-threestudio"; by default "toys" with that
            model, and none with others.
        on_step: called with every `Step`.
        settings: the other fields of `GenerateScene`: scene, method, steps, guidance_scale, views, size, seed, ...

    Raises:
        InputError: the prompt or a setting cannot be used.
        NotFiniteError: the run reached a NaN or an infinity.
    """
    task = GenerateScene.of({"prompt": prompt, **with_preset(preset or default_preset(model), "generate", settings)})
    return task.start({}, load(model) if isinstance(model, str) else model).finish(on_step)
