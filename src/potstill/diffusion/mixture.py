"""The exact score of a labelled mixture of Gaussians, and of its projections under a camera."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from potstill.diffusion.prior import Condition, Prediction, Prior
from potstill.diffusion.schedule import Schedule, linear
from potstill.errors import InputError
from potstill.fields import check_count, check_number, shown
from potstill.tensors import Factor, Latent, Times, per_sample

_BLOCK = 1 << 17
"""The most logits at once: they stay in the cache of a processor, and memory does not grow with points and centres."""


@dataclass(frozen=True, eq=False)
class Mixture(Prior):
    """Equal weights, centres m_k of any dimension, one width s: p(x_0 | y) = mean over k in y of N(m_k, s² I).

    The marginal at t is the mixture with centres alpha_t m_k and variance v = alpha_t² s² + sigma_t², so

        x̂_0(x_t) = sum_k r_k m_k + (alpha_t s² / v) (x_t - alpha_t sum_k r_k m_k),
        r_k = softmax_k((alpha_t x_t · m_k - alpha_t² |m_k|² / 2) / v)  over the k of the label,

    and eps_hat = (x_t - alpha_t x̂_0) / sigma_t. Nothing is approximate. Label -1 is unconditional.

    A condition may hold a `camera` [b, d, D], which projects points from D to d dimensions before they are denoised.
    A camera with orthonormal rows projects N(m, s² I) to N(camera m, s² I), so this score is exact as well.

    Args:
        centres: the m_k, [k, D].
        labels: the class of each centre, [k], whole numbers from 0 up; all zeros by default.
        width: the standard deviation s > 0.
        schedule: the noise schedule.

    Raises:
        InputError: there is no centre, one is not finite, a label is not a class, or the width is not positive.
    """

    centres: Float[Tensor, "k D"]
    labels: Int[Tensor, " k"] = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    width: float = 0.06
    schedule: Schedule = field(default_factory=linear)
    _centres_of: dict[tuple[int, torch.device, torch.dtype], tuple[Tensor, Tensor]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        """Check the mixture, and fill in label 0."""
        if not all(isinstance(value, Tensor) for value in (self.centres, self.labels)):
            raise InputError("centres and labels of a mixture must be tensors: use torch.tensor(...)")
        if not self.centres.is_floating_point():
            raise InputError(f"centres of a mixture are {self.centres.dtype}: use centres.float()")
        if not len(self.labels):
            object.__setattr__(self, "labels", torch.zeros(len(self.centres), dtype=torch.long))
        if not (self.centres.ndim == 2 and len(self.centres) and self.centres.isfinite().all()):
            raise InputError("a mixture needs at least one centre, as rows [k, D], and all of them finite")
        labels = self.labels
        if labels.shape != self.centres.shape[:1] or labels.is_floating_point() or (labels < 0).any():
            raise InputError(
                f"labels {labels.tolist()[:5]} of shape {tuple(labels.shape)} must be whole numbers from 0 up, one for "
                f"each of the {len(self.centres)} centres; -1 is unconditional"
            )
        check_number("width", self.width, 1e-12, 1e6, usual="0.06")
        if not isinstance(self.schedule, Schedule):
            raise InputError(f"schedule = {shown(self.schedule)} must be a Schedule such as linear() or Flow()")

    @property
    def unconditional(self) -> Condition:
        """Label -1."""
        return {"label": torch.tensor([-1])}

    def condition(self, label: int) -> Condition:
        """The condition for one class.

        Raises:
            InputError: no centre has the label.
        """
        self.of(label)
        return {"label": torch.tensor([label])}

    def check(self, x0: Latent, condition: Condition) -> None:
        """Raise unless x0 are points [b, d], as many numbers each as a centre, or as its camera sees of it.

        Raises:
            InputError: they are not.
        """
        size = condition["camera"].shape[-2] if "camera" in condition else self.centres.shape[1]
        if x0.ndim != 2 or x0.shape[1] != size:
            raise InputError(f"a render of shape {tuple(x0.shape)} must hold points [b, {size}] for this mixture")

    def __call__(self, x_t: Latent, t: Times, condition: Condition) -> Prediction:
        """The exact x̂_0 and eps_hat, [b, d]."""
        alpha, sigma = (per_sample(c, x_t) for c in self.schedule(t))
        variance = (alpha * self.width) ** 2 + sigma**2
        # The logits as (alpha² / v) (x_t · m / alpha - |m|² / 2): one pass over [b, k]; alpha may be 0 in a flow.
        alpha_safe = alpha.clamp(min=1e-12)
        scaled, factor = x_t / alpha_safe, alpha_safe**2 / variance
        means = []
        for rows, centres, offset in self._runs(condition, x_t):
            logits = _affine(scaled[rows], centres, offset)
            means.append(_average(logits.mul_(factor[rows]).softmax(-1), centres))
        return denoised(torch.cat(means), x_t, alpha, sigma, self.width)

    def log_prob(self, x: Latent, condition: Condition) -> Float[Tensor, " b"]:
        """log p(x_0 = x | condition), [b]."""
        norm = x.shape[-1] / 2 * math.log(2 * math.pi * self.width**2)
        parts = []
        for rows, centres, _ in self._runs(condition, x):
            distance = (x[rows, None] - centres).square().sum(-1)
            log_mean = torch.logsumexp(-distance / (2 * self.width**2), -1) - math.log(centres.shape[-2])
            parts.append(log_mean - norm)
        return torch.cat(parts)

    def sample(self, count: int, label: int, rng: Generator) -> Float[Tensor, "n D"]:
        """Draw points of one class, [n, D]; label -1 draws from all.

        Raises:
            InputError: the count is not from 0 to 10 million, or no centre has the label.
        """
        check_count("count", count, 10_000_000, least=0)
        centres = self.of(label)
        chosen = centres[torch.randint(len(centres), (count,), generator=rng).to(centres.device)]
        return chosen + self.width * torch.randn(chosen.shape, generator=rng, dtype=chosen.dtype).to(chosen)

    def of(self, label: int) -> Float[Tensor, "n D"]:
        """The centres of one class; of all for label -1.

        Raises:
            InputError: no centre has the label.
        """
        chosen = self.centres if label == -1 else self.centres[self.labels == label]
        if not len(chosen):
            raise InputError(f"label {label} is not among {self.labels.unique().tolist()}, nor -1 for all of them")
        return chosen

    def _runs(self, condition: Condition, x: Latent) -> Iterator[tuple[slice, Tensor, Tensor]]:
        """Runs of rows with the same label, each with the label's centres m as the camera sees them and -|m|² / 2.

        Centres are [k, d], or [rows, k, d] with cameras. A batch has one run for each query, so slices are
        enough, and cheaper than masks. Runs with more than `_BLOCK` logits are cut.
        """
        labels, counts = condition["label"].expand(len(x)).unique_consecutive(return_counts=True)
        start = 0
        for label, count in zip(labels.tolist(), counts.tolist(), strict=True):
            all_centres, offset = self._cached(label, x)
            stop, size = start + count, max(_BLOCK // len(all_centres), 1)
            for begin in range(start, stop, size):
                rows = slice(begin, min(begin + size, stop))
                if "camera" in condition:
                    cameras = condition["camera"].to(x).expand(len(x), -1, -1)[rows]
                    centres = all_centres @ cameras.mT
                    yield rows, centres, centres.square().sum(-1) / -2
                else:
                    yield rows, all_centres, offset
            start = stop

    def _cached(self, label: int, x: Latent) -> tuple[Tensor, Tensor]:
        """The centres m of a label in the dtype and on the device of x, and -|m|² / 2."""
        key = label, x.device, x.dtype
        if key not in self._centres_of:
            # A product of [b, k] with a matrix of few columns is several times faster if each column is contiguous.
            centres = self.of(label).to(x).mT.contiguous().mT
            self._centres_of[key] = centres, centres.square().sum(-1) / -2
        return self._centres_of[key]


def denoised(mean: Latent, x_t: Latent, alpha: Factor, sigma: Factor, width: float) -> Prediction:
    """The prediction from the posterior mean of the centres, sum_k r_k m_k, which are all of one width s.

    x̂_0 = mean + (alpha s² / v) (x_t - alpha mean), v = alpha² s² + sigma².
    """
    variance = (alpha * width) ** 2 + sigma**2
    x0 = mean + (alpha * width**2 / variance) * (x_t - alpha * mean)
    return Prediction.from_x0(x0, x_t, alpha, sigma)


def _affine(
    x: Float[Tensor, "b d"], centres: Float[Tensor, "*b k d"], offset: Float[Tensor, "*b k"]
) -> Float[Tensor, "b k"]:
    """x · m_k + offset_k for all k, [b, k]."""
    if centres.ndim == 2:
        return torch.addmm(offset, x, centres.mT)
    return torch.einsum("bd,bkd->bk", x, centres) + offset


def _average(r: Float[Tensor, "b k"], centres: Float[Tensor, "*b k d"]) -> Float[Tensor, "b d"]:
    """sum_k r_k m_k, [b, d]."""
    return r @ centres if centres.ndim == 2 else torch.einsum("bk,bkd->bd", r, centres)
