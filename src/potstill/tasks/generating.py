"""Generate images from a prompt by score distillation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator

from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.methods import SDI, Method
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.state import LoopState
from potstill.tasks.run import Result, Run
from potstill.tasks.schema import Positional
from potstill.tasks.settings import Task, leading


@leading("prompt", "method")
@dataclass(frozen=True, kw_only=True)
class Generate(Task):
    """The settings of a generation."""

    prompt: Positional[str]
    """What to show."""
    method: Method = SDI()

    def __post_init__(self) -> None:
        """Check every value, and state what is the method's to say."""
        super().__post_init__()
        self._state_descent(self.method.default_optimizer)

    @property
    def prompts(self) -> dict[str, str]:
        """The only one."""
        return {"prompt": self.prompt}

    def start(self, prior: Pipeline) -> Run:
        """Encode the prompt, draw the first latents from N(0, I), and be ready for the first step.

        Raises:
            InputError: the method needs a source, or the size does not fit the model.
        """
        if self.method.edits:
            raise InputError(f"{type(self.method).__name__} edits an image: use potstill edit, or SDS or SDI here")
        height, width = self.canvas(prior).shape(0, 0)
        rng = Generator().manual_seed(self.seed)
        cells = (height // prior.codec.factor, width // prior.codec.factor)
        latents = torch.randn(self.count, prior.channels, *cells, generator=rng).to(prior.device)
        scene = self.scene(prior, latents)
        changing = LoopState(scene, self.descent(scene, self.count), rng)
        steps = distill(
            scene,
            self.guided(prior),
            self.method,
            target={**prior.tell(self.prompt), **prior.geometry(latents)},
            steps=self.length,
            rng=rng,
            optimizer=changing.optimizer,
            progress=changing.progress,
        )
        return Run(self.record(prior), steps, lambda: scene.images, changing)


def generate(
    prompt: str,
    *,
    model: str | Pipeline = "emoji",
    on_step: Callable[[Step], None] | None = None,
    **settings: Any,
) -> Result:
    """Generate images that show what the prompt says.

    Args:
        prompt: what to show.
        model: what `potstill.load` takes, or what it gives.
        on_step: called with every `Step`.
        settings: the other fields of `Generate`: method, steps, guidance_scale, negative, learning_rate,
            space, size, count, seed.

    Raises:
        InputError: the prompt or a setting cannot be used.
        NotFiniteError: the run left the numbers.
    """
    return generate_steps(prompt, model=model, **settings).finish(on_step)


def generate_steps(prompt: str, *, model: str | Pipeline = "emoji", **settings: Any) -> Run:
    """As `generate`, as a run that yields its steps: `for step in run`, `run.images()`."""
    return Generate.of({"prompt": prompt, **settings}).start(model if isinstance(model, Pipeline) else load(model))
