"""Edit an image with two prompts: one that describes it, one that describes what it should become."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.baselines import Baseline, BaselineRun, EditProblem
from potstill.diffusion.prior import Condition, Prior
from potstill.diffusion.sampling import in_range
from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.io.decode import Picture, arrays
from potstill.io.images import read_mask
from potstill.methods import InfEdit, Method
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Latents, Masked, Pixels
from potstill.state import LoopState, Resumable
from potstill.tasks.provenance import fingerprint
from potstill.tasks.run import Result, Run
from potstill.tasks.settings import Reading, Task, leading
from potstill.tensors import Images, Latent

OPTIMISER = ("optimizer", "learning_rate", "space")
"""The settings of an optimised image, which a baseline does not have."""


@leading("source", "target", "method", "guidance_scale")
@dataclass(frozen=True, kw_only=True)
class Edit(Reading, Task):
    """The settings of an edit.

    A `Method` moves the image down its gradient; a `Baseline` samples it, in latents and without an optimiser:
    `steps` are then those over the whole schedule. Outside a mask a baseline keeps the source, at the noise
    level of every step.
    """

    source: str
    """The prompt that describes the image."""
    target: str
    """The prompt that describes what it should become."""
    method: Method | Baseline = InfEdit()
    guidance_scale: float | None = None
    """uncond + scale (cond - uncond), as in diffusers. None means 1.5, which suits the bundled model; papers on
    Stable Diffusion take 2 for the default method and 7.5 or more for most others."""

    default_guidance_scale: ClassVar = 1.5

    def __post_init__(self) -> None:
        """Check every value, and state what is the method's to say."""
        super().__post_init__()
        if not isinstance(self.method, Baseline):
            self._state_descent(self.method.default_optimizer)
            return
        object.__setattr__(self, "steps", self.steps or self.method.default_steps)
        for field in fields(Task):
            if field.name in OPTIMISER and (value := getattr(self, field.name)) != field.default:
                name, which = field.name.replace("_", " "), type(self.method).__name__
                raise InputError(f"{name} = {value} is of no use to {which}, which optimises no image: leave it out")

    @property
    def prompts(self) -> dict[str, str]:
        """Both."""
        return {"source prompt": self.source, "target prompt": self.target}

    def start(
        self, image: Picture, prior: Pipeline, mask: Picture | None = None, *, denoiser: Prior | None = None
    ) -> Run:
        """Encode the image and the prompts, and be ready for the first step.

        Args:
            image: to be edited.
            prior: the model.
            mask: where to edit, white, as large as the image.
            denoiser: makes the predictions in place of the model: a wrapper around it.

        Raises:
            InputError: the image or the mask cannot be used, or the model is told no text.
        """
        if not prior.encode_prompt(self.target):
            raise InputError(f"{prior.identity['name']} is told no text, so it cannot edit: use a text-to-image model")
        if self.source == self.target:
            warnings.warn("source and target prompt are the same, so there is little to edit", stacklevel=3)
        images = self.read(image, prior)
        with torch.no_grad():
            latents = prior.codec.encode(images.to(prior.device))
        inner = self.scene(prior, latents, images)
        cover = cells = None
        if mask is not None:
            cover = read_mask(mask, arrays(image, self.frame)[0].shape[:2], self.canvas(prior))
            cells = F.interpolate(cover, latents.shape[-2:], mode="area").to(latents)
        size = prior.size_condition(latents)
        target, source = ({**prior.encode_prompt(prompt), **size} for prompt in (self.target, self.source))
        origin = latents.expand(self.count, -1, -1, -1)
        steps, changing = self.way(prior, inner, origin, source, target, cells, denoiser)

        def look() -> Images:
            now = inner.images
            return now if cover is None else images.to(now) + cover.to(now) * (now - images.to(now))

        inputs = {"image": fingerprint(image, images)}
        if mask is not None and cover is not None:
            inputs["mask"] = fingerprint(mask, cover)
        return Run(self.record(prior, **inputs), steps, look, changing)

    def way(
        self,
        prior: Pipeline,
        scene: Latents | Pixels,
        origin: Latent,
        source: Condition,
        target: Condition,
        mask: Float[Tensor, "1 1 h w"] | None = None,
        denoiser: Prior | None = None,
    ) -> tuple[Iterator[Step], Resumable]:
        """The steps that lead a scene from its origin [b, ...], and what they change.

        `mask` holds what may change of the latents, 1 for all of a cell.
        """
        rng, guided = Generator().manual_seed(self.seed), self.guided(prior, denoiser)
        if isinstance(self.method, Baseline):
            problem = EditProblem(in_range(guided, prior.codec), origin, source, target, self.length, rng, mask)
            total, name = self.method.total(self.length), type(self.method).__name__
            baseline_run = BaselineRun(self.method.run, total, problem, next(scene.parameters()), name)
            return iter(baseline_run), baseline_run
        moved = scene if mask is None else Masked(scene, mask, origin)
        changing = LoopState(moved, self.descent(moved, len(origin)), rng)
        steps = distill(
            moved,
            guided,
            self.method,
            target=target,
            source=source,
            source_scene=Latents(origin, prior.codec),
            steps=self.length,
            rng=rng,
            optimizer=changing.optimizer,
            progress=changing.progress,
        )
        return steps, changing


def change(images: Images, source: Images) -> dict[str, float]:
    """How far images are from their source: root mean square, and the share of pixels that differ by over 0.1."""
    difference = (images - source).abs()
    return {
        "rms_change": float(difference.square().mean().sqrt()),
        "pixels_changed": float((difference.amax(1) > 0.1).float().mean()),
    }


def edit(
    image: Picture,
    *,
    source: str,
    target: str,
    model: str | Pipeline = "emoji",
    mask: Picture | None = None,
    on_step: Callable[[Step], None] | None = None,
    **settings: Any,
) -> Result:
    """Edit an image from what `source` says to what `target` says.

    Args:
        image: a path, a PIL image, an array or a tensor; it is cropped and resized to the model's size.
        source: the prompt that describes the image.
        target: the prompt that describes what it should become.
        model: what `potstill.load` takes, or what it gives.
        mask: where to edit, white, as large as the image.
        on_step: called with every `Step`.
        settings: the other fields of `Edit`: method, steps, guidance_scale, negative, learning_rate, space,
            size, count, seed.

    Raises:
        InputError: the image, a prompt or a setting cannot be used.
        NotFiniteError: the run left the numbers.
    """
    return edit_steps(image, source=source, target=target, model=model, mask=mask, **settings).finish(on_step)


def edit_steps(
    image: Picture,
    *,
    source: str,
    target: str,
    model: str | Pipeline = "emoji",
    mask: Picture | None = None,
    **settings: Any,
) -> Run:
    """As `edit`, as a run that yields its steps: `for step in run`, `run.images()`."""
    task = Edit.of({"source": source, "target": target, **settings})
    return task.start(image, model if isinstance(model, Pipeline) else load(model), mask)
