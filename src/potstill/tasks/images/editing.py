"""Edit an image with two prompts: one that describes it, one that describes what it should become."""

from collections.abc import Callable, Iterator, Mapping
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
from potstill.io.decode import Picture
from potstill.methods import Method, ShrinkEdit
from potstill.methods.finish import Finish, TwoScales, Untouched
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Latents, Masked, Pixels
from potstill.state import LoopState, Resumable
from potstill.tasks.images.settings import ImageSettings
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.effects import note_range, note_result
from potstill.tasks.settings.guiding import check_edit
from potstill.tasks.settings.parsing import to_text
from potstill.tasks.settings.plan import EditPlan, SampledEditPlan
from potstill.tasks.settings.shared import OPTIMISER, RunSettings
from potstill.tasks.settings.styles import AUTO, NONE, with_style
from potstill.tensors import Images, Latent, copied


@dataclass(frozen=True, kw_only=True)
class Edit(ImageSettings, RunSettings):
    """The settings of an edit.

    A `Method` moves the image down its gradient; a `Baseline` samples it, in latents and without an optimiser:
    `steps` are then those over the whole schedule. Outside a mask a baseline keeps the source, at the noise
    level of every step.
    """

    source: str
    """A prompt that describes the picture."""
    target: str
    """A prompt that describes what it should become."""
    method: Method | Baseline = ShrinkEdit()
    guidance_scale: float | None = None
    """How strongly the prompts count; by default 1.5, which suits the bundled model. For Stable Diffusion papers use 2
    with the default method and 7.5 or more with most others. uncond + scale (cond - uncond), as in diffusers."""

    finish: Finish | None = None
    """What gives the result the outlines of the picture and undoes small changes: twoscales, "TwoScales(...)" with its
    fields, or none, which leaves it as the method made it. By default only the default method, at any of its settings,
    has such a finish, twoscales, and others do what their papers say."""
    style: str = AUTO
    """How the picture is drawn, such as fluent or noto: a word for both prompts; auto finds it, and none adds nothing.
    It is added where the prompts name no style, for models that draw in several, such as the bundled one."""

    default_guidance_scale: ClassVar = 1.5
    before: ClassVar = {"style": NONE, "finish": Untouched()}
    inputs: ClassVar = {"image": True, "mask": False}

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        for field in fields(self) if isinstance(self.method, Baseline) else ():
            if field.name in OPTIMISER and (value := getattr(self, field.name)) != field.default:
                name, which = field.name.replace("_", " "), type(self.method).__name__
                raise InputError(f"{name} = {value} does not apply to {which}, which optimises nothing: leave it out")

    @property
    def prompts(self) -> dict[str, str]:
        """The source and the target prompt."""
        return {"source prompt": self.source, "target prompt": self.target}

    def resolve(self) -> EditPlan | SampledEditPlan:
        """With the defaults of the method or baseline."""
        finish = to_text(self.finishing)
        if isinstance(self.method, Baseline):
            return SampledEditPlan(self.steps or self.method.default_steps, self.scale, finish)
        return EditPlan(**vars(self.optimization(self.method.default_optimizer)), finish=finish)

    @property
    def finishing(self) -> Finish:
        """The finish, stated or the default."""
        return self.finish or (TwoScales() if isinstance(self.method, ShrinkEdit) else Untouched())

    def start(
        self,
        inputs: Mapping[str, Picture],
        prior: Pipeline,
        *,
        denoiser: Prior | None = None,
        frame_count: int = 0,
        one_seed: bool = False,
    ) -> Run:
        """Encode the image and the prompts: see `Settings.start`. A mask is white where to edit, as large as the image.

        Raises:
            InputError: the image or the mask cannot be used, or the model takes no text prompt.
        """
        check_edit(prior, self.source, self.target, self.method)
        images, cover, records = self.read(inputs, prior)
        with torch.no_grad():
            latents = prior.codec.encode(images.to(prior.device))
        source_prompt, target_prompt = with_style(self.style, prior, latents, self.source, self.target)
        scene = self.scene(prior, latents, images)
        cells = None if cover is None else F.interpolate(cover, latents.shape[-2:], mode="area").to(latents)
        size = prior.size_condition(latents)
        target, source = ({**prior.encode_prompt(prompt), **size} for prompt in (target_prompt, source_prompt))
        origin = latents.expand(self.count, -1, -1, -1)
        seeds = {} if one_seed else self.seeds(self.method)
        rng = self.generator(seeds.get("seeds", ()))
        steps, resumable = self.iterate(prior, scene, origin, source, target, cells, denoiser, rng)

        def render() -> Images:
            now = self.finishing(scene.images, images)
            return now if cover is None else images.to(now) + cover.to(now) * (now - images.to(now))

        before, name = copied(scene.state_dict()), type(self.method).__name__

        def complete(result: Result) -> Result:
            if self.scale != 0 and self.source != self.target:  # otherwise a warning has said why
                undone = not isinstance(self.finishing, Untouched) and bool((result.images == images).all())
                note_result(result.images, before, scene.state_dict(), name, undone)
            note_range(prior.codec, before, scene.state_dict(), name)
            return result

        read = {"source": source_prompt, "target": target_prompt}
        return Run(self.record(prior, read, **records) | seeds, steps, resumable, render, images, frame_count, complete)

    def iterate(
        self,
        prior: Pipeline,
        scene: Latents | Pixels,
        origin: Latent,
        source: Condition,
        target: Condition,
        mask: Float[Tensor, "1 1 h w"] | None = None,
        denoiser: Prior | None = None,
        rng: Generator | None = None,
    ) -> tuple[Iterator[Step], Resumable]:
        """The steps that edit a scene from its origin [b, ...], and what they change.

        `mask` is how much of each cell of the latents may change, 1 for all of it; `rng` has the seed by default.
        """
        rng, guided = rng or self.generator(()), self.guided(prior, self.method, denoiser)
        if isinstance(self.method, Baseline):
            count = self.resolve().steps
            problem = EditProblem(in_range(guided, prior.codec), origin, source, target, count, rng, mask)
            total, name = self.method.total(count), type(self.method).__name__
            run = BaselineRun(self.method.run, total, problem, next(scene.parameters()), name)
            return iter(run), run
        plan = self.optimization(self.method.default_optimizer)
        moved = scene if mask is None else Masked(scene, mask, origin)
        loop = LoopState(moved, plan.optimizer_of(moved, len(origin)), rng)
        steps = distill(
            moved,
            guided,
            self.method,
            target=target,
            source=source,
            source_scene=Latents(origin, prior.codec),
            steps=plan.steps,
            rng=rng,
            optimizer=loop.optimizer,
            progress=loop.progress,
        )
        return steps, loop


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
        NotFiniteError: the run reached a NaN or an infinity.
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
    inputs = {"image": image} if mask is None else {"image": image, "mask": mask}
    return task.start(inputs, model if isinstance(model, Pipeline) else load(model))
