"""Generate images from a prompt by score distillation."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from potstill.diffusion.codec import PixelUnshuffle
from potstill.diffusion.guidance import Plain
from potstill.diffusion.prior import Prior
from potstill.distillation import Step, distill
from potstill.errors import InputError
from potstill.io.decode import Picture
from potstill.methods import SDS, Method
from potstill.methods.method import OptimizerSettings
from potstill.methods.times import Annealed
from potstill.methods.weighting import Rho
from potstill.priors.loading import load
from potstill.priors.pipeline import Pipeline
from potstill.state import LoopState
from potstill.tasks.runs.run import Result, Run
from potstill.tasks.settings.effects import note_range
from potstill.tasks.settings.plan import OptimizationPlan
from potstill.tasks.settings.schema import Positional
from potstill.tasks.settings.shared import RunSettings
from potstill.tasks.settings.sizes import check_size
from potstill.tensors import copied, normal

HIGHEST = 3.0
"""The guidance scale up to which the default makes good pictures with the bundled models."""


@dataclass(frozen=True, kw_only=True)
class Generate(RunSettings):
    """The settings of a generation.

    It starts from noise. The default goes down the times as a sampler does: with weight rho_t and fresh noise, a step
    of plain descent at rate 1 replaces x_0 by x̂_0, which is DDIM with the largest sigma (Theorem 1).
    """

    prompt: Positional[str]
    """A description of the picture."""
    method: Method = SDS(weight=Rho(), times=Annealed())
    guidance_scale: float | None = None
    """How strongly the prompt counts; by default 2, and at most 3 for the bundled models. For Stable Diffusion 7.5 is
    usual. uncond + scale (cond - uncond), as in diffusers: 0 is unconditional, 1 conditional."""

    count: int = 1
    """Number of results, which often look alike: vary the prompt for others. Score distillation seeks likely pictures,
    for which `potstill sample` draws at random, and the model of emoji has seen one or two drawings of each thing. The
    first result is that of the seed, the second that of seed + 1, and so on."""

    default_guidance_scale: ClassVar = 2.0

    @property
    def prompts(self) -> dict[str, str]:
        """The prompt."""
        return {"prompt": self.prompt}

    def resolve(self) -> OptimizationPlan:
        """With the defaults of `descent`."""
        return self.optimization(self.descent)

    @property
    def descent(self) -> OptimizerSettings:
        """How the latents move by default: all the way in 25 steps, if the weight is rho_t and the times fall.

        Otherwise, or if Adam is stated, by Adam at a rate that takes SDS from noise to a picture in 200 steps. Methods
        that do not compare with the noise itself (CSD, NFSD, ISM, VSD) leave some of it in the picture.
        """
        default = self.method.default_optimizer
        if self._all_the_way:
            return OptimizerSettings("sgd", 1.0, 25)
        return default._replace(learning_rate=0.05) if default == OptimizerSettings() else default

    @property
    def _all_the_way(self) -> bool:
        """Whether a step of plain descent replaces the picture by the denoised one."""
        whole = isinstance(self.method.weight, Rho) and isinstance(self.method.times, Annealed)
        return whole and self.optimizer != "adam"

    def _spoils(self, prior: Pipeline) -> bool:
        """Whether steps all the way take a model of pixels far out of their range, as no step back follows."""
        of_pixels = isinstance(prior.codec, PixelUnshuffle) and self.guidance == Plain()
        return of_pixels and self._all_the_way and self.scale > HIGHEST

    def start(
        self,
        inputs: Mapping[str, Picture],
        prior: Pipeline,
        *,
        denoiser: Prior | None = None,
        frame_count: int = 0,
        one_seed: bool = False,
    ) -> Run:
        """Encode the prompt and draw the first latents from N(0, I): see `Settings.start`.

        Raises:
            InputError: the method needs a source, or the size does not fit the model.
        """
        self.check_inputs(inputs)
        if self.method.edits:
            raise InputError(f"{type(self.method).__name__} edits an image: use potstill edit, or SDS or SDI here")
        height, width = self.resize(prior).shape(0, 0)
        check_size(height, width, prior, self.count)
        if self.method.leaves_noise:
            stays = "does not compare with the noise itself, so noise from the beginning may stay in the picture"
            fix = "use SDS, SDI or potstill sample, or start from a picture with potstill edit"
            warnings.warn(f"{type(self.method).__name__} {stays}: {fix}", stacklevel=2)
        if self._spoils(prior):
            fix = f'choose at most {HIGHEST:g}, or --guidance "Interval(0.2, 0.8)", or --method sds'
            warnings.warn(f"guidance scale {self.scale:g} spoils the pictures of this model: {fix}", stacklevel=2)
        seeds = {} if one_seed else self.seeds(self.method)
        plan, rng = self.resolve(), self.generator(seeds.get("seeds", ()))
        cells = (height // prior.codec.factor, width // prior.codec.factor)
        latents = normal(torch.empty(self.count, prior.channels, *cells), rng).to(prior.device)
        scene = self.scene(prior, latents)
        loop = LoopState(scene, plan.optimizer_of(scene, self.count), rng)
        steps = distill(
            scene,
            self.guided(prior, self.method, denoiser),
            self.method,
            target={**prior.encode_prompt(self.prompt), **prior.size_condition(latents)},
            steps=plan.steps,
            rng=rng,
            optimizer=loop.optimizer,
            progress=loop.progress,
        )
        before, name = copied(scene.state_dict()), type(self.method).__name__

        def complete(result: Result) -> Result:
            if not self._spoils(prior):  # otherwise a warning has said so
                note_range(prior.codec, before, scene.state_dict(), name)
            return result

        record = self.record(prior) | seeds
        return Run(record, steps, loop, lambda: scene.images, frame_count=frame_count, complete=complete)


def generate(
    prompt: str, *, model: str | Pipeline = "emoji", on_step: Callable[[Step], None] | None = None, **settings: Any
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
        NotFiniteError: the run reached a NaN or an infinity.
    """
    return generate_steps(prompt, model=model, **settings).finish(on_step)


def generate_steps(prompt: str, *, model: str | Pipeline = "emoji", **settings: Any) -> Run:
    """As `generate`, as a run that yields its steps: `for step in run`, `run.images()`."""
    task = Generate.of({"prompt": prompt, **settings})
    return task.start({}, model if isinstance(model, Pipeline) else load(model))
