"""A frozen denoiser: what it takes, what it predicts, and how several queries share one call."""

import abc
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import torch
from jaxtyping import Float, Shaped
from torch import Generator, Tensor

from potstill.diffusion.schedule import Schedule
from potstill.errors import InputError
from potstill.tensors import Factor, Latent, Times

Condition: TypeAlias = Mapping[str, Tensor]
"""Inputs of the denoiser beside x_t and t (labels, embeddings, a camera), batch first, with 1 or b rows."""


class Prediction(NamedTuple):
    """One network output, as clean data and as noise: x_t = alpha_t x0 + sigma_t eps.

    The constructors take x_t, an output of its shape, and the coefficients alpha, sigma shaped like it (`per_sample`).

    Raises:
        InputError: in the constructors, the output has another shape than x_t.
    """

    x0: Latent
    eps: Latent

    @classmethod
    def from_eps(cls, eps: Latent, x_t: Latent, alpha: Factor, sigma: Factor) -> "Prediction":
        """x0 = (x_t - sigma eps) / alpha."""
        return cls((x_t - sigma * eps) / alpha, _output(eps, x_t))

    @classmethod
    def from_x0(cls, x0: Latent, x_t: Latent, alpha: Factor, sigma: Factor) -> "Prediction":
        """eps = (x_t - alpha x0) / sigma."""
        return cls(x0, (x_t - alpha * _output(x0, x_t)) / sigma)

    @classmethod
    def from_v(cls, v: Latent, x_t: Latent, alpha: Factor, sigma: Factor) -> "Prediction":
        """v = alpha eps - sigma x0 (arXiv 2202.00512, appendix D), for any alpha and sigma."""
        v, norm = _output(v, x_t), alpha**2 + sigma**2
        return cls((alpha * x_t - sigma * v) / norm, (sigma * x_t + alpha * v) / norm)

    @classmethod
    def from_flow(cls, velocity: Latent, x_t: Latent, alpha: Factor, sigma: Factor) -> "Prediction":
        """velocity = eps - x0, the derivative of x_t on a rectified flow, for any alpha and sigma."""
        velocity, norm = _output(velocity, x_t), alpha + sigma
        return cls((x_t - sigma * velocity) / norm, (x_t + alpha * velocity) / norm)

    def v(self, alpha: Factor, sigma: Factor) -> Latent:
        """v = alpha eps - sigma x0."""
        return alpha * self.eps - sigma * self.x0

    @property
    def velocity(self) -> Latent:
        """eps - x0."""
        return self.eps - self.x0


class Query(NamedTuple):
    """The arguments of one prediction. t and every entry of the condition have one row for the whole batch, or b."""

    x_t: Latent
    t: Times
    condition: Condition


class Prior(abc.ABC):
    """A frozen denoiser: it predicts clean data and noise from x_t, t and a condition.

    A subclass defines `schedule`, `unconditional` and `__call__`; the rest has defaults. Use `predict` to call it.
    """

    schedule: Schedule
    """The noise schedule, x_t = alpha_t x_0 + sigma_t eps."""

    @abc.abstractmethod
    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """Predict x0 and eps, both [b, ...]. t is [b], and every entry of the condition has b rows."""

    @property
    @abc.abstractmethod
    def unconditional(self) -> Condition:
        """The empty condition, with one row. Without entries where the prior takes no condition at all."""

    @property
    def guidance_scale(self) -> float:
        """The guidance scale; 1 without guidance."""
        return 1.0

    @property
    def negative_condition(self) -> Condition:
        """The condition that guidance leads away from, with one row: the negative prompt, or else the empty one."""
        return self.unconditional

    @property
    def render_model(self) -> "Prior":
        """The model of the renders that a run adds to its prior (see `potstill.methods.render_model`).

        Raises:
            InputError: this prior has none.
        """
        raise InputError(
            "this prior has no model of the renders to compare with: `distill` adds one; without it, use "
            "potstill.methods.render_model.WithRenderModel(prior, model)"
        )

    @property
    def call_key(self) -> Hashable:
        """Priors with equal keys make the same predictions, so their queries may share a call."""
        return id(self)

    def trainable(self, rank: int, rng: Generator) -> "NetworkPrior":
        """A copy with trainable low-rank weights, which predicts the same until they are trained.

        Args:
            rank: of the added weights.
            rng: draws their initial values.

        Raises:
            InputError: there is no network to adapt.
        """
        raise InputError(f"{type(self).__name__} has no network to adapt: use render_model=Empirical()")

    def with_distilled_scale(self, scale: float) -> "Prior | None":
        """This prior with a guidance scale that its network takes as an input; None if it takes none at this scale."""
        return None

    def sampling_times(self, steps: int, x0: Latent) -> list[Times]:
        """Falling times of a sampler, from pure noise to clean data, each of shape [1]: `steps` equal steps by default.

        Args:
            steps: from 1 to 100,000.
            x0: data of the shape that is sampled, on which the steps of some models depend.

        Raises:
            InputError: the steps are out of range.
        """
        return self.schedule.inversion_grid(self.schedule.time(torch.ones(1)), steps)[::-1]

    def answer(self, queries: Sequence[Query]) -> Prediction:
        """The predictions of all queries from one call, with the rows of one query after those of another."""
        return call(self, concatenate(queries))

    def check(self, x0: Latent, condition: Condition) -> None:  # noqa: B027
        """Raise unless this is data that the prior can denoise; by default anything is.

        Raises:
            InputError: x0 has the wrong number of axes or channels.
        """


class NetworkPrior(Prior, abc.ABC):
    """A prior whose prediction is that of a network, so that it can be trained on a denoising loss."""

    @property
    @abc.abstractmethod
    def trainable_weights(self) -> Sequence[Tensor]:
        """The weights that require grad; none in a frozen prior."""

    @abc.abstractmethod
    def loss(self, x0: Latent, noise: Latent, t: Times, condition: Condition) -> Float[Tensor, ""]:
        """The denoising loss: mean |prediction - truth|² in what the network predicts (eps, x0, v or a flow)."""


def predict(prior: Prior, *queries: Query) -> list[Prediction]:
    """Predict for several queries with one call of the prior, in one batch.

    Raises:
        InputError: the conditions differ in their entries, or have neither one row nor one for each sample; a time is
            not one of the schedule; the prior cannot take x_t, or answers in another shape.
    """
    x0, eps = prior.answer(queries)
    if len(queries) == 1:
        return [Prediction(x0, eps)]
    sizes = [len(query.x_t) for query in queries]
    return [Prediction(*pair) for pair in zip(x0.split(sizes), eps.split(sizes), strict=True)]


def call(prior: Prior, query: Query) -> Prediction:
    """The answer of the prior, whose times and shape are right.

    Raises:
        InputError: as in `predict`.
    """
    x_t, t, condition = query
    if not t.min().item() > prior.schedule.t_clean:  # NaN, too; the schedule itself knows its last time
        raise InputError(
            f"t = {t.tolist()[:5]} must be above {prior.schedule.t_clean:g}, which is clean data: draw times with "
            "schedule.time(fraction)"
        )
    try:
        answer = prior(x_t, t, condition)
    except KeyError as error:
        if condition.keys() >= prior.unconditional.keys():
            raise
        raise InputError(f"the condition lacks {error}, which {_innermost(prior)} takes: add it") from error
    except RuntimeError as error:
        if not _MISFIT.search(str(error)):
            raise
        where = f"of shape {tuple(x_t.shape)} and {x_t.dtype} on {x_t.device}"
        raise InputError(
            f"{_innermost(prior)} cannot denoise x_t {where} ({str(error).splitlines()[0]}): give the scene's render "
            "the shape, dtype and device that the prior takes"
        ) from error
    if not isinstance(answer, Prediction):
        raise InputError(
            f"{_innermost(prior)} answered with a {type(answer).__name__}: return a Prediction, such as "
            "Prediction.from_eps(eps, x_t, alpha, sigma)"
        )
    if not answer.x0.shape == answer.eps.shape == x_t.shape:
        raise InputError(
            f"{_innermost(prior)} answered with x0 of shape {tuple(answer.x0.shape)} and eps of shape "
            f"{tuple(answer.eps.shape)} for x_t of shape {tuple(x_t.shape)}: all three must be the same"
        )
    return answer


_MISFIT = re.compile(
    r"same device|dtype|scalar type|(weight|bias) type|shape|sizes? of|channels|dimension|-D |matrix|input"
)
"""What torch says of inputs that do not fit."""


def concatenate(queries: Sequence[Query]) -> Query:
    """The queries as one, with a row for each sample everywhere.

    Raises:
        InputError: as in `predict`.
    """
    if not all(len(query.x_t) for query in queries) or not queries:
        raise InputError("there is nothing to predict: give at least one query, of at least one sample")
    names = dict.fromkeys(name for query in queries for name in query.condition)
    for query in queries:
        if missing := names.keys() - query.condition.keys():
            raise InputError(f"conditions of one call must have the same entries; one lacks {sorted(missing)}")
    sizes = [len(query.x_t) for query in queries]

    def join(name: str, values: Sequence[Tensor]) -> Tensor:
        try:
            return torch.cat([_rows(value, size) for value, size in zip(values, sizes, strict=True)])
        except RuntimeError as error:
            if not _MISFIT.search(str(error)):
                raise
            reason = str(error).splitlines()[0]
            raise InputError(
                f"the values of {name!r} in one call do not fit together ({reason}): make all for this prior"
            ) from error

    return Query(
        join("x_t", [query.x_t for query in queries]),
        join("time", [query.t for query in queries]),
        {name: join(name, [query.condition[name] for query in queries]) for name in names},
    )


def _rows(value: Shaped[Tensor, "rows ..."], size: int) -> Shaped[Tensor, "{size} ..."]:
    """Repeat a single row; refuse any other length than the batch's."""
    if not value.ndim:
        raise InputError(f"got {value.item():g} without a batch axis: give 1 row or {size}")
    if len(value) == size:
        return value
    if len(value) != 1:
        raise InputError(f"got {len(value)} rows for a batch of {size}: give 1 row or {size}")
    return value.expand(size, *value.shape[1:])


def _innermost(prior: Prior) -> str:
    """The class of the prior that wrappers stand around."""
    while isinstance(inner := getattr(prior, "prior", None), Prior):
        prior = inner
    return type(prior).__name__


def _output(output: Latent, x_t: Latent) -> Latent:
    """The output of a network, unless its shape is another one than that of x_t, so that it would broadcast."""
    if output.shape != x_t.shape:
        raise InputError(
            f"the network answered in shape {tuple(output.shape)} for x_t of shape {tuple(x_t.shape)}: both must be "
            "the same"
        )
    return output
