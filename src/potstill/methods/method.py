"""The interface of a method: a residual, with a noise source, a weight w(t) and a sampler of t."""

import abc
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from torch import Generator, Tensor

from potstill.diffusion.guidance import check_scale, with_scale
from potstill.diffusion.prior import Condition, Prediction, Prior, Query, predict
from potstill.diffusion.schedule import Schedule
from potstill.errors import InputError
from potstill.fields import Checked
from potstill.methods.draw import Draw, Memory, Moment, PreviousStep, Source
from potstill.methods.noise import NoiseSource
from potstill.methods.times import TimestepSampler
from potstill.methods.weighting import Weight
from potstill.tensors import Latent, Times, per_sample


class Residual(NamedTuple):
    """The difference that a method compares, and its prediction on the target."""

    value: Latent
    prediction: Prediction


class Estimate(NamedTuple):
    """The gradient of a step with respect to x_0, [b, ...], and its time, noise and prediction."""

    gradient: Latent
    t: Times
    noise: Latent
    prediction: Prediction
    """On the target."""
    training: int
    """Network evaluations that trained a model of the renders, over all samples."""


class OptimizerSettings(NamedTuple):
    """The optimiser of a method by default."""

    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, whose steps do not depend on the gradient's size, or plain descent."""
    learning_rate: float = 0.02
    """Of that optimiser."""
    steps: int = 200


@dataclass(frozen=True)
class Method(Checked, abc.ABC):
    """A score distillation method; its gradient with respect to x_0 is w(t) · residual.

    A method takes arrays and a prior: no device, prompt, camera, optimiser or file. A new method defines the
    defaults of its fields, the class variables and `residual`.
    """

    noise: NoiseSource
    """The source of the noise of x_t."""
    weight: Weight
    """The factor w(t) on the residual."""
    times: TimestepSampler
    """How t is drawn."""

    edits: ClassVar[bool] = False
    """Whether it compares with a source; inferred noise is then inferred from the source."""
    guided_by: ClassVar[Literal["rule", "scale", "none"]] = "rule"
    """What its residual uses of the run's guidance: rule and scale, the scale alone, or nothing."""
    default_optimizer: ClassVar[OptimizerSettings] = OptimizerSettings()
    """The optimiser for images by default."""
    presets: ClassVar[tuple[str, ...]] = ()
    """Class methods that build it with other documented settings, such as those of a released code."""
    equation: ClassVar[str]
    comparison: ClassVar[str]
    advice: ClassVar[str] = ""
    """When to use it, in a sentence or two."""
    reference: ClassVar[str]
    bibtex: ClassVar[str]

    @property
    def calls(self) -> int:
        """Network calls for one gradient. Predictions that do not depend on one another share a call."""
        return 1

    @property
    def apart(self) -> bool:
        """Whether no sample of a batch affects another."""
        return not self.times.over_batch

    @property
    def leaves_noise(self) -> bool:
        """Whether noise in a render stays there, as the residual does not compare with the noise of x_t itself."""
        return False

    def uses_negative(self, scale: float) -> bool:
        """Whether a negative prompt counts at this guidance scale."""
        guided = self.guided_by == "rule" or self.noise.uses_guidance()
        return (scale != 1 and guided) or self.noise.uses_negative()

    def rule_scales(self, scale: float) -> set[float]:
        """The guidance scales at which it asks under the rule of the run's guidance, whose own scale is given."""
        guided = self.guided_by == "rule" or self.noise.uses_guidance()
        return self.noise.rule_scales() | ({scale} if guided else set())

    def uses_prompt(self, scale: float) -> bool:
        """Whether the prompt to follow counts at this guidance scale; at 0 the guided prediction is unconditional."""
        inferred = self.noise.uses_prompt() and not self.edits  # an edit infers the noise from its source
        return scale != 0 or self.guided_by == "none" or inferred

    def source_prior(self, prior: Prior) -> Prior:
        """The prior for the source, with its guidance; by default the same as for the target."""
        return prior

    @abc.abstractmethod
    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """The difference of predictions, with one call of the prior (see `predict`) for all of them."""

    def at_progress(self, progress: float) -> "Method":
        """The method when the share `progress` in [0, 1] of a run is done: itself, unless it has stages."""
        return self

    def noise_time(self, schedule: Schedule, t: Times) -> Times:
        """The times for which the noise is drawn: t, unless the residual starts at another noise level."""
        return t

    def init(self, prior: Prior, rng: Generator) -> Memory:
        """The memory before the first step."""
        return Memory()

    def next(self, moment: Moment, prior: Prior, memory: Memory) -> tuple[Estimate, Memory]:
        """Draw t and the noise of a step, and estimate the gradient; the memory is for the step after it.

        Args:
            moment: the step and its render.
            prior: the denoiser, with its guidance and, if the method has one, its model of the renders.
            memory: the one that the previous step returned, or that of `init`.

        Raises:
            InputError: an editing method without a source; times or noise of a number that does not fit the samples.
        """
        x0, target, rng, trained = moment.x0, moment.target, moment.rng, 0
        if memory.render_model:
            trained = memory.render_model.train_step(x0, target, rng)
        now = self.at_progress(moment.progress)
        origin = now.origin(x0, target, moment.source)
        draw, memory = self.noise.recall(moment, self.times, self.source_prior(prior), memory)
        if draw is None:
            t = self.times(prior.schedule, len(x0), moment.index, moment.steps, rng)
            draw = Draw(t, now.draw_noise(prior, t, origin, rng, memory.previous), origin)
        _check_draw(x0, draw.t, draw.noise)
        gradient, hat = now.estimate(x0, prior, draw.t, draw.noise, target, draw.source or origin)
        memory = Memory(PreviousStep(draw.t, draw.noise, hat.eps), memory.bank, memory.render_model)
        return Estimate(gradient, draw.t, draw.noise, hat, trained * len(x0)), memory

    def origin(self, x0: Latent, target: Condition, source: Source | None) -> Source:
        """The data for which the noise is drawn: the source of an edit, else the render itself.

        Raises:
            InputError: an editing method without a source.
        """
        if not self.edits:
            return Source(x0, target)
        if source is None:
            raise InputError(f"{type(self).__name__} edits, so it needs a source: pass Source(x0, condition)")
        return source

    def draw_noise(
        self, prior: Prior, t: Times, origin: Source, rng: Generator, past: PreviousStep | None = None
    ) -> Latent:
        """The noise of x_t from the method's noise source, [b, ...]."""
        return self.noise(origin.x0, prior, self.noise_time(prior.schedule, t), origin.condition, rng, past)

    def estimate(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, origin: Source
    ) -> Residual:
        """w(t) · residual, [b, ...], and the prediction on the target.

        Raises:
            InputError: the residual has another shape than x0, or the weight is not one number for each sample.
        """
        weight = self.weight(prior.schedule, t)  # before the network, while the table is in the cache
        if weight.shape not in ((1,), x0.shape[:1]):
            name, rule = type(self.weight).__name__, f"one number for each sample, ({len(x0)},), or one for all, (1,)"
            raise InputError(f"{name} gives a weight of shape {tuple(weight.shape)}: it must be {rule}")
        found = self.residual(x0, prior, t, noise, target, origin)
        _check_residual(type(self).__name__, found, x0)
        return Residual(per_sample(weight, x0) * found.value, found.prediction)

    def gradient(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source | None = None
    ) -> Latent:
        """d loss / d x_0 for each sample, [b, ...]: a pure function, the same answer for the same arguments.

        Args:
            x0: the render [b, ...].
            prior: the denoiser, with its guidance.
            t: one time for each sample, [b].
            noise: the noise of x_t [b, ...].
            target: the condition to move towards.
            source: the source of an edit; a generating method ignores it.

        Raises:
            InputError: an editing method without a source, times that are not one for each sample or one for all, or
                noise or a source of another shape than x0.
        """
        origin = self.origin(x0, target, source)
        _check_draw(x0, t, noise, origin.x0)
        return self.estimate(x0, prior, t, noise, target, origin).value


def _check_draw(x0: Tensor, t: Tensor, noise: Tensor, source: Tensor | None = None) -> None:
    """Raise unless there are times and noise for the samples, where other shapes would broadcast."""
    if t.shape not in ((1,), x0.shape[:1]):
        raise InputError(
            f"t of shape {tuple(t.shape)} must be one time for each sample, ({len(x0)},), or one for all, (1,)"
        )
    for name, value in (("noise", noise), ("source", source)):
        if value is not None and value.shape != x0.shape:
            raise InputError(f"{name} of shape {tuple(value.shape)} must have the shape of x0, {tuple(x0.shape)}")


def _check_residual(name: str, found: object, x0: Tensor) -> None:
    """Raise unless it is a Residual whose value has the shape of x0, where another would broadcast."""
    if not isinstance(found, Residual):
        raise InputError(f"{name}.residual gives a {type(found).__name__}: return Residual(value, prediction)")
    if found.value.shape != x0.shape:
        shapes = f"shape {tuple(found.value.shape)} and not that of x0, {tuple(x0.shape)}"
        raise InputError(f"the residual of {name} has {shapes}: give each number of x0 its own")


@dataclass(frozen=True)
class SeparateSourceGuidance(Method, abc.ABC):
    """A method whose source may have a guidance scale of its own."""

    source_guidance: float | None = None
    """The guidance scale on the source, which needs a separate call; None shares the target's."""

    def __post_init__(self) -> None:
        """Check the scale."""
        super().__post_init__()
        if self.source_guidance is not None:
            check_scale(self.source_guidance, "source guidance")

    @property
    def calls(self) -> int:
        """Source and target share a call unless their guidance differs."""
        return 1 if self.source_guidance is None else 2

    def uses_negative(self, scale: float) -> bool:
        """At a scale other than 1, on the target or the source."""
        return super().uses_negative(scale) or self.source_guidance not in (None, 1)

    def rule_scales(self, scale: float) -> set[float]:
        """With the source's, but for 0 and 1, which are one branch alone."""
        own = self.source_guidance
        return super().rule_scales(scale) | ({own} if own is not None and own not in (0, 1) else set())

    def source_prior(self, prior: Prior) -> Prior:
        """The prior at `source_guidance`, if set."""
        return prior if self.source_guidance is None else with_scale(prior, self.source_guidance)


def predict_pair(
    x0: Latent,
    prior: Prior,
    t: Times,
    noise: Latent,
    target: Condition,
    source: Source,
    source_prior: Prior | None = None,
    shift: Latent | None = None,
) -> tuple[Prediction, Prediction]:
    """The predictions on the target and on the source at the same time and noise; `shift` is added to the target's.

    Both in one call, unless a bank holds the source's, or the source has a prior of its own.
    """
    alpha, sigma = (per_sample(c, x0) for c in prior.schedule(t))  # one look-up for both
    moved = Query(alpha * x0 + sigma * (noise if shift is None else noise + shift), t, target)
    if source.hat is not None:
        return predict(prior, moved)[0], source.hat
    still = Query(alpha * source.x0 + sigma * noise, t, source.condition)
    if source_prior is not None and source_prior is not prior:
        return predict(prior, moved)[0], predict(source_prior, still)[0]
    hat, hat_source = predict(prior, moved, still)
    return hat, hat_source
