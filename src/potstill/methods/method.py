"""What a method is: a residual, plus a noise source, a weight w(t) and a rule that draws t."""

import abc
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from torch import Generator

from potstill.diffusion.guidance import with_scale
from potstill.diffusion.prior import Condition, Prediction, Prior, Query, predict
from potstill.errors import InputError
from potstill.methods.noise import NoiseSource, PreviousStep
from potstill.methods.render_model import LearnedPrior
from potstill.methods.times import TimestepSampler
from potstill.methods.weighting import Weight
from potstill.tensors import Latent, Times, per_sample


class Source(NamedTuple):
    """What an edit starts from: clean data and the condition that describes it."""

    x0: Latent
    condition: Condition
    hat: Prediction | None = None
    """What the prior predicts on it at the step's time and noise, where a bank has kept it."""


class Residual(NamedTuple):
    """What a method compares, as a difference, and the prediction on the target within it."""

    value: Latent
    prediction: Prediction


class OptimizerSettings(NamedTuple):
    """How a gradient is followed where nothing else is stated."""

    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, whose steps do not depend on the gradient's size, or plain descent."""
    learning_rate: float = 0.02
    """Of that optimiser."""
    steps: int = 200


@dataclass(frozen=True)
class Method(abc.ABC):
    """A score distillation method; its gradient with respect to x_0 is w(t) · residual.

    A method sees arrays and a prior: no device, prompt, camera, optimiser or file. A new one states its
    fields' defaults, what it is (the class variables) and its residual.
    """

    noise: NoiseSource
    """Where the noise of x_t comes from."""
    weight: Weight
    """The factor w(t) on the residual."""
    times: TimestepSampler
    """How t is drawn."""

    edits: ClassVar[bool] = False
    """Whether it compares with a source; its noise is then inferred from the source, too."""
    default_optimizer: ClassVar[OptimizerSettings] = OptimizerSettings()
    """How it is followed on pictures, where nothing else is stated."""
    presets: ClassVar[tuple[str, ...]] = ()
    """Class methods that build it with other documented settings, such as those of a released code."""
    equation: ClassVar[str]
    comparison: ClassVar[str]
    reference: ClassVar[str]
    bibtex: ClassVar[str]

    @property
    def calls(self) -> int:
        """Calls of a network that its gradient needs; what can share a call does."""
        return 1

    def source_prior(self, prior: Prior) -> Prior:
        """The prior as it is asked about the source, with its guidance: as about the target."""
        return prior

    @abc.abstractmethod
    def residual(
        self, x0: Latent, prior: Prior, t: Times, noise: Latent, target: Condition, source: Source
    ) -> Residual:
        """The difference of predictions, with one call of the prior (see `predict`) for all of them."""

    def at_progress(self, progress: float) -> "Method":
        """The method as it is when the share `progress` in [0, 1] of a run is done: itself, unless it has stages."""
        return self

    def learner(self, prior: Prior, rng: Generator) -> LearnedPrior | None:
        """A model of the renders for a run, if it compares with one; its gradient finds it as `prior.render_model`."""
        return None

    def estimate(
        self,
        x0: Latent,
        prior: Prior,
        t: Times,
        noise: Latent,
        target: Condition,
        source: Source | None = None,
    ) -> Residual:
        """w(t) · residual, [b, ...], and the prediction on the target (arguments as in `gradient`)."""
        value, prediction = self.residual(x0, prior, t, noise, target, self._source(x0, target, source))
        return Residual(per_sample(self.weight(prior.schedule, t), value) * value, prediction)

    def gradient(
        self,
        x0: Latent,
        prior: Prior,
        t: Times,
        noise: Latent,
        target: Condition,
        source: Source | None = None,
    ) -> Latent:
        """d loss / d x_0 for each sample, [b, ...]: a pure function, the same answer for the same arguments.

        Args:
            x0: the render [b, ...].
            prior: the denoiser, with its guidance.
            t: one time for each sample, [b].
            noise: the noise of x_t [b, ...].
            target: the condition to move towards.
            source: what an edit starts from; a generating method does not look at it.

        Raises:
            InputError: an editing method without a source.
        """
        return self.estimate(x0, prior, t, noise, target, source).value

    def draw_noise(
        self,
        x0: Latent,
        prior: Prior,
        t: Times,
        target: Condition,
        source: Source | None,
        rng: Generator,
        memory: PreviousStep | None = None,
    ) -> Latent:
        """The noise of x_t from the method's noise source, for the source of an edit or for the render."""
        origin = self._source(x0, target, source)
        return self.noise(origin.x0, prior, t, origin.condition, rng, memory)

    def _source(self, x0: Latent, target: Condition, source: Source | None) -> Source:
        if not self.edits:
            return Source(x0, target)
        if source is None:
            raise InputError(f"{type(self).__name__} edits, so it needs a source: pass Source(x0, condition)")
        return source


@dataclass(frozen=True)
class SeparateSourceGuidance(Method, abc.ABC):
    """A method whose source may have a guidance scale of its own."""

    source_guidance: float | None = None
    """The guidance scale on the source, which takes a call of its own; None shares the target's."""

    @property
    def calls(self) -> int:
        """Source and target share one, unless they are guided differently."""
        return 1 if self.source_guidance is None else 2

    def source_prior(self, prior: Prior) -> Prior:
        """At the source's own scale, if it has one."""
        return prior if self.source_guidance is None else with_scale(prior, self.source_guidance)


def predict_pair(
    prior: Prior, moved: Query, noise: Latent, source: Source, source_prior: Prior | None = None
) -> tuple[Prediction, Prediction]:
    """The prediction on a moved x_t and that on the source under the same time and noise.

    Both in one call, unless a bank has kept the source's, or another prior is asked about it.
    """
    if source.hat is not None:
        return predict(prior, moved)[0], source.hat
    still = Query(prior.schedule.perturb(source.x0, noise, moved.t), moved.t, source.condition)
    if source_prior is not None and source_prior is not prior:
        return predict(prior, moved)[0], predict(source_prior, still)[0]
    hat, hat_source = predict(prior, moved, still)
    return hat, hat_source
