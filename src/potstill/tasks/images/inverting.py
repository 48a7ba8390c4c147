"""Invert an image: find the noise that makes it from its prompt, and reconstruct it from that noise."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

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
from potstill.tasks.images.settings import ImageSettings
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.plan import SamplingPlan
from potstill.tensors import Images

STRENGTH = 4
"""The factor by which the difference is amplified."""


@dataclass(frozen=True, kw_only=True)
class Invert(ImageSettings):
    """The settings of an inversion."""

    prompt: str
    """A prompt that describes the picture; an empty one inverts without a text."""
    method: InversionBaseline = DDIMInversion()
    """ddim, null-text or ddpm, or an expression such as NullText(inner_steps=20)."""
    guidance_scale: float | None = None
    """Guidance scale of the reconstruction; by default that of the inversion, and 7.5 for null-text, which is optimised
    for it."""

    inputs: ClassVar = {"image": True}

    @property
    def prompts(self) -> dict[str, str]:
        """No prompt is required."""
        return {}

    def resolve(self) -> SamplingPlan:
        """With the defaults of the method."""
        scale = self.method.default_guidance_scale if self.guidance_scale is None else self.guidance_scale
        return SamplingPlan(self.steps or self.method.default_steps, scale)

    def start(
        self, inputs: Mapping[str, Picture], prior: Pipeline, *, denoiser: Prior | None = None, frame_count: int = 0
    ) -> Run:
        """Encode the image and the prompt: see `Settings.start`.

        The images of the run are one row: the source, the reconstruction, and their difference, four times as strong.

        Raises:
            InputError: the image cannot be used.
        """
        plan, (images, _, records) = self.resolve(), self.read(inputs, prior)
        with torch.no_grad():
            latents = prior.codec.encode(images.to(prior.device))
        condition = {**prior.encode_prompt(self.prompt), **prior.size_condition(latents)}
        guided = in_range(with_scale(denoiser or prior, plan.guidance_scale), prior.codec)
        problem = EditProblem(guided, latents, condition, condition, plan.steps, Generator().manual_seed(self.seed))
        shown, tensors = latents.clone(), {}

        def there_and_back(problem: EditProblem) -> Iterator[Snapshot]:
            found = yield from self.method.invert(problem)
            tensors.update(found.tensors())
            yield from self.method.sample(problem, found)

        @torch.no_grad()
        def reconstruction() -> Images:
            return prior.codec.decode(shown).float().cpu()

        def render() -> Images:
            difference = STRENGTH * (reconstruction() - images).abs()
            return row(torch.cat([images, reconstruction(), difference.clamp(max=1)]))

        def complete(result: Result) -> Result:
            error = float((reconstruction() - images).double().square().mean())
            return replace(result, measured={"psnr": psnr(error)}, tensors=tensors)

        name = type(self.method).__name__
        baseline_run = BaselineRun(there_and_back, self.method.total(plan.steps), problem, shown, name)
        record = self.record(prior, None, **records)
        return Run(record, iter(baseline_run), baseline_run, render, images, frame_count, complete)


@dataclass(frozen=True)
class Inversion:
    """The result of an inversion."""

    images: Images
    """The reconstruction, [1, 3, h, w] in [0, 1]."""
    psnr: float
    """Of the reconstruction, in dB, including the loss of an autoencoder."""
    latents: dict[str, Tensor]
    """`times`, `states` [time, 1, ...] and whatever else reconstructs: `maps`, `null.encoder_hidden_states`."""
    result: Result
    """The contact sheet, the trace and the record, to be saved."""


def invert(
    image: Picture,
    *,
    prompt: str,
    model: str | Pipeline = "emoji",
    on_step: Callable[[Step], None] | None = None,
    **settings: Any,
) -> Inversion:
    """Find the noise that makes an image from its prompt.

    Args:
        image: a path, a PIL image, an array or a tensor; it is cropped and resized to the model's size.
        prompt: what the image shows.
        model: what `potstill.load` takes, or what it gives.
        on_step: called with every `Step`.
        settings: the other fields of `Invert`: method (ddim, ddpm, null-text or an expression), steps,
            guidance_scale, size, seed, fit, background, frame.

    Raises:
        InputError: the image or a setting cannot be used.
        NotFiniteError: the run reached a NaN or an infinity.
    """
    run = invert_steps(image, prompt=prompt, model=model, **settings)
    result = run.finish(on_step)
    reconstruction = result.images.chunk(3, dim=-1)[1]
    return Inversion(reconstruction, result.measured["psnr"], dict(result.tensors), result)


def invert_steps(image: Picture, *, prompt: str, model: str | Pipeline = "emoji", **settings: Any) -> Run:
    """As `invert`, as a run that yields its steps."""
    task = Invert.of({"prompt": prompt, **settings})
    return task.start({"image": image}, model if isinstance(model, Pipeline) else load(model))
