"""Generate a 3-D scene from a prompt by score distillation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Generator

from potstill.diffusion.prior import Prior
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.methods import SDS, Method
from potstill.methods.times import Annealed
from potstill.priors.pipeline import Pipeline
from potstill.tasks.models import load
from potstill.tasks.run import Result, Run
from potstill.tasks.scene_presets import with_preset
from potstill.tasks.scene_run import scene_run
from potstill.tasks.scene_settings import SceneSettings
from potstill.tasks.schema import Positional
from potstill.worlds.toys.prior import Toys
from potstill.worlds.toys.starts import Block, Cloud, ToyScene


@dataclass(frozen=True, kw_only=True)
class GenerateScene(SceneSettings):
    """The settings of the generation of a scene."""

    prompt: Positional[str]
    """A description of the object."""
    scene: Literal["gaussians", "volume"] = "gaussians"
    """What it is made of: a cloud of Gaussians, or density and colour on a grid."""
    method: Method = SDS(times=Annealed(high=0.7))
    gaussians: int | None = None
    """Number of Gaussians; by default 1000."""
    grid: int | None = None
    """Points of the volume along a side; by default 49."""

    command: ClassVar[str] = "generate"  # type: ignore[assignment,misc]

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        other = "gaussians" if self.scene == "volume" else "grid"
        if getattr(self, other) is not None:
            raise InputError(f"{other} is of no use to a scene of {self.scene}: leave it out")
        _ = self.material

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
        return Cloud(count=Cloud().count if self.gaussians is None else self.gaussians, **told)

    def start(
        self,
        inputs: Mapping[str, Any],
        prior: Pipeline | Toys,
        *,
        denoiser: Prior | None = None,
        frame_count: int = 0,
    ) -> Run:
        """Encode the prompt and make a grey ball: see `Settings.start`.

        Raises:
            InputError: the method needs a source, or the cameras or the size do not fit the model.
        """
        self.check_inputs(inputs)
        if self.method.edits:
            raise InputError(f"{type(self.method).__name__} edits a scene: use potstill edit, or SDS or SDI here")
        model, rng = self.model(prior), Generator().manual_seed(self.seed)
        scene = self.material.ball(rng, self.viewing(model)).to(prior.device if isinstance(prior, Pipeline) else "cpu")
        target = {**model.encode_prompt(self.prompt), **self.size_of(model, scene)}
        steps, loop = self.loop(scene, model, self.method, rng, target, denoiser=denoiser)
        record = self.record(model)
        return scene_run(self, model, scene, self.prompt, steps, loop, record, frame_count=frame_count)


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
        preset: the name of released settings, "sds-threestudio" or "sdi-threestudio".
        on_step: called with every `Step`.
        settings: the other fields of `GenerateScene`: scene, method, steps, guidance_scale, views, size, seed, ...

    Raises:
        InputError: the prompt or a setting cannot be used.
        NotFiniteError: the run reached a NaN or an infinity.
    """
    task = GenerateScene.of({"prompt": prompt, **with_preset(preset, "generate", settings)})
    return task.start({}, load(model) if isinstance(model, str) else model).finish(on_step)
