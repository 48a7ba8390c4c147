"""Generate a drawing from a prompt: random shapes, moved by score distillation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Generator

from potstill.diffusion.prior import Prior
from potstill.distillation import Step
from potstill.errors import InputError
from potstill.methods import SDS, Method
from potstill.methods.times import Annealed
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Chosen
from potstill.tasks.drawings.settings import DrawingSettings
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.schema import Positional
from potstill.vectors.sketch import Kind


@dataclass(frozen=True, kw_only=True)
class GenerateDrawing(DrawingSettings):
    """The settings of the generation of a drawing."""

    prompt: Positional[str]
    """A description of the drawing."""
    scene: Literal["paths", "strokes"] = "paths"
    """What it is made of: closed paths, or strokes of a pen."""
    method: Method = SDS(times=Annealed(high=0.95))
    paths: int | None = None
    """Number of closed paths; by default 32."""
    strokes: int | None = None
    """Number of strokes; by default 64."""

    command: ClassVar[str] = "generate"  # type: ignore[assignment,misc]
    default_guidance_scale: ClassVar = 5.0
    default_steps: ClassVar = 200
    default_coupling: ClassVar = 0.0
    default_change: ClassVar = ("points", "colours", "opacities", "widths")
    default_rates: ClassVar[Mapping[Kind, float]] = {
        **{"points": 0.01, "widths": 0.002, "gradients": 0.01},
        **{"colours": 0.05, "opacities": 0.05, "stops": 0.01},
    }

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        other = "strokes" if self.scene == "paths" else "paths"
        if getattr(self, other) is not None:
            raise InputError(f"{other} does not apply to a scene of {self.scene}: leave it out")

    @property
    def prompts(self) -> dict[str, str]:
        """The prompt."""
        return {"prompt": self.prompt}

    def start(
        self, inputs: Mapping[str, Any], prior: Pipeline, *, denoiser: Prior | None = None, frame_count: int = 0
    ) -> Run:
        """Encode the prompt and draw random shapes: see `Settings.start`.

        Raises:
            InputError: the method needs a source, or the size does not fit the model.
        """
        from potstill.io.svg import random_paths, random_strokes

        self.check_inputs(inputs)
        if self.method.edits:
            raise InputError(f"{type(self.method).__name__} edits a drawing: use potstill edit, or SDS or SDI here")
        rng = Generator().manual_seed(self.seed)
        if self.scene == "paths":
            file = random_paths(32 if self.paths is None else self.paths, rng)
        else:
            file = random_strokes(64 if self.strokes is None else self.strokes, rng)
        scene = self.canvas(file.sketch, prior, Chosen())
        steps, loop = self.loop(scene, prior, self.method, rng, prior.encode_prompt(self.prompt), denoiser=denoiser)
        return self.run(file, scene, steps, loop, self.record(prior), frame_count)


def generate_drawing(
    prompt: str, *, model: str | Pipeline = "emoji", on_step: Callable[[Step], None] | None = None, **settings: Any
) -> Result:
    """Generate an SVG that shows what the prompt says: `result.svg`, `result.save("heart.svg")`.

    Args:
        prompt: what to show.
        model: what `potstill.load` takes, or what it gives.
        on_step: called with every `Step`.
        settings: the other fields of `GenerateDrawing`: scene, paths, strokes, method, steps, guidance_scale, seed, ...

    Raises:
        InputError: the prompt or a setting cannot be used.
        NotFiniteError: the run reached a NaN or an infinity.
    """
    task = GenerateDrawing.of({"prompt": prompt, **settings})
    return task.start({}, model if isinstance(model, Pipeline) else load(model)).finish(on_step)
