"""Invert an image: find the noise that makes it from its prompt, and see how well it comes back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from potstill.baselines import BaselineRun, DDIMInversion, EditProblem, InversionBaseline, Snapshot
from potstill.diffusion.guidance import with_scale
from potstill.diffusion.prior import Prior
from potstill.diffusion.sampling import in_range
from potstill.distillation import Step
from potstill.io.decode import Picture
from potstill.io.gif import row
from potstill.io.images import psnr
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.tasks.provenance import fingerprint
from potstill.tasks.run import Result, Run
from potstill.tasks.settings import Reading, leading
from potstill.tensors import Images

STRENGTH = 4
"""How much stronger than it is the difference is shown."""


@leading("prompt", "method", "guidance_scale")
@dataclass(frozen=True, kw_only=True)
class Invert(Reading):
    """The settings of an inversion."""

    prompt: str
    """What the image shows; an empty one inverts without a text."""
    method: InversionBaseline = DDIMInversion()
    guidance_scale: float | None = None
    """Of the way back. None means that of the inversion, and 7.5 for null-text, which is optimised for it."""

    def __post_init__(self) -> None:
        """Check every value, and state the steps and the guidance scale."""
        super().__post_init__()
        object.__setattr__(self, "steps", self.length)
        object.__setattr__(self, "guidance_scale", self.scale)

    @property
    def length(self) -> int:
        """The steps stated, or the usual ones."""
        return self.steps or self.method.default_steps

    @property
    def scale(self) -> float:
        """The guidance scale stated, or the usual one."""
        return self.method.default_guidance_scale if self.guidance_scale is None else self.guidance_scale

    @property
    def prompts(self) -> dict[str, str]:
        """None that must be told."""
        return {}

    def start(self, image: Picture, prior: Pipeline, *, denoiser: Prior | None = None) -> Run:
        """Encode the image and the prompt, and be ready for the first step.

        `denoiser`, a wrapper around the model, makes the predictions in place of the model itself.
        The images of the run are one row: the source, the reconstruction, and their difference, four times
        as strong.

        Raises:
            InputError: the image cannot be used.
        """
        images = self.read(image, prior)
        with torch.no_grad():
            latents = prior.codec.encode(images.to(prior.device))
        told = {**prior.encode_prompt(self.prompt), **prior.size_condition(latents)}
        guided = in_range(with_scale(denoiser or prior, self.scale), prior.codec)
        problem = EditProblem(guided, latents, told, told, self.length, Generator().manual_seed(self.seed))
        shown, tensors = latents.clone(), {}

        def there_and_back(problem: EditProblem) -> Iterator[Snapshot]:
            found = yield from self.method.invert(problem)
            tensors.update(found.tensors())
            yield from self.method.sample(problem, found)

        def back() -> Images:
            with torch.no_grad():
                return prior.codec.decode(shown).float().cpu()

        def look() -> Images:
            difference = STRENGTH * (back() - images).abs()
            return row(torch.cat([images, back(), difference.clamp(max=1)]))

        going = BaselineRun(there_and_back, self.method.total(self.length), problem, shown, type(self.method).__name__)

        def measured() -> dict[str, float]:
            return {"psnr": psnr(float((back() - images).double().square().mean()))}

        record = self.record(prior, image=fingerprint(image, images))
        return Run(record, iter(going), look, going, measured, tensors)


@dataclass(frozen=True)
class Inversion:
    """What an inversion gives."""

    images: Images
    """The reconstruction, [1, 3, h, w] in [0, 1]."""
    psnr: float
    """Of the reconstruction, in dB; what an autoencoder loses counts, too."""
    latents: dict[str, Tensor]
    """`times`, `states` [time, 1, ...] and what else the way back needs: `maps`, `null.encoder_hidden_states`."""
    result: Result
    """To be saved: the sheet, the trace, the record."""


def invert(
    image: Picture,
    *,
    prompt: str,
    model: str | Pipeline = "emoji",
    on_step: Callable[[Step], None] | None = None,
    **settings: Any,
) -> Inversion:
    """Find what makes an image from its prompt.

    Args:
        image: a path, a PIL image, an array or a tensor; it is cropped and resized to the model's size.
        prompt: what the image shows.
        model: what `potstill.load` takes, or what it gives.
        on_step: called with every `Step`.
        settings: the other fields of `Invert`: method (ddim, ddpm, null-text or an expression), steps,
            guidance_scale, size, seed, fit, background, frame.

    Raises:
        InputError: the image or a setting cannot be used.
        NotFiniteError: the run left the numbers.
    """
    run = invert_steps(image, prompt=prompt, model=model, **settings)
    result = run.finish(on_step)
    reconstruction = result.images.chunk(3, dim=-1)[1]
    return Inversion(reconstruction, result.measured["psnr"], dict(result.tensors), result)


def invert_steps(image: Picture, *, prompt: str, model: str | Pipeline = "emoji", **settings: Any) -> Run:
    """As `invert`, as a run that yields its steps."""
    task = Invert.of({"prompt": prompt, **settings})
    return task.start(image, model if isinstance(model, Pipeline) else load(model))
